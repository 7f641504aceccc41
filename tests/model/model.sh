#!/bin/bash
# The work queue in a model of all interleavings, checked by Spin: claims, steals, the end of a job, and the recovery
# when a lane dies between any two of its steps.
# Usage: model.sh [long|longest], for more searches, which take three and seven minutes instead of one.
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

# search OPTIONS WHAT: looks through all states of the model with these options of queue.pml; WHAT is safety (assertions
# and deadlocks), fault (the same), or termination (cycles). COLLAPSE stores states in a quarter of the memory, which is
# limited to 2 GB.
search() {
    local flag=-DSAFETY option='' speed=-O2
    [ "$2" != termination ] || flag=-DNP option=-l
    [ "$2" != fault ] || speed=-O0 # it takes longer to compile than to find
    # shellcheck disable=SC2086 # lists of options
    spin $1 -a queue.pml >messages 2>&1 &&
        ${CC:-cc} $speed -w -DCOLLAPSE -DMEMLIM=2000 $flag -o pan pan.c >>messages 2>&1 &&
        timeout 900 ./pan -m100000 $option >>messages 2>&1
}

# holds OPTIONS WHAT: there is no error, and no state was left out.
holds() {
    search "$1" "$2" && grep -q 'errors: 0$' messages && ! grep -qE 'not completed|max search depth' messages && {
        sed -nE 's/^ *([0-9]+) states, stored.*/# \1 states/p' messages
        return 0
    }
    tail -n 30 messages
    false
}

# fails OPTIONS: with these, the model finds an error.
fails() {
    search "$1" fault && grep -qE '^pan:.*(assertion violated|invalid end state)' messages && return
    tail -n 30 messages
    false
}

lives="-DDEATHS=0 -DCHUNK=1"
dies="-DDEATHS=1 -DCHUNK=1"
check "3 units, nobody dies" holds "$lives -DUNITS=3" safety
check "2 units, one lane dies" holds "$dies -DUNITS=2" safety
if [[ ${1:-} == long* ]]; then
    check "2 units, nobody dies: the job ends" holds "$lives -DUNITS=2" termination
    check "4 units in chunks of 2, nobody dies" holds "-DDEATHS=0 -DCHUNK=2 -DUNITS=4" safety
    check "2 units, one lane dies and its unit is given up" holds "$dies -DUNITS=2 -DLIMIT=1" safety
    check "2 units, one lane dies with its results" holds "$dies -DUNITS=2 -DSAVED=0" safety
fi
if [ "${1:-}" = longest ]; then
    check "4 units, nobody dies" holds "$lives -DUNITS=4" safety
    check "2 units, one lane dies: the job ends" holds "$dies -DUNITS=2" termination
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
[ $failures = 0 ]
