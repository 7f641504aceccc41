#!/bin/sh
# Trees of the UTS benchmark by rp_worklist(), compared with a serial loop, with OpenMP tasks, and with oneTBB, if it is
# installed: each with the same generator.
#
# usage: bench/worklist.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"

if ! pkg-config --exists nettle 2>/dev/null; then
    echo "worklists are left out, for Nettle is not installed (Debian: nettle-dev)"
    exit 0
fi
# shellcheck disable=SC2046 # lists of flags
compiled uts.o cc -O2 -D_GNU_SOURCE -I"$here/../apps" -c "$here/../apps/trees/uts.c" $(pkg-config --cflags nettle)
# shellcheck disable=SC2046
compiled plain cc -O2 -fopenmp -I"$here/../apps" "$here/worklist.c" "$scratch/uts.o" $(pkg-config --libs nettle) -lm
contestants="serial openmp"
others=
if pkg-config --exists tbb 2>/dev/null && command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    compiled tbb c++ -O2 -std=c++17 -I"$here/../apps" "$here/worklist.cc" "$scratch/uts.o" \
        $(pkg-config --cflags --libs tbb nettle) -lm
    contestants="$contestants tbb" others=oneTBB
else
    echo "oneTBB is left out, for it is not installed (Debian: libtbb-dev)"
fi

# seconds CONTESTANT TREE
seconds() {
    case $1 in
    worklist)
        RANKPOOL_PROGRESS=off "$here/../tests/support/launch_ranks" "$cores" apps/search uts "$2" --time 2>&1 |
            sed -n 's/.* nodes, on .*: \([0-9.]*\) s$/\1/p'
        ;;
    tbb) timeout -k 5 60 "$scratch/tbb" "$2" "$cores" | cut -d ' ' -f 2 ;;
    *) timeout -k 5 60 "$scratch/plain" "$1" "$2" "$cores" | cut -d ' ' -f 2 ;;
    esac
}

# The columns are the worklist and the contestants.
tree_round() {
    for contestant in worklist $contestants; do
        seconds "$contestant" "$tree"
    done
}

least=$(echo "$cores" | awk '{ print 0.8 * $1 }')
for tree in T1 T3; do
    set -- "$tree: rp_worklist, beside a serial loop" "$least" 2 1 "$tree: rp_worklist, beside OpenMP tasks" 1 3 1
    column=4
    for peer in $others; do
        set -- "$@" "$tree: rp_worklist, beside $peer" 1 $column 1
        column=$((column + 1))
    done
    measured tree_round "$@"
done
