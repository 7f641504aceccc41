#!/bin/sh
# Shared by the tests of programs, which source it in the build directory. Sets `mpirun`, `quiet`
# and `scratch`, a directory removed at the end.
mpirun=${MPIRUN:-mpirun}
noise=$(dirname "$0")/../support/mpi_noise.sed

# Open MPI: allows root, and more ranks than cores, which then yield to each other.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
# The same for version 5, without its messages about the network of a single machine.
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe OMPI_MCA_reachable=weighted
unset RANKPOOL_RANKS RANKPOOL_SCHEDULE RANKPOOL_NODE_SIZE RANKPOOL_MEMORY_DIR RANKPOOL_MPIRUN
# On a slow machine a program would report its progress after a minute.
export RANKPOOL_PROGRESS=off
# A program that hangs prints what its ranks do, before `limited` ends it.
export RANKPOOL_WATCHDOG="${RANKPOOL_WATCHDOG:-120}"

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
number=0
failures=0
running=
cores=$(nproc 2>/dev/null || echo 1)

# -q: no page of mpirun's own when the program ends with a nonzero status. Open MPI 4 only: that of
# version 5 is removed by mpi_noise.sed.
quiet=
# shellcheck disable=SC2034 # used by the tests
case $("$mpirun" --version 2>&1) in
*"(Open MPI) 5."*) ;;
*"Open MPI"* | *OpenRTE*) quiet=-q ;;
esac

limited() {
    timeout -k 5 600 "$@" </dev/null
}

report() { # report ok|"not ok" NAME
    number=$((number + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $number - $2"
}

# Whether $scratch/stderr has no unexpected output.
is_silent() {
    [ -z "$(sed -f "$noise" "$scratch/stderr")" ]
}

# check NAME COMMAND...: waits for all pending `expect` commands; then the command must succeed.
check() {
    settle
    name=$1
    shift
    if "$@" >"$scratch/check" 2>&1; then
        report ok "$name"
    else
        report "not ok" "$name"
        sed 's/^/# /' "$scratch/check"
    fi
}

# Output that differs between runs is removed by the test's own function `blot`. expect STATUS
# STDOUT STDERR COMMAND...: the command must give all three. It runs in parallel with other `expect`
# commands, as many as there are cores, since starting ranks is mostly waiting.
expect() {
    number=$((number + 1))
    while [ "$(echo "$running" | wc -w)" -ge "$cores" ]; do
        settle_one
    done
    try "$scratch/expected.$number" "$@" >"$scratch/report.$number" &
    running="$running $!:$number"
}

# refused PROGRAM COMPLAINT ARGUMENT...: one line, status 2, nothing on stdout.
refused() {
    program=$1 complaint=$2
    shift 2
    expect 2 "" "${program##*/}: $complaint; try '${program##*/} --help'" "$program" "$@"
}

# try PLACE STATUS STDOUT STDERR COMMAND...: runs one, with its files in directory PLACE. Reports by
# number.
try() (
    place=$1 expected_status=$2
    mkdir "$place"
    printf '%s' "${3:+$3
}" >"$place/stdout.expected"
    printf '%s' "${4:+$4
}" >"$place/stderr.expected"
    : >"$place/diff"
    # Two mpiruns of Open MPI 4 that begin and end at the same moment could fail over their common directory.
    export OMPI_MCA_orte_tmpdir_base="$place"
    shift 4
    limited "$@" >"$place/stdout" 2>"$place/stderr.raw"
    status=$?
    sed -f "$noise" "$place/stderr.raw" | blot >"$place/stderr"
    if [ $status -eq "$expected_status" ] &&
        diff "$place/stdout.expected" "$place/stdout" >"$place/diff" &&
        diff "$place/stderr.expected" "$place/stderr" >>"$place/diff"; then
        echo "ok $number - $*"
        return
    fi
    echo "not ok $number - $*"
    echo "# status $status, expected $expected_status"
    [ $status -eq "$expected_status" ] || sed 's/^/# stderr: /' "$place/stderr.raw"
    sed 's/^/# /' "$place/diff"
    return 1
)

# settle_one: waits for the pending command that was started first, and reports it.
settle_one() {
    oldest=${running# }
    oldest=${oldest%% *}
    running=${running#*"$oldest"}
    wait "${oldest%:*}" || failures=$((failures + 1))
    cat "$scratch/report.${oldest#*:}"
    rm -r "$scratch/report.${oldest#*:}" "$scratch/expected.${oldest#*:}"
}

# settle: waits for all pending commands. Call it before looking at their files.
settle() {
    while [ -n "$running" ]; do
        settle_one
    done
}

# finish: the last line of a test.
finish() {
    settle
    echo "1..$number"
    [ $failures -eq 0 ]
}
