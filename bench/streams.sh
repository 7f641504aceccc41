#!/bin/sh
# A stream's cost per item compared with Python's pools, if they are installed: tiny items, one at a
# time.
#
# usage: bench/streams.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of streams.sh 3 "$@")
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

# "stream: an item in order, on a node   57.00  [57.00 ... 57.00] ns per item   goal: ..."
nanoseconds_of_stream() {
    "$launch" "$cores" bench/streams 1 |
        sed -n 's/^stream: an item in order, on a node *\([0-9.]*\) .*/\1/p'
}

nanoseconds_of_pool() {
    timeout -k 5 300 python3 "$here/streams.py" pool "$cores"
}

nanoseconds_of_mpi4py() {
    "$launch" $((cores + 1)) python3 -m mpi4py.futures "$here/streams.py" mpi4py "$cores"
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
        echo "mpi4py.futures is left out, for it is not installed (Debian: python3-mpi4py)"
    fi
else
    echo "pools are left out, for there is no python3 to compare with"
fi
