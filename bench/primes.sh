#!/bin/sh
# The program primes beside the program primesieve on the same cores, in pairs: seconds as both measure
# them themselves, so start-up is left out; then 16 ranks beside one rank per core.
#
# usage: bench/primes.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of primes.sh 5 "$@")
launch=$here/../tests/launch_ranks
cores=$(nproc)
: "${MPIRUN:?is set by make bench}"
RANKPOOL_TEST_SECONDS=${RANKPOOL_TEST_SECONDS:-600}
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
