#!/bin/sh
# The program primes beside the program primesieve on the same cores, in pairs: seconds as both measure
# them themselves, so start-up is left out; then 16 ranks beside one rank per core.
#
# usage: bench/primes.sh [ROUNDS]      from the build folder
set -eu
rounds=${1:-5}
case "$# $rounds" in
"0 5" | "1 "[1-9] | "1 "[1-9][0-9]) ;;
*)
    echo "usage: primes.sh [ROUNDS], a number from 1 to 99" >&2
    exit 2
    ;;
esac
launch=$(dirname "$0")/../tests/launch_ranks
cores=$(nproc)
: "${MPIRUN:?is set by make bench}"
RANKPOOL_TEST_SECONDS=600
export RANKPOOL_TEST_SECONDS

# "primes up to ...: 1.234 s" on stderr
seconds_of_primes() {
    ranks=$1
    shift
    "$launch" "$ranks" ./apps/primes --time "$@" 2>&1 >/dev/null |
        sed -n 's/^primes .*: \([0-9.]*\) s$/\1/p'
}

seconds_of_primesieve() {
    primesieve "$@" --count --time --no-status | sed -n 's/^Seconds: *//p'
}

# Median and spread of the ratios of two columns.
ratio() {
    awk '{ print $1 / $2 }' | sort -n | awk -v name="$1" -v goal="$2" '
        { value[NR] = $1 }
        END {
            median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
            printf "%-46s %7.3f  [%.3f ... %.3f]   goal: at most %.2f%s\n", name, median, value[1],
                   value[NR], goal, median <= goal ? "" : "   MISSED"
        }'
}

beside_primesieve() {
    name=$1 goal=$2
    shift 2
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of_primes "$cores" "$@") $(seconds_of_primesieve "$@")"
    done | ratio "$name" "$goal"
}

crowded_beside_not() {
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of_primes 16 "$@") $(seconds_of_primes "$cores" "$@")"
    done | ratio "primes 1e11: 16 ranks / $cores ranks" 1.10
}

command -v primesieve >/dev/null || {
    echo "bench/primes.sh: no primesieve to compare with (Debian: apt install primesieve)" >&2
    exit 1
}
beside_primesieve "primes 1e11 / primesieve" 1.03 1e11
beside_primesieve "primes 1e15 1e15+1e10 / primesieve" 1.10 1e15 1e15+1e10
crowded_beside_not 1e11
