#!/bin/sh
# Small calls of a Python function by multiprocessing.Pool and by rankpool.Pool, which starts a rank for each worker and
# the root.
#
# usage: bench/pool.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=3
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
RANKPOOL_LIBRARY=$PWD/lib/.libs/librankpool.so.0
PYTHONPATH=$(cd "$here/../python" && pwd)
export RANKPOOL_LIBRARY PYTHONPATH PYTHONDONTWRITEBYTECODE=1
if ! command -v python3 >/dev/null || [ ! -e "$RANKPOOL_LIBRARY" ]; then
    echo "skipped: Python's pools need python3 and the shared library" >&2
    exit 77
fi

# One round of each kind, as a line of the seconds of both.
map1() {
    timeout -k 5 300 python3 "$here/pool.py" map1 1
}

map() {
    timeout -k 5 300 python3 "$here/pool.py" map 1
}

imap() {
    timeout -k 5 300 python3 "$here/pool.py" imap 1
}

measured map1 "Python's map, chunksize=1, beside multiprocessing" 20 1 2
measured map "Python's map, beside multiprocessing" 1 1 2
measured imap "Python's imap, beside multiprocessing" 20 1 2
