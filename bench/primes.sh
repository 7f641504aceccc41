#!/bin/sh
# The program primes compared with the program primesieve on the same cores; and with itself: on 16
# ranks, with checkpoints, and with every core in a virtual node of its own, on the plain network
# and with a millisecond's delay of every message. Seconds are those that both print, without
# start-up.
#
# usage: bench/primes.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of primes.sh 5 "$@")
launch=$here/../tests/support/launch_ranks
cluster=$here/../tests/cluster/run
: "${MPIRUN:?is set by make bench}"
RANKPOOL_TEST_SECONDS=${RANKPOOL_TEST_SECONDS:-600}
export RANKPOOL_TEST_SECONDS

# The seconds in "primes up to ...: 1.234 s", on stderr of a command.
told_by() {
    "$@" 2>&1 >/dev/null </dev/null | sed -n 's/^primes .*: \([0-9.]*\) s$/\1/p'
}

# on_nodes SHAPE START STOP
on_nodes() {
    shape=$1
    shift
    told_by timeout -k 5 "$RANKPOOL_TEST_SECONDS" "$cluster" --kind net --nodes "$shape" -- \
        ./apps/primes --time "$@"
}

# primes RANKS START STOP: on one virtual node if there are virtual nodes, for otherwise mpirun
# would bind ranks to cores in this measurement and not in the others.
primes() {
    if [ $nodes = yes ]; then
        on_nodes "$@"
    else
        ranks=$1
        shift
        told_by "$launch" "$ranks" ./apps/primes --time "$@"
    fi
}

on_far_nodes() {
    RANKPOOL_TEST_LATENCY=0.001 on_nodes "${cores}x1" "$@"
}

primesieve_alone() {
    primesieve "$@" --count --time --no-status | sed -n 's/^Seconds: *//p'
}

# beside NAME OURS COLUMN GOAL [SENSE]: compares files of seconds, of which each contestant has one.
beside() {
    paste -d ' ' "$scratch/$2" "$scratch/$3" | ratio "$1" "$4" "${5:-most}"
}

far_away() {
    for _ in $(seq "$rounds"); do
        primes "$cores" 1e15 1e15+1e10 >>"$scratch/far"
        primesieve_alone 1e15 1e15+1e10 >>"$scratch/far_primesieve"
    done
    beside "primes 1e15 1e15+1e10 / primesieve" far far_primesieve 1.10
}

run_rounds() {
    for _ in $(seq "$rounds"); do
        primesieve_alone 1e11 >>"$scratch/primesieve"
        primes "$cores" 1e11 >>"$scratch/ours"
        [ $nodes = no ] || on_nodes "${cores}x1" 1e11 >>"$scratch/nodes"
        [ $nodes = no ] || on_far_nodes 1e11 >>"$scratch/far_nodes"
        primes 16 1e11 >>"$scratch/crowd"
        primes "$cores" 1e11 --checkpoint "$scratch/kept" >>"$scratch/checkpointed"
    done
}

command -v primesieve >/dev/null || {
    echo "primes are left out, for there is no primesieve to compare with (Debian: primesieve)"
    exit 0
}
nodes=yes
"$cluster" --kind net --nodes "${cores}x1" -- true 2>"$scratch/why" || nodes=no
run_rounds
beside "primes 1e11 / primesieve" ours primesieve 1.03
beside "primes 1e11: 16 ranks / $cores ranks" crowd ours 1.10
if [ $nodes = yes ]; then
    beside "primes 1e11: 1 node / $cores nodes" ours nodes 0.97 least
    beside "primes 1e11: 1 node / $cores nodes, 1 ms apart" ours far_nodes 0.95 least
else
    echo "primes on nodes are left out: $(sed 's/^skipped: //;q' "$scratch/why")"
fi
beside "primes 1e11: checkpointed / not" checkpointed ours 1.01
far_away
