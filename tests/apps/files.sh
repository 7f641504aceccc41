#!/bin/sh
# Output of programs: in every locale, over and into existing files, with too little space, and with
# closed standard files. Run in the build directory.
set -u
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"
observed=./tests/apps/observed

blot() {
    cat
}

# skip NAME: prints that this machine cannot run the check.
skip() {
    settle
    number=$((number + 1))
    echo "ok $number - $1 # SKIP"
}

programs="primes integrate heat"
if limited ./apps/mandelbrot --ranks 1 --size 8x8 -o "$scratch/first.png" 2>/dev/null; then
    programs="$programs mandelbrot"
fi

# ---- numbers in another locale -------------------------------------------------------------------

if mkdir "$scratch/locales" && localedef -i de_DE -f UTF-8 "$scratch/locales/de_DE.UTF-8" 2>/dev/null
then
    for ranks in 1 2 4; do
        documents=$scratch/german
        LOCPATH=$scratch/locales LC_ALL=de_DE.UTF-8 RANKPOOL_HEARTBEAT=9.5 RANKPOOL_PROGRESS=0.05 \
            limited $observed --ranks $ranks write "$documents" \
            >"$scratch/stdout" 2>"$scratch/stderr"
        check "a German program on $ranks ranks" [ $? -eq 0 ]
        check "which writes its own numbers so" grep -q '^0,5$' "$scratch/stdout"
        check "documents that others can read" \
            $observed check "$documents.json" "$documents.trace.json" "$documents.svg" \
            "$documents.html"
        check "with decimal points" grep -q '"seconds": [0-9]*\.[0-9]' "$documents.json"
        check "and pictures" grep -q "<rect x='[0-9]*\.[0-9]" "$documents.svg"
        check "tables" grep -q '^load balance [0-9]*\.[0-9] %' "$scratch/stderr"
        check "progress" grep -q '^half: .* after ' "$scratch/stderr"
        check "and errors" grep -q 'item_seconds is -0\.5' "$scratch/stderr"
    done
    export LOCPATH="$scratch/locales" LC_ALL=de_DE.UTF-8
    check "numbers of options" limited ./apps/heat --ranks 1 --size 8 --until 0.001
    unset LOCPATH LC_ALL
else
    skip "a German program (no localedef, or no source of de_DE)"
fi
for seconds in 0,5 0x1 inf nan 1e999 ' 1' 1s; do
    export RANKPOOL_HEARTBEAT="$seconds"
    expect 2 "" "primes: RANKPOOL_HEARTBEAT=\"$seconds\": give seconds, 0 or more" \
        ./apps/primes --ranks 1 10
    settle
    unset RANKPOOL_HEARTBEAT
done

# ---- standard files that are closed, or full -----------------------------------------------------

short() {
    case $1 in
    primes) echo "./apps/primes --ranks $2 1e4" ;;
    integrate) echo "./apps/integrate --ranks $2 --samples 1e3" ;;
    heat) echo "./apps/heat --ranks $2 --size 8 --steps 2" ;;
    rankpool-doctor) echo "./apps/rankpool-doctor --ranks $2" ;;
    esac
}

trouble="cannot write to standard output"
for program in primes integrate heat rankpool-doctor; do
    for ranks in 1 2 4; do
        command=$(short $program $ranks)
        expect 1 "" "$program: $trouble: Bad file descriptor" sh -c "$command >&-"
        [ ! -c /dev/full ] ||
            expect 1 "" "$program: $trouble: No space left on device" sh -c "$command >/dev/full"
    done
    for option in --help --version; do
        expect 1 "" "$program: $trouble: Bad file descriptor" sh -c "./apps/$program $option >&-"
    done
    settle
    command=$(short $program 2)
    [ $program = rankpool-doctor ] || for closed in '2>&-' '<&-' '<&- 2>&-'; do
        # shellcheck disable=SC2086 # a program and its options
        expect 0 "$(limited $command)" "" sh -c "$command $closed"
    done
done
expect 1 "" "primes: $trouble: Bad file descriptor" sh -c "./apps/primes --ranks 2 1e4 -p >&-"
for ranks in 2 4; do
    expect 0 "a line" "" $observed --ranks $ranks print
    expect 1 "" "observed: $trouble: Bad file descriptor" sh -c "$observed --ranks $ranks print >&-"
done

# Output files are still written if nothing can be printed.
limited ./apps/heat --ranks 2 --size 8 -o "$scratch/plate.npy" >&- 2>/dev/null
check "a closed standard output loses no file" [ -s "$scratch/plate.npy" ]

# ---- existing files ------------------------------------------------------------------------------

# output PROGRAM FILE: a small run that writes into the file.
output() {
    case $1 in
    primes) limited ./apps/primes --ranks 2 1e5 -o "$2" ;;
    integrate) limited ./apps/integrate --ranks 2 --samples 1e3 --timeline "$2" ;;
    heat) limited ./apps/heat --ranks 2 --size 20 --steps 5 -o "$2" ;;
    mandelbrot) limited ./apps/mandelbrot --ranks 2 --size 60x40 -o "$2" ;;
    esac
}

suffix_of() {
    case $1 in
    primes) echo txt ;;
    integrate) echo svg ;;
    heat) echo npy ;;
    mandelbrot) echo png ;;
    esac
}

# same PROGRAM FILE FILE: ignores times, which differ between runs.
same() {
    case $1 in
    integrate) $observed check "$2" "$3" ;;
    *) cmp "$2" "$3" ;;
    esac
}

for program in $programs; do
    leaf=out.$(suffix_of "$program") where=$scratch/onto.$program
    mkdir "$where" "$where/link"
    output "$program" "$where/fresh.$leaf" >/dev/null 2>&1
    echo old >"$where/$leaf"
    chmod 600 "$where/$leaf"
    ln -s "../$leaf" "$where/link/$leaf"
    output "$program" "$where/link/$leaf" >/dev/null 2>"$scratch/stderr"
    check "$program writes through a link" same "$program" "$where/fresh.$leaf" "$where/$leaf"
    check "$program: the link stays" [ -L "$where/link/$leaf" ]
    check "$program: the mode stays" [ "$(stat -c %a "$where/$leaf")" = 600 ]
    check "$program leaves nothing else" [ "$(find "$where" -type f | wc -l)" -eq 2 ]
    # A path that no result can be written to: detected before any work.
    for path in "$where/no/$leaf" "$where/$leaf/$leaf"; do
        output "$program" "$path" >"$scratch/stdout" 2>"$scratch/stderr"
        check "$program refuses '$path'" [ $? -eq 1 ]
        check "$program says why in one line" grep -q "^$program: cannot write '$path': N" \
            "$scratch/stderr"
        check "$program does nothing else" \
            [ "$(cat "$scratch/stdout" "$scratch/stderr" | wc -l)" -eq 1 ]
    done
    rm -rf "$where"
done

# Pipes, and files opened by the shell: programs that write one after the other append.
for program in $programs; do
    [ "$program" != primes ] || continue
    leaf=out.$(suffix_of "$program") where=$scratch/into.$program
    mkdir "$where"
    output "$program" "$where/fresh.$leaf" >/dev/null 2>&1
    mkfifo "$where/pipe.$leaf"
    cat "$where/pipe.$leaf" >"$where/$leaf" &
    output "$program" "$where/pipe.$leaf" >/dev/null 2>"$scratch/stderr"
    check "$program writes into a pipe" [ $? -eq 0 ]
    wait
    check "$program: all of it" same "$program" "$where/fresh.$leaf" "$where/$leaf"
    rm -rf "$where"
done
if [ -e "$scratch/first.png" ]; then
    echo before >"$scratch/both"
    limited ./apps/mandelbrot --ranks 2 --size 8x8 -o /dev/stdout >>"$scratch/both"
    check "what stands in standard output stays" \
        sh -c "head -n 1 '$scratch/both' | grep -q before &&
            tail -n +2 '$scratch/both' | cmp - '$scratch/first.png'"
fi
[ ! -c /dev/full ] || expect 1 "" "primes: cannot write '/dev/full': No space left on device" \
    ./apps/primes --ranks 2 1e4 -o /dev/full
expect 0 "" "" ./apps/primes --ranks 2 1e4 -o /dev/null

# Mounts in a mount namespace, invisible to other processes.
if unshare -m true 2>/dev/null; then
    cat >"$scratch/mounts" <<'END'
cd "$1" || exit
output=$2 program=$3 leaf=$4
touch "real.$leaf" "$leaf"
mount --bind "real.$leaf" "$leaf" || exit
"$output" "$program" "$1/$leaf" || exit
mkdir small fixed
echo old >"fixed/$leaf"
mount -t tmpfs -o size=4k none small && echo 4k >"small/$leaf" || exit
mount --bind fixed fixed && mount -o remount,ro,bind fixed || exit
"$output" "$program" "$1/fixed/$leaf" && exit 1
echo fixed >&2
"$output" "$program" "$1/small/$leaf" && exit 1
cat "small/$leaf"
ls -A small >&2
END
    for program in $programs; do
        leaf=out.$(suffix_of "$program") where=$scratch/mounts.$program build=$PWD
        mkdir "$where"
        output "$program" "$where/fresh.$leaf" >/dev/null 2>&1
        cat >"$where/output" <<END
#!/bin/sh
cd "$build" || exit
case \$1 in
primes) exec timeout -k 5 600 ./apps/primes --ranks 2 1e5 -o "\$2" ;;
integrate) exec timeout -k 5 600 ./apps/integrate --ranks 2 --samples 1e3 --timeline "\$2" ;;
heat) exec timeout -k 5 600 ./apps/heat --ranks 2 --size 40 --steps 5 -o "\$2" ;;
mandelbrot) exec timeout -k 5 600 ./apps/mandelbrot --ranks 2 --size 600x40 -o "\$2" ;;
esac
END
        chmod +x "$where/output"
        "$where/output" "$program" "$where/fresh.$leaf" >/dev/null 2>&1
        unshare -m sh "$scratch/mounts" "$where" "$where/output" "$program" "$leaf" \
            >"$scratch/stdout" 2>"$scratch/stderr"
        check "$program on mounts" [ $? -eq 0 ]
        check "$program writes into a mounted file" \
            same "$program" "$where/fresh.$leaf" "$where/real.$leaf"
        check "$program: a file system that is read only" \
            grep -q "^$program: cannot write '$where/fixed/$leaf': Read-only" "$scratch/stderr"
        check "$program: one that is full" \
            grep -q "^$program: cannot write '$where/small/$leaf': No space" "$scratch/stderr"
        check "$program: what was there stays" grep -q '^4k$' "$scratch/stdout"
        check "$program leaves no temporary file" \
            [ "$(sed '1,/^fixed$/d' "$scratch/stderr" | tail -n +2)" = "$leaf" ]
        rm -rf "$where"
    done
else
    skip "files that are mounted (no mount namespaces)"
fi

# A file size limit is an error like a full disk.
for ranks in 1 2 4; do
    for file in big.npy big.txt big.bin; do
        expect 1 "" "primes: cannot write '$scratch/$file': File too large" \
            sh -c "ulimit -f 16384; exec ./apps/primes --ranks $ranks 5e7 -o '$scratch/$file'"
    done
    sh -c "ulimit -f 16384; exec timeout -k 5 600 ./apps/primes --ranks $ranks 5e7 -p" \
        >"$scratch/big" 2>"$scratch/stderr"
    check "a standard output that becomes too large, $ranks ranks" [ $? -eq 1 ]
    check "is told in one line" \
        [ "$(cat "$scratch/stderr")" = "primes: $trouble: File too large" ]
done
expect 1 "" "heat: cannot write '$scratch/big.npy': File too large" \
    sh -c "ulimit -f 16384; exec ./apps/heat --ranks 2 --size 1500 --steps 1 -o '$scratch/big.npy' \
        >/dev/null"
settle
check "no temporary file is left" sh -c "! ls '$scratch'/big.*"

finish
