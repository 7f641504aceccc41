#!/bin/sh
# The additions of bench/claims compared with oneTBB, if it is installed.
#
# usage: bench/tbb.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of tbb.sh 5 "$@")
: "${MPIRUN:?is set by make bench}"

if ! pkg-config --exists tbb 2>/dev/null || ! command -v c++ >/dev/null; then
    echo "oneTBB is left out, for it is not installed (Debian: libtbb-dev)"
    exit 0
fi
# shellcheck disable=SC2046 # lists of flags
c++ -O2 -std=c++17 "$here/tbb.cc" -o "$scratch/tbb" $(pkg-config --cflags --libs tbb)

# Pairs of figures: that of one contestant of claims, and oneTBB's nanoseconds.
beside() {
    for _ in $(seq "$rounds"); do
        "$here/../tests/support/launch_ranks" "$cores" bench/claims 1 |
            sed -n "s/^$2 *\([0-9.]*\) .* ns per item$/\1/p"
        timeout -k 5 60 "$scratch/tbb" "$3" "$cores"
    done | paste - - | ratio "$1" "$4"
}

beside "loop, default / oneTBB static_partitioner" "loop, default" static 1.15
beside "loop, dynamic,1 / oneTBB simple_partitioner" "loop, dynamic,1" singly 0.60
