#!/bin/bash
# The work queue, the deques of worklists and the loans between their nodes in models of all interleavings, checked by
# Spin: claims, steals, commits, loans, the end of a job, and the recovery when a lane dies between any two of its steps.
# Usage: model.sh [long|longest], for more searches, which take three and eight minutes instead of one.
command -v spin >/dev/null || {
    echo "skipped: spin is missing"
    exit 77
}
set -u
model=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/support/checks disable=SC1091
. "$model/../support/checks"
enter_scratch
cp "$model"/*.pml .

# search OPTIONS WHAT [FILE]: looks through all states of the model in FILE (queue.pml) with these options; WHAT is safety
# (assertions and deadlocks), short (the same, where compiling takes longer than searching), or termination (cycles).
# COLLAPSE stores states in a quarter of the memory, which is limited to 2 GB.
search() {
    local flag=-DSAFETY option='' speed=-O2
    [ "$2" != termination ] || flag=-DNP option=-l
    [ "$2" != short ] || speed=-O0
    # shellcheck disable=SC2086 # lists of options
    spin $1 -a "${3:-queue.pml}" >messages 2>&1 &&
        ${CC:-cc} $speed -w -DCOLLAPSE -DMEMLIM=2000 $flag -o pan pan.c >>messages 2>&1 &&
        timeout 900 ./pan -m100000 $option >>messages 2>&1
}

# holds OPTIONS WHAT [FILE]: there is no error, and no state was left out.
holds() {
    search "$@" && grep -q 'errors: 0$' messages && ! grep -qE 'not completed|max search depth' messages && {
        sed -nE 's/^ *([0-9]+) states, stored.*/# \1 states/p' messages
        return 0
    }
    tail -n 30 messages
    false
}

# fails OPTIONS [FILE]: with these, the model finds an error.
fails() {
    search "$1" short "${2:-queue.pml}" && grep -qE '^pan:.*(assertion violated|invalid end state)' messages && return
    tail -n 30 messages
    false
}

lives="-DDEATHS=0 -DCHUNK=1"
dies="-DDEATHS=1 -DCHUNK=1"
check "3 units, no rank dies" holds "$lives -DUNITS=3" safety
check "2 units, one lane dies" holds "$dies -DUNITS=2" safety
check "deques, batches of 2, no death" holds "-DDEATHS=0 -DBATCH=2" safety deques.pml
check "deques, batches of 2, two lanes die" holds "-DDEATHS=2 -DBATCH=2" safety deques.pml
check "deques, batches of 2, a link lends once" holds "-DDEATHS=0 -DBATCH=2 -DLINK=1" short deques.pml
check "loans among 3 nodes" holds "-DNODES=3 -DITEMS=3" short loans.pml
check "loans among 2 nodes, and a stop" holds "-DNODES=2 -DITEMS=5 -DSTOPS=1" short loans.pml
if [[ ${1:-} == long* ]]; then
    check "deques, batches of 1, one lane dies" holds "-DDEATHS=1 -DBATCH=1" safety deques.pml
    check "deques, batches of 1, a link lends once" holds "-DDEATHS=0 -DBATCH=1 -DLINK=1" safety deques.pml
    check "loans among 3 nodes, one request at random" holds "-DNODES=3 -DITEMS=5 -DLOAN_TRIES=1" safety loans.pml
    check "2 units, no rank dies: the job ends" holds "$lives -DUNITS=2" termination
    check "4 units in chunks of 2, no rank dies" holds "-DDEATHS=0 -DCHUNK=2 -DUNITS=4" safety
    check "2 units, one lane dies and its unit is given up" holds "$dies -DUNITS=2 -DLIMIT=1" safety
    check "2 units, one lane dies with its results" holds "$dies -DUNITS=2 -DSAVED=0" safety
fi
if [ "${1:-}" = longest ]; then
    check "4 units, no rank dies" holds "$lives -DUNITS=4" safety
    check "2 units, one lane dies: the job ends" holds "$dies -DUNITS=2" termination
    check "loans among 3 nodes, 5 items" holds "-DNODES=3 -DITEMS=5" safety loans.pml
    check "loans among 2 nodes of 2 ranks" holds "-DNODES=2 -DRANKS=2 -DITEMS=7 -DSTOPS=1" safety loans.pml
    check "3 units, one lane dies" holds "$dies -DUNITS=3" safety
    check "3 units in chunks of 2, one lane dies" holds "-DDEATHS=1 -DCHUNK=2 -DUNITS=3" safety
    check "3 units, one lane dies, more gaps than entries" holds "$dies -DUNITS=3 -DQUEUE=1" safety
fi

for fault in STEAL_BY_STORE KEY_LAST NO_NOTIFICATION; do
    check "finds the fault $fault" fails "$lives -DUNITS=3 -DFAULT=$fault"
done
for fault in EXTENT_FIRST LOG_FIRST SEEKERS_IGNORED NO_RECHECK DEAD_TRUSTED; do
    check "finds the fault $fault" fails "$dies -DUNITS=2 -DFAULT=$fault"
done
for fault in ONE_SCAN LOCKS_KEPT ALWAYS_UNDONE POPPED_LATE POPPED_KEPT; do
    check "finds the fault $fault" fails "-DDEATHS=1 -DBATCH=1 -DFAULT=$fault" deques.pml
done
link_faults=LINK_TRUSTED
[[ ${1:-} != long* ]] || link_faults="OFFER_BY_STORE REST_KEPT LINK_TRUSTED"
for fault in $link_faults; do
    check "finds the fault $fault" fails "-DDEATHS=0 -DBATCH=1 -DLINK=1 -DFAULT=$fault" deques.pml
done
for fault in LENT_FORGOTTEN ARRIVING_IGNORED NEVER_ENGAGED SECOND_KEPT LIFELINES_KEPT OVER_AT_ONCE; do
    check "finds the fault $fault" fails "-DNODES=3 -DITEMS=5 -DLOAN_TRIES=1 -DFAULT=$fault" loans.pml
done
for fault in LATE_LOAN_KEPT STOP_KEEPS; do
    check "finds the fault $fault" fails "-DNODES=2 -DITEMS=5 -DSTOPS=1 -DFAULT=$fault" loans.pml
done
[ $failures = 0 ]
