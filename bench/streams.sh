#!/bin/sh
# A stream's cost of an item beside that of Python's pools, where they are installed: tiny items, one at a time.
#
# usage: bench/streams.sh [ROUNDS]      from the build folder
set -eu
rounds=${1:-3}
case "$# $rounds" in
"0 3" | "1 "[1-9] | "1 "[1-9][0-9]) ;;
*)
    echo "usage: streams.sh [ROUNDS], a number from 1 to 99" >&2
    exit 2
    ;;
esac
here=$(dirname "$0")
launch=$here/../tests/launch_ranks
cores=$(nproc)
: "${MPIRUN:?is set by make bench}"

# "an item in order, as launched   57.0 ns per item"
nanoseconds_of_stream() {
    "$launch" "$cores" bench/streams 1 | sed -n 's/^an item in order, as launched *\([0-9.]*\) ns.*/\1/p'
}

nanoseconds_of_pool() {
    timeout -k 5 300 python3 "$here/streams.py" pool "$cores"
}

nanoseconds_of_mpi4py() {
    "$launch" $((cores + 1)) python3 -m mpi4py.futures "$here/streams.py" mpi4py "$cores"
}

# Median and spread of the ratios of two columns.
ratio() {
    awk '{ print $1 / $2 }' | sort -n | awk -v name="$1" '
        { value[NR] = $1 }
        END {
            median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
            printf "%-46s %7.0f  [%.0f ... %.0f]\n", name, median, value[1], value[NR]
        }'
}

beside() {
    name=$1 peer=$2
    for _ in $(seq "$rounds"); do
        echo "$($peer) $(nanoseconds_of_stream)"
    done | ratio "$name"
}

if command -v python3 >/dev/null; then
    beside "an item: Pool.imap_unordered / stream" nanoseconds_of_pool
    if python3 -c 'import mpi4py.futures' 2>/dev/null; then
        beside "an item: mpi4py.futures / stream" nanoseconds_of_mpi4py
    else
        echo "bench/streams.sh: mpi4py is left out (Debian: python3-mpi4py)" >&2
    fi
else
    echo "bench/streams.sh: left out, for there is no python3 to compare with" >&2
fi
