#!/bin/sh
# A stream's cost per item compared with Python's pools, if they are installed: tiny items, one at a
# time.
#
# usage: bench/streams.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

ours() {
    figure_of "stream on a node: an item in order" "$launch" "$cores" bench/streams
}

pool() {
    timeout -k 5 300 python3 "$here/streams.py" pool "$cores"
}

# mpi4py of Debian is that of Debian's Python, which may not be the first in PATH.
mpi4py_python() {
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import mpi4py.futures' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

mpi4py() {
    "$launch" $((cores + 1)) "$python" -m mpi4py.futures "$here/streams.py" mpi4py "$cores"
}

if command -v python3 >/dev/null; then
    compared "a stream's item, beside Python's Pool.imap_unordered" 1 ours pool
    python=$(mpi4py_python)
    if [ -n "$python" ]; then
        compared "a stream's item, beside mpi4py.futures" 1 ours mpi4py
    else
        echo "mpi4py.futures is left out, for it is not installed (Debian: python3-mpi4py)"
    fi
else
    echo "pools are left out, for there is no python3 to compare with"
fi
