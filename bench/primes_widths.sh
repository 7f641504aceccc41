#!/bin/sh
# The program primes compared with the program primesieve, on every core, for intervals of several
# widths and heights. At least nine pairs of each; in all a quarter of an hour on two cores, so this
# runs on request only: make bench CONTESTS=primes_widths. Seconds are those that both print,
# without start-up.
#
# usage: bench/primes_widths.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=45
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
# shellcheck disable=SC2034 # used by ratio.sh
fewest=9

# Both print milliseconds: short runs are repeated.
pair_round() {
    for _ in $(seq "$runs"); do
        # shellcheck disable=SC2086 # START STOP
        primesieve $interval --threads="$cores" --count --time --no-status
    done | sed -n 's/^Seconds: *//p' | awk '{ sum += $1 } END { print sum }'
    for _ in $(seq "$runs"); do
        # shellcheck disable=SC2086 # START STOP
        timeout -k 5 300 ./apps/primes --ranks "$cores" --time $interval 2>&1 >/dev/null
    done | sed -n 's/^primes .*: \([0-9.]*\) s$/\1/p' | awk '{ sum += $1 } END { print sum }'
}

# cell RUNS WEIGHT INTERVAL: a row, of the time of RUNS runs together.
cell() {
    runs=$1 weight=$2 interval=$3
    measured pair_round "primes $interval, beside primesieve" 0.98 1 2
}

command -v primesieve >/dev/null || {
    echo "primes_widths is left out, for there is no primesieve to compare with (Debian: primesieve)"
    exit 0
}
cell 5 3 1e9
cell 1 3 1e10
cell 1 5 3e10
cell 5 4 "1e12 1e12+1e9"
cell 3 4 "1e15 1e15+1e9"
cell 1 3 "1e15 1e15+3e9"
cell 1 6 "1e15 1e15+1e10"
cell 1 5 "1e18 1e18+1e9"
cell 1 12 "1e18 1e18+1e10"
