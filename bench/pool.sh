#!/bin/sh
# Small calls of a Python function by multiprocessing.Pool and by rankpool.Pool, which starts a rank for each worker and
# the root.
#
# usage: bench/pool.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of pool.sh 3 "$@")
RANKPOOL_LIBRARY=$PWD/lib/.libs/librankpool.so.0
PYTHONPATH=$(cd "$here/../python" && pwd)
export RANKPOOL_LIBRARY PYTHONPATH PYTHONDONTWRITEBYTECODE=1
if ! command -v python3 >/dev/null || [ ! -e "$RANKPOOL_LIBRARY" ]; then
    echo "skipped: Python's pools need python3 and the shared library" >&2
    exit 77
fi

beside() {
    timeout -k 5 300 python3 "$here/pool.py" "$2" "$rounds" | ratio "$1" "$3" least
}
beside "map, chunksize=1: multiprocessing / rankpool" map1 20
beside "map: multiprocessing / rankpool" map 1
beside "imap: multiprocessing / rankpool" imap 20
