#!/bin/sh
# Trees of the UTS benchmark by rp_worklist(), compared with a serial loop, with OpenMP tasks, and with oneTBB, if it is
# installed: each with the same generator.
#
# usage: bench/worklist.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of worklist.sh 5 "$@")
: "${MPIRUN:?is set by make bench}"

if ! pkg-config --exists nettle 2>/dev/null; then
    echo "worklists are left out, for Nettle is not installed (Debian: nettle-dev)"
    exit 0
fi
# shellcheck disable=SC2046 # lists of flags
cc -O2 -D_GNU_SOURCE -I"$here/../apps" -c "$here/../apps/trees/uts.c" -o "$scratch/uts.o" $(pkg-config --cflags nettle)
# shellcheck disable=SC2046
cc -O2 -fopenmp -I"$here/../apps" "$here/worklist.c" "$scratch/uts.o" -o "$scratch/plain" \
    $(pkg-config --libs nettle) -lm
contestants="serial openmp"
if pkg-config --exists tbb 2>/dev/null && command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    c++ -O2 -std=c++17 -I"$here/../apps" "$here/worklist.cc" "$scratch/uts.o" -o "$scratch/tbb" \
        $(pkg-config --cflags --libs tbb nettle) -lm
    contestants="$contestants tbb"
else
    echo "oneTBB is left out, for it is not installed (Debian: libtbb-dev)"
fi

# seconds CONTESTANT TREE
seconds() {
    case $1 in
    worklist)
        RANKPOOL_PROGRESS=off "$here/../tests/support/launch_ranks" "$cores" apps/search uts "$2" --time 2>&1 |
            sed -n 's/.* nodes, sum of paths .*: \([0-9.]*\) s$/\1/p'
        ;;
    tbb) timeout -k 5 60 "$scratch/tbb" "$2" "$cores" | cut -d ' ' -f 2 ;;
    *) timeout -k 5 60 "$scratch/plain" "$1" "$2" "$cores" | cut -d ' ' -f 2 ;;
    esac
}

# against CONTESTANT TREE GOAL
against() {
    for _ in $(seq "$rounds"); do
        seconds worklist "$2"
        seconds "$1" "$2"
    done | paste - - | ratio "$2, rp_worklist / $1" "$3"
}

for tree in T1 T3; do
    for contestant in $contestants; do
        case $contestant in
        serial) against serial "$tree" "$(echo "$cores" | awk '{ print 1.25 / $1 }')" ;;
        *) against "$contestant" "$tree" 1 ;;
        esac
    done
done
