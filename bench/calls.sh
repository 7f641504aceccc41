#!/bin/sh
# The cost of a call compared with Python's pools, if Python is installed: tiny calls, submitted one
# by one and awaited in order of completion.
#
# usage: bench/calls.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of calls.sh 3 "$@")
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

# "calls: one call, on a node   57.00  [57.00 ... 57.00] ns per item   goal: ..."
nanoseconds_of_calls() {
    "$launch" "$cores" bench/calls 1 | sed -n 's/^calls: one call, on a node *\([0-9.]*\) .*/\1/p'
}

beside() {
    for _ in $(seq "$rounds"); do
        echo "$(timeout -k 5 300 python3 "$here/calls.py" "$2" "$cores") $(nanoseconds_of_calls)"
    done | ratio "$1"
}

if command -v python3 >/dev/null; then
    beside "a call: ProcessPoolExecutor.submit / rp_submit" futures
    beside "a call: Pool.apply_async / rp_submit" pool
else
    echo "pools are left out, for there is no python3 to compare with"
fi
