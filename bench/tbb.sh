#!/bin/sh
# The additions of bench/claims compared with oneTBB, if it is installed.
#
# usage: bench/tbb.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"

if ! pkg-config --exists tbb 2>/dev/null || ! command -v c++ >/dev/null; then
    echo "oneTBB is left out, for it is not installed (Debian: libtbb-dev)"
    exit 0
fi
# shellcheck disable=SC2046 # lists of flags
c++ -O2 -std=c++17 "$here/tbb.cc" -o "$scratch/tbb" $(pkg-config --cflags --libs tbb)

loop_singly() {
    figure_of "loop, dynamic,1: an addition" "$here/../tests/support/launch_ranks" "$cores" bench/claims
}

loop_static() {
    figure_of "loop, default: an addition" "$here/../tests/support/launch_ranks" "$cores" bench/claims
}

tbb_singly() {
    timeout -k 5 60 "$scratch/tbb" singly "$cores"
}

tbb_static() {
    timeout -k 5 60 "$scratch/tbb" static "$cores"
}

if [ "$cores" -gt 1 ]; then
    compared "loop, default, beside oneTBB static_partitioner" 0.87 loop_static tbb_static
else
    echo "oneTBB's static_partitioner is left out, for on one core bench/claims measures single claims only"
fi
compared "loop, dynamic,1, beside oneTBB simple_partitioner" 1.67 loop_singly tbb_singly
