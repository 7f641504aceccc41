#!/bin/sh
# rp_sort() compared with the stable sort of GNU's parallel mode (libstdc++, OpenMP), if there is a
# C++ compiler that has it.
#
# usage: bench/sort.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of sort.sh 2 "$@")
: "${MPIRUN:?is set by make bench}"
keys=100000000

if ! c++ -O2 -std=c++17 -fopenmp "$here/sort.cc" -o "$scratch/sort" 2>/dev/null; then
    echo "GNU's parallel mode is left out, for no C++ compiler has it (Debian: g++)"
    exit 0
fi
# Pairs of figures in nanoseconds a key.
for _ in $(seq "$rounds"); do
    "$here/../tests/support/launch_ranks" "$cores" bench/sort 1 "$keys" |
        sed -n 's/^sort  *\([0-9.]*\) .* ns per item$/\1/p'
    timeout -k 5 200 "$scratch/sort" "$keys" "$cores"
done | paste - - | ratio "sort: 10^8 keys, rp_sort / GNU parallel mode" 1
