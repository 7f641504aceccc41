#!/bin/bash
# A job whose link is cut: for a while, it ends late and with the right result; for good, or if a
# node stops, it ends on every rank that can be reached, with an error that names the node.
# Usage: losses.sh, with the program jobs in ./tests/cluster.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cluster/checks disable=SC1091
. "$here/checks"
needs_nodes
run=$here/run
jobs=$PWD/tests/cluster/jobs
work=$(mktemp -d)
export TMPDIR=$work
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

# at_work NODES ARGUMENT...: starts a job and returns when it has begun; $job is its process. It
# writes its results to told/.
at_work() {
    rm -rf told
    mkdir told
    : >out
    "$run" --kind net --nodes "$1" "$jobs" "$PWD/told" "${@:2}" >out 2>err </dev/null &
    job=$!
    until grep -q ready out; do
        kill -0 "$job" 2>/dev/null || { tail -n 3 err; return 1; }
        sleep 0.05
    done
}

# told RANK: waits for that rank's result, at most half a minute.
told() {
    local tenths
    for ((tenths = 0; tenths < 300; tenths++)); do
        [ ! -e "told/rank.$1" ] || { cat "told/rank.$1"; return; }
        sleep 0.1
    done
    echo "# rank $1 tells nothing"
}

# expect_told RANK PATTERN
expect_told() {
    local text
    text=$(told "$1")
    # shellcheck disable=SC2053 # a pattern
    [[ $text == $2 ]] || { echo "# rank $1: $text"; return 1; }
}

# mpirun waits for lost ranks for ever; `run` ends the whole cluster.
end() {
    kill -KILL "$job" 2>/dev/null
    wait "$job" 2>/dev/null
}

without_a_cut() {
    at_work 1,1 moved && wait "$job" && expect_told 0 "success, right, *"
}
cut_for_two_seconds() {
    at_work 1,1 moved && sleep 1 && "$here/link" --cluster "$job" n2 down && sleep 2 &&
        "$here/link" --cluster "$job" n2 up && wait "$job" &&
        expect_told 0 "success, right, *" && expect_told 1 "success, right, with a pause"
}
cut_for_good() {
    at_work 2,1,1 lost && "$here/link" --cluster "$job" n2 down &&
        expect_told 0 "*: node 1 (n2) has not answered for 2 s" &&
        expect_told 1 "*: node 1 (n2) has not answered for 2 s" &&
        expect_told 3 "*: node 1 (n2) has not answered for 2 s" &&
        expect_told 2 "*: node 0 (n1) has not answered for 2 s"
}
stopped() {
    at_work 1,2,1 stopped 1 &&
        expect_told 0 "*: node 1 (n2) has not answered for 2 s" &&
        expect_told 3 "*: node 1 (n2) has not answered for 2 s" &&
        [ ! -e told/rank.1 ] && [ ! -e told/rank.2 ]
}
ended() { # ended FUNCTION: ends its cluster in any case
    local result=0
    "$1" || result=1
    end
    return $result
}

export MPIRUN=${MPIRUN:-mpirun}
try "$run" --kind net --nodes 1 --once true
[ $status = 0 ] || { tail -n 1 err; exit 77; }
if "$MPIRUN" --version | grep -q HYDRA; then
    echo "skipped: the messages of MPICH do not cross the virtual network"
    exit 77
fi
check "a job without a cut" ended without_a_cut
check "a link is cut for two seconds" ended cut_for_two_seconds
export RANKPOOL_HEARTBEAT=2
check "a link is cut for good" ended cut_for_good
check "a node stops" ended stopped
cd / && [ $failures = 0 ]
