#!/bin/sh
# The instructions that an item takes on one rank, counted by callgrind where time is noise: single
# claims of a loop and of a map, an item of a worklist, and OpenMP's single claims on one thread. The
# goals are those of gcc 12 on x86-64 with five percent more: a row that misses its goal has grown.
#
# usage: bench/instructions.sh      from the build folder
set -eu
here=$(dirname "$0")
parts=1
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"
limit=0 # they are the same in each run
items=200000

command -v callgrind_annotate >/dev/null || {
    echo "skipped: instructions are counted by callgrind (Debian: valgrind)" >&2
    exit 77
}
"$here/../tests/support/launch_ranks" 1 valgrind --quiet --tool=callgrind --callgrind-out-file="$scratch/calls" \
    bench/instructions "$items"
callgrind_annotate --inclusive=yes --threshold=100 "$scratch/calls" >"$scratch/functions"

# of_item FUNCTION: "1,234,567 (12.3%)  bench/instructions.c:count_loop [...]", of all items.
of_item() {
    sed -n "s/^ *\([0-9,]*\) .*:count_$1 .*/\1/p" "$scratch/functions" | tr -d , |
        awk -v items="$items" 'NR == 1 { print $1 / items }'
}

of_each() {
    for kind in $kinds; do
        of_item "$kind"
    done
}

kinds="loop map worklist"
set -- "loop, dynamic,1: a claim" 104 instructions 1 "map, dynamic,1: a claim" 151 instructions 2 \
    "rp_worklist: an item" 201 instructions 3
if grep -q :count_openmp "$scratch/functions"; then
    kinds="$kinds openmp"
    set -- "$@" "OpenMP dynamic,1: a claim" 0 instructions 4
fi
measured of_each "$@"
