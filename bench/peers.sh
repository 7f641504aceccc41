#!/bin/sh
# Trees of the UTS benchmark by rp_worklist(), compared with programs that must be fetched first, and of which no copy is
# here:
#
#     git clone https://github.com/perarnau/uts         UTS's MPI code, version 2.1 (its round robin work stealing)
#     git clone https://github.com/hpc/libcircle        a distributed queue of strings
#     make bench CONTESTS=peers UTS=/path/to/uts LIBCIRCLE=/path/to/libcircle
#
# All have the same generator, which needs Nettle. They run on as many ranks as cores.
#
# usage: [UTS=DIR] [LIBCIRCLE=DIR] bench/peers.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

if [ -z "${UTS:-}${LIBCIRCLE:-}" ]; then
    echo "skipped: neither UTS nor LIBCIRCLE names a directory; bench/peers.sh tells where to get them" >&2
    exit 77
fi
pkg-config --exists nettle 2>/dev/null || {
    echo "skipped: the trees need Nettle (Debian: nettle-dev)" >&2
    exit 77
}
# The compiler that belongs to $MPIRUN: mpicc.openmpi to mpirun.openmpi.
mpicc=$(dirname "$(command -v "$MPIRUN")")/mpicc$(basename "$MPIRUN" | sed -n 's/^mpirun//p')
# shellcheck disable=SC2046 # lists of flags
compiled trees.o cc -O2 -D_GNU_SOURCE -I"$here/../apps" -c "$here/../apps/trees/uts.c" $(pkg-config --cflags nettle)

contestants=
# build PROGRAM SOURCE...
build() {
    program=$1
    shift
    # shellcheck disable=SC2046 # a list of flags
    compiled "$program" "$mpicc" -O2 -std=gnu99 -fgnu89-inline -fcommon -w -D_GNU_SOURCE -I"$here/../apps" -I"$scratch" \
        "$@" "$here/peers.c" "$scratch/trees.o" $(pkg-config --libs nettle) -lm
}
if [ -n "${UTS:-}" ]; then
    build uts -DBRG_RNG -D__VS_ORIG__ -D__MPI__ "$UTS/uts_dm.c" "$UTS/stats.c" "$UTS/dequeue.c" "$UTS/dlist.c" \
        "$UTS/mpi_workstealing.c" "$UTS/uts.c"
    contestants="$contestants uts"
fi
if [ -n "${LIBCIRCLE:-}" ]; then
    : >"$scratch/config.h" # which its configure would make
    build circle -DWITH_LIBCIRCLE -I"$LIBCIRCLE/libcircle" "$LIBCIRCLE"/libcircle/*.c
    contestants="$contestants circle"
fi

# uts_parameters TREE: of the sample trees, as UTS's options.
uts_parameters() {
    case $1 in
    T1) echo "-t 1 -a 3 -d 10 -b 4 -r 19" ;;
    T3) echo "-t 0 -b 2000 -q 0.124875 -m 8 -r 42" ;;
    esac
}

# seconds CONTESTANT TREE: if it has found all nodes.
seconds() {
    case $1 in
    worklist)
        RANKPOOL_PROGRESS=off "$launch" "$cores" apps/search uts "$2" --time 2>&1 |
            sed -n 's/.* nodes, on .*: \([0-9.]*\) s$/\1/p'
        ;;
    uts)
        # shellcheck disable=SC2046
        "$launch" "$cores" "$scratch/uts" $(uts_parameters "$2") >"$scratch/output"
        grep -q "Tree size = $nodes," "$scratch/output" &&
            sed -n 's/^Wallclock time = \([0-9.]*\) sec.*/\1/p' "$scratch/output"
        ;;
    circle) "$launch" "$cores" "$scratch/circle" "$2" | sed -n "s/^$nodes //p" ;;
    esac
}

tree_round() {
    for contestant in worklist $contestants; do
        seconds "$contestant" "$tree"
    done
}

for tree in T1 T3; do
    [ $tree = T1 ] && nodes=4130071 || nodes=4112897
    set --
    column=2
    for contestant in $contestants; do
        [ "$contestant" = uts ] && peer="UTS's MPI code" || peer=libcircle
        set -- "$@" "$tree: rp_worklist, beside $peer" 1 $column 1
        column=$((column + 1))
    done
    measured tree_round "$@"
done
