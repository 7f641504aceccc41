#!/bin/sh
# Measures by launching a program of measure.h again and again, as sample.h tells, and prints its
# merged rows in the last pass. Each launch measures for a twentieth of the time, or for a round of each part, if that
# takes longer; if it takes at most a sixth of the time with its start and end, there are the six
# values that an interval needs.
#
# usage: bench/launches.sh COMMAND...      from the build folder
#
# RANKPOOL_BENCH_SECONDS: for how long, with starts and ends (10); 0: one launch of one round.
set -eu
limit=${RANKPOOL_BENCH_SECONDS:-10}
# shellcheck source=bench/scratch.sh
. "$(dirname "$0")/scratch.sh"
each=$(echo "$limit" | awk '{ print $1 / 20 }')
while
    sure=0
    bench/row "$scratch/launches" "$limit" 0 || sure=$?
    [ "$sure" -eq 1 ]
do
    RANKPOOL_BENCH_ROWS=$scratch/launches RANKPOOL_BENCH_SECONDS=$each "$@" >/dev/null
done
exit "$sure"
