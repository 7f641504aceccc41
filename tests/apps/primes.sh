#!/bin/sh
# The program primes: every result and every error message, exactly, by itself and on several ranks.
# Run in the build directory; primes.sh ./apps/primes names another program.
set -u
primes=${1:-./apps/primes}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Times differ between runs, and versions between machines.
blot() {
    sed -e 's/ [0-9]*\.[0-9]* s/ N s/g' -e 's/ [0-9.]* % even/ N % even/' \
        -e 's/libprimesieve [0-9.]*/the builtin sieve/'
}

# counts COUNT ARGUMENT... : prints the count and nothing else.
counts() {
    expected=$1
    shift
    expect 0 "$expected" "" "$primes" --ranks 2 "$@"
}

refuses() { refused "$primes" "$@"; }

range="give a whole number from 0 to 2^64-1"
operands="give at most two numbers, START and STOP"

# Small and empty intervals, at both ends of the range.
counts 0 0
counts 0 1
counts 1 2
counts 2 3
counts 4 10
counts 0 1 0
counts 0 1000 10
counts 0 2^64-1 0
counts 1 2 2
counts 0 4 4
counts 1 97 97
counts 5761455 1e8
counts 5761455 10^8
counts 99 1e9 1e9+2000
counts 0 2^64-1 2^64-1
counts 0 18446744073709551615 18446744073709551615
counts 1 18446744073709551557 18446744073709551557
counts 3 2^64-100 2^64-1
counts 22475 2^64-1e6 2^64-1
counts 5761455 --kernel builtin 1e8
counts 0 --kernel builtin 10 1
counts 4 -- 10
counts 4 10 --kernel=builtin

# The summary on stderr.
shown="with the builtin sieve on 2 ranks of 1 node: N s"
even="ranks sieved N s on average, N s at most: N % even"
expect 0 4 "primes up to 10 $shown
$even" "$primes" --ranks 2 --time 10
expect 0 1 "primes from 8 up to 12 $shown
$even" "$primes" --ranks 2 8 --time 12
expect 0 0 "primes from 12 up to 8 $shown
$even" "$primes" --ranks=2 --time 12 8

# Errors.
refuses "-o: 'a.svg' is a name for another format: give one that ends in .npy or .bin or .txt or .csv" -o a.svg 10
refuses "'-5': it is negative; $range" -5
refuses "'-5': it is negative; $range" -- -5
refuses "'-5': it is negative; $range" 10 -5
refuses "'-1e3': it is negative; $range" -1e3 10
refuses "'-(2)': it is negative; $range" '-(2)'
refuses "'18446744073709551616': it is too large; $range" 18446744073709551616
refuses "'2^64': it is too large; $range" 0 2^64
refuses "'1e400': too large to compute at character 1" 1e400
refuses "'ten': 'ten' at character 1 should be a number" ten
refuses "'1e10x': 'x' at character 5 makes no sense there" 1e10x
refuses "'1e10;': ';' at character 5 makes no sense there" '1e10;'
refuses "'0.5': '0.5' is not a whole number" 0.5
refuses "'1/0': division by zero at character 2" 1/0
refuses "'': it ends where a number should follow" ''
refuses "'1?2': '?2' at character 2 makes no sense there" "1$(printf '\001')2"
refuses "'3' is one argument too many: $operands" 1 2 3
refuses "'3' is one argument too many: $operands" 1 -- 2 3 4
refuses "option '--fast' is not known" --fast
refuses "option '-x' is not known" -x 10
refuses "option '--time' takes no argument" --time=3
refuses "-c: '7' cannot be counted: give digits from 1 to 6" 100 -c7
refuses "--count: '2x' cannot be counted: give digits from 1 to 6" 100 --count=2x
refuses "-p: '12' cannot be printed: give one digit from 1 to 6" 100 -p12
refuses "--print: '0' cannot be printed: give one digit from 1 to 6" 100 --print=0
refuses "-p: one kind of tuplets at a time can be printed" 100 -p2 -p3
refuses "option '--dist' needs an argument" 10 --dist
refuses "option '-s' needs an argument" 10 -s
refuses "-s: 'no': 'no' at character 1 should be a number" 10 -s no
refuses "-d: '-1': it is negative; $range" 10 -d -1
refuses "give either STOP or --dist" 10 20 -d 5
refuses "START + DIST is too large; it ends with 2^64-1" 2^64-1 -d 1
refuses "give N: which prime to find" -n
refuses "give STOP: up to where to print" -p
refuses "a file is for primes to be printed, not for the nth" 10 -n -p -o x
refuses "option '--kernel' needs an argument" --kernel
refuses "option '--ranks' needs an argument" 10 --ranks
refuses "option '--rank' is not known; did you mean --ranks" --rank 2 10
if "$primes" --help | grep -q '^ *--kernel' && limited "$primes" --kernel primesieve 1 >/dev/null 2>&1
then
    refuses "--kernel: there is no kernel 'abacus': give primesieve or builtin" --kernel abacus 10
else
    refuses "--kernel: there is no kernel 'abacus' here: give builtin" --kernel abacus 10
    refuses "--kernel: there is no kernel 'primesieve' here: give builtin" --kernel primesieve 10
fi

# Help, and output that cannot be written.
help=$("$primes" --help)
expect 0 "$help" "" "$primes" --help
expect 0 "$help" "" "$primes" 10 --help --fast
expect 0 "$help" "" "$primes" -h
expect 0 "$("$primes" --version)" "" "$primes" 10 -v
expect 0 "$("$primes" --version)" "" "$primes" --version
case $("$primes" --version) in
"primes of Rankpool "[0-9]*) report ok "the version" ;;
*) report "not ok" "the version" ;;
esac
if [ -c /dev/full ]; then
    full="primes: cannot write to standard output: No space left on device"
    expect 1 "" "$full" sh -c "$primes --help >/dev/full"
    expect 1 "" "$full" sh -c "$primes --ranks 2 10 >/dev/full"
    expect 1 "" "$full" sh -c "$primes --ranks 2 10 -p >/dev/full"
fi

# On ranks started by a launcher: only the root prints, all exit alike.
for ranks in 1 2 3 7 16; do
    expect 0 5761455 "" "$mpirun" -np $ranks "$primes" 1e8
    expect 2 "" "primes: 'ten': 'ten' at character 1 should be a number; try 'primes --help'" \
        "$mpirun" $quiet -np $ranks "$primes" ten
done
expect 0 455052511 "primes up to 10000000000 with the builtin sieve on 16 ranks of 1 node: N s" \
    "$mpirun" -np 16 "$primes"
expect 0 "$help" "" "$mpirun" -np 3 "$primes" --help
expect 0 0 "" "$mpirun" -np 16 "$primes" 1
expect 0 0 "" "$mpirun" -np 3 "$primes" 2^64-1 2^64-1

# The result is the same for any schedule.
for schedule in adaptive static dynamic,3 guided factoring; do
    RANKPOOL_SCHEDULE=$schedule
    export RANKPOOL_SCHEDULE
    expect 0 5761455 "" "$mpirun" -np 4 "$primes" 1e8
done
unset RANKPOOL_SCHEDULE

# Compared with the program primesieve, if it is installed.
if command -v primesieve >/dev/null; then
    for interval in "1e15 1000000100000000" "18446744073609551615 18446744073709551615"; do
        # shellcheck disable=SC2086 # two words
        counts "$(primesieve -q $interval)" $interval
    done
fi

# Too little memory: libprimesieve needs a gigabyte there, and both ranks run out of it.
starved() (
    # shellcheck disable=SC3045 # not in POSIX, but in dash, bash and ksh
    ulimit -v 500000 2>/dev/null || exit 1
    limited "$mpirun" $quiet -np 2 "$primes" --kernel primesieve "$@"
)
if starved 1e5 >/dev/null 2>&1; then
    starved 1e19 1e19+1e11 >"$scratch/stdout" 2>"$scratch/stderr"
    if [ $? -eq 1 ] && [ ! -s "$scratch/stdout" ] &&
        [ "$(grep -c '^primes: no memory to sieve with$' "$scratch/stderr")" -eq 1 ]; then
        report ok "memory that does not suffice"
    else
        report "not ok" "memory that does not suffice"
        sed 's/^/# /' "$scratch/stderr"
    fi
fi

finish
