#!/bin/sh
# Speed-up over the cores of one machine: programs on 1, 2, 4 ... ranks up to the number of cores, and
# on 16 ranks where there are fewer cores, beside one rank. Seconds are those that they print, without
# start-up. `make bench-picture` draws them.
#
# usage: bench/speedup.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=3
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

# The powers of two below the number of cores, then that, and 16 if that is more.
numbers=$(seq 1 "$cores" | awk -v cores="$cores" '
    { power = power ? power : 1; if ($1 == power || $1 == cores) print $1; if ($1 == power) power *= 2 }
    END { if (cores < 16) print 16 }' | head -n 8)

# seconds_on RANKS PROGRAM...: what it prints in its last line on stderr, as "...: 1.234 s".
seconds_on() {
    ranks=$1
    shift
    RANKPOOL_PROGRESS=off "$launch" "$ranks" "$@" --time 2>&1 </dev/null | sed -n 's/^.*: \([0-9.]*\) s$/\1/p'
}

one_round() {
    for number in $numbers; do
        # shellcheck disable=SC2086 # a command
        seconds_on "$number" $program
    done
}

# speed_up NAME PROGRAM...
speed_up() {
    name=$1
    shift
    program=$*
    set --
    column=1
    for number in $numbers; do
        [ "$number" -eq 1 ] || set -- "$@" "speed-up of $name on $number ranks, beside one" 0 1 $column
        column=$((column + 1))
    done
    measured one_round "$@"
}

speed_up "primes 1e10" apps/primes 1e10
speed_up "queens 14" apps/search queens 14
if apps/search uts T1 --ranks 1 >/dev/null 2>&1 </dev/null; then
    speed_up "UTS tree T1" apps/search uts T1
else
    echo "UTS's tree is left out, for Nettle is not installed (Debian: nettle-dev)"
fi
