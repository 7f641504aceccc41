#!/bin/sh
# The program primes compared with the program primesieve on the same cores; and with itself: on 16
# ranks, with checkpoints, and with every core in a virtual node of its own, on the plain network
# and with a millisecond's delay of every message. Seconds are those that both print, without
# start-up.
#
# usage: bench/primes.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=12
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
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

peer_round() {
    primesieve_alone 1e11
    primes "$cores" 1e11
}

shorter_round() {
    primesieve_alone 1e10
    primes "$cores" 1e10
}

far_round() {
    primesieve_alone 1e15 1e15+1e10
    primes "$cores" 1e15 1e15+1e10
}

own_round() {
    primes "$cores" 2e10
    primes 16 2e10
    rm -rf "$scratch/kept"
    primes "$cores" 2e10 --checkpoint "$scratch/kept"
    [ $nodes = no ] || on_nodes "${cores}x1" 2e10
    [ $nodes = no ] || on_far_nodes 2e10
}

command -v primesieve >/dev/null || {
    echo "primes are left out, for there is no primesieve to compare with (Debian: primesieve)"
    exit 0
}
nodes=yes
"$cluster" --kind net --nodes "${cores}x1" -- true 2>"$scratch/why" || nodes=no
weight=1
measured shorter_round "primes 1e10, beside primesieve" 0.98 1 2
weight=4
measured peer_round "primes 1e11, beside primesieve" 0.98 1 2
weight=3
measured far_round "primes 1e15 1e15+1e10, beside primesieve" 0.98 1 2
set -- "primes 2e10 on 16 ranks, beside $cores ranks" 0.91 1 2 "primes 2e10, checkpointed, beside not" 0.99 1 3
if [ $nodes = yes ]; then
    set -- "$@" "primes 2e10 on $cores nodes, beside one" 0.97 1 4 \
        "primes 2e10 on $cores nodes, 1 ms apart, beside one" 0.95 1 5
else
    echo "primes on nodes are left out: $(sed 's/^skipped: //;q' "$scratch/why")"
fi
weight=4
measured own_round "$@"
