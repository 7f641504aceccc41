#!/bin/sh
# The cost of a call compared with Python's pools, if Python is installed: tiny calls, submitted one
# by one and awaited in order of completion.
#
# usage: bench/calls.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
launch=$here/../tests/support/launch_ranks
: "${MPIRUN:?is set by make bench}"

ours() {
    figure_of "calls on a node: a call" "$launch" "$cores" bench/calls
}

executor() {
    timeout -k 5 300 python3 "$here/calls.py" futures "$cores"
}

pool() {
    timeout -k 5 300 python3 "$here/calls.py" pool "$cores"
}

if command -v python3 >/dev/null; then
    compared "rp_submit, beside Python's ProcessPoolExecutor" 1 ours executor
    compared "rp_submit, beside Python's Pool.apply_async" 1 ours pool
else
    echo "pools are left out, for there is no python3 to compare with"
fi
