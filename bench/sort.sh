#!/bin/sh
# rp_sort() compared with the stable sort of GNU's parallel mode (libstdc++, OpenMP), if there is a
# C++ compiler that has it.
#
# usage: bench/sort.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=1
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"
keys=100000000

if ! compiled sort c++ -O2 -std=c++17 -fopenmp "$here/sort.cc" 2>/dev/null; then
    echo "GNU's parallel mode is left out, for no C++ compiler has it (Debian: g++)"
    exit 0
fi
ours() {
    figure_of "sort of 10^8 keys: a key" "$here/../tests/support/launch_ranks" "$cores" bench/sort
}

theirs() {
    timeout -k 5 200 "$scratch/sort" "$keys" "$cores"
}

compared "sort of 10^8 keys: rp_sort, beside GNU parallel mode" 1 ours theirs
