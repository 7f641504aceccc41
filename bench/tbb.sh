#!/bin/sh
# The additions of bench/claims compared with oneTBB, if it is installed.
#
# usage: bench/tbb.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=1
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"

if ! pkg-config --exists tbb 2>/dev/null || ! command -v c++ >/dev/null; then
    echo "oneTBB is left out, for it is not installed (Debian: libtbb-dev)"
    exit 0
fi
# shellcheck disable=SC2046 # lists of flags
compiled tbb c++ -O2 -std=c++17 "$here/tbb.cc" $(pkg-config --cflags --libs tbb)

# Medians of as many rounds of both, in turns.
tbb_round() {
    figures_of 1 "$here/../tests/support/launch_ranks" "$cores" bench/claims || return 1
    for figure in "loop, dynamic,1" ${both:+"loop, default"}; do
        figure "$figure: an addition"
    done
    for partitioner in singly ${both:+static}; do
        timeout -k 5 60 "$scratch/tbb" "$partitioner" "$cores"
    done
}

singly="loop, dynamic,1, beside oneTBB simple_partitioner"
if [ "$cores" -gt 1 ]; then
    both=yes
    measured tbb_round "loop, default, beside oneTBB static_partitioner" 0.87 4 2 "$singly" 1.67 3 1
else
    both=
    echo "oneTBB's static_partitioner is left out, for on one core bench/claims measures single claims only"
    measured tbb_round "$singly" 1.67 2 1
fi
