#!/bin/bash
# Launches that fail: they end within seconds, with a nonzero status and one line that users understand.
# Usage: failures.sh, with the program failing in ./tests/launch.
set -u
failing=$PWD/tests/launch/failing
# shellcheck source=tests/support/checks disable=SC1091
. "$(dirname "$0")/../support/checks"
enter_scratch
forget_launchers

case $("${MPIRUN:-mpirun}" --version 2>/dev/null) in
*OpenRTE* | *"Open MPI"*) ;;
*)
    echo "failing looks for its rank where Open MPI tells it"
    exit 77
    ;;
esac

# fails STATUS OUTPUT ERRORS COMMAND...: the command must end with all three, the errors as a pattern, within a minute,
# since other tests may run.
fails() {
    local expected=$1 output=$2 errors=$3
    shift 3
    timeout -k 5 600 "$@" >out 2>err </dev/null
    status=$?
    sed -i -f "$noise" err
    sed -i '/ORTE_ERROR_LOG/d; /^\[[^ ]*:[0-9]*\] /d; /^\*\*\* /d' err # MPI's and mpirun's messages about it
    without_pages err
    [ $status = "$expected" ] || { echo "# status $status instead of $expected"; cat err; return 1; }
    [ "$(<out)" = "$output" ] || { echo "# printed: $(head -c 500 out)"; return 1; }
    # shellcheck disable=SC2053 # a pattern
    [[ "$(<err)" == ${errors:+failing: $errors} ]] || { echo "# complained: $(head -c 500 err)"; return 1; }
}
# fail STATUS ERRORS ARGUMENTS [RANKS [OUTPUT]]
# shellcheck disable=SC2086 # a list of words
fail() { fails "$1" "${5-}" "$2" "$failing" --ranks 2 $3 "${4-}"; }
others=": the others were ended"

# The other ranks detect it and end, with or without a result, or are ended.
leaves_pool() { # leaves_pool HOW RANK
    local line="failing: rank $2 ended without rp_close() (exit code 4)"
    timeout -k 5 600 "$failing" --ranks 2 open "$1" "$2" >out 2>err </dev/null
    status=$?
    sed -i -f "$noise" err
    case $status:$(<err) in
    "4:$line" | "4:$line$others") ;;
    *) cat err; return 1 ;;
    esac
}

survives=
fails 0 worked "rank 1 died by signal 9 (Killed); the others went on" \
    "$failing" --ranks 2 finalize KILL 1 >/dev/null && survives=yes

for who in 0 1; do
    for code in 0 4 _4; do
        status=$([ $code = 0 ] && echo 1 || echo 4)
        check "rank $who exits with $code before rp_launch()" fail "$status" \
            "rank $who ended before rp_launch() (exit code ${code#_})$others" "before $code $who"
        check "rank $who exits with $code before rp_open()" fail "$status" \
            "rank $who ended before rp_open() (exit code ${code#_})$others" "launched $code $who"
    done
    for where in before launched init open; do
        check "rank $who is killed: $where" fail 137 "rank $who was ended by signal 9 (Killed)" "$where KILL $who"
    done
    check "rank $who crashes before rp_launch()" fail 139 \
        "rank $who was ended by signal 11 (Segmentation fault)" "before SEGV $who"
    check "rank $who exits in MPI_Init" fail 4 \
        "rank $who ended in rp_open() (exit code 4)$others" "init 4 $who"
    check "rank $who exits with a pool" leaves_pool 4 $who
    check "rank $who exits with a pool by _exit()" leaves_pool _4 $who
done
for where in before launched init; do
    check "all ranks return 3: $where" fail 3 "" "$where 3 all"
done
check "all ranks return 0 before rp_launch()" fail 0 "" "before 0 all"
check "all ranks crash before rp_launch()" fail 139 \
    "rank [01] was ended by signal 11 (Segmentation fault)" "before SEGV all"
if [ -n "$survives" ]; then
    check "a rank is killed in MPI_Finalize" fail 0 \
        "rank 1 died by signal 9 (Killed); the others went on" "finalize KILL 1" "" worked
    check "a rank connects long before it registers" fail 0 "" "loaded LATE 1" "" worked
fi
check "rank 0 is killed in MPI_Finalize" fail 137 "rank 0 was ended by signal 9 (Killed)" "finalize KILL 0"
check "rank 1 is killed after rp_close()" fail 137 "rank 1 was ended by signal 9 (Killed)" "closed KILL 1" "" worked

# With any message of MPI and the C library.
crashes_in_malloc() {
    timeout -k 5 600 "$failing" --ranks 2 open HEAP 1 >out 2>err </dev/null
    status=$?
    [ $status = 134 ] || { echo "# status $status"; cat err; return 1; }
    grep -q '^failing: rank 1 was ended by signal 6 (Aborted)$' err
}
check "a rank crashes inside malloc()" crashes_in_malloc

# Each rank ends by itself, so which one is reported is random.
forgets() {
    timeout -k 5 600 "$failing" --ranks 2 forgets "$1" - 2>err </dev/null | cksum >out
    status=${PIPESTATUS[0]}
    [ "$status" = "$2" ] || { echo "# status $status instead of $2"; return 1; }
    [ "$(<out)" = "$(seq -f 'line %g' 0 19999 | cksum)" ] || { cat out err; return 1; }
    [ "$1" != 0 ] || grep -q -E '^failing: rank . ended without rp_close\(\) \(exit code 0\)$' err
}
for round in 1 2 3; do
    check "rp_close() is forgotten, $round" forgets 0 1
done
check "rp_close() is left out, with a code" forgets 7 7

# ---- nothing starts ------------------------------------------------------------------------------
# with_mpirun SCRIPT CODE ERROR: with a script in place of mpirun.
with_mpirun() {
    printf '#!/bin/sh\n%s\n' "$1" >starter && chmod +x starter
    RANKPOOL_MPIRUN=$work/starter fails "$2" "" "$3" ./failing --ranks 2 none 0 0
}
real=${MPIRUN:-mpirun}
no_program=1 no_files=1
! is_open_mpi_5 || no_program=183 no_files=186
vanishes() { cp "$failing" failing && with_mpirun "rm -f failing; exec $real \"\$@\"" "$@"; }
not_executable() { cp "$failing" failing && with_mpirun "chmod a-x failing; exec $real \"\$@\"" "$@"; }
cp "$failing" failing
check "mpirun starts nothing" with_mpirun "exit 0" 1 "no rank has started"
check "mpirun fails" with_mpirun "exit 7" 7 "no rank has started"
check "the program's file is gone" vanishes "$no_program" \
    "no rank has started: the program cannot be executed: No such file or directory"
[ "$(id -u)" = 0 ] && check "the program's file may not be executed" not_executable "$no_program" \
    "no rank has started: the program cannot be executed: Permission denied"
few_files() { (ulimit -n 40; fail "$no_files" "$1" "none 0 0 --ranks 6"); }
check "ulimit -n 40" few_files "no rank has started"
through_loader() {
    local loader
    for loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do
        [ ! -x "$loader" ] || { fails 0 worked "" "$loader" "$failing" --ranks 2 none 0 0; return; }
    done
}
check "through the dynamic loader" through_loader
long_arguments() {
    local arguments
    mapfile -t arguments < <(yes "$(printf 'y%.0s' {1..1000})" | head -n 1000)
    fails 1 "" "the arguments are too long for mpirun" "$failing" --ranks 2 none 0 0 "${arguments[@]}"
}
is_open_mpi_5 || check "a megabyte of arguments" long_arguments

# ---- the user's own files and processes ----------------------------------------------------------
reads() {
    timeout -k 5 600 "$failing" --ranks 2 reads 0 <(echo 42) >out 2>err </dev/null && [ "$(<out)" = 42 ]
}
reads_number() {
    timeout -k 5 600 "$failing" --ranks 2 reads 0 /dev/fd/3 3< <(echo 43) >out 2>err </dev/null &&
        [ "$(<out)" = 43 ]
}
check "<(command)" reads
check "a file of one's own number" reads_number
# A child that the process had before it became our supervisor is not ended, even when the job is.
keeps_child() {
    bash -c 'sleep 1000 & echo $! >child; exec "$@"' bash "$failing" --ranks 2 launched KILL 0 >out 2>err </dev/null
    kill "$(<child)"
}
check "the user's own child lives on" keeps_child

# Without /proc, the program does not know its own file.
if unshare --mount umount -l /proc 2>/dev/null; then
    check "no /proc" fails 1 "" "cannot start ranks: /proc/self/exe does not name the program; mount /proc, or start \
it with mpirun" unshare --mount sh -c 'umount -l /proc && exec "$@"' sh "$failing" --ranks 2 launched 0 all
fi

check "launches that fail end within seconds" mostly_within 10

[ $failures = 0 ] || echo "$failures failed"
[ $failures = 0 ]
