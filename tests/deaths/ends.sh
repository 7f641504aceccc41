#!/bin/sh
# What happens to a job whose ranks die, leave or abort. Usage: ends.sh, with the programs ends and
# leaders in ./tests/deaths.
set -u
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/../apps/expect.sh"
ends="tests/deaths/ends --ranks 4"

# Which ranks die, in which order, and whether the kernel still reports the signal, is random. Open MPI's messages about
# MPI_Abort() are its own; that of Open MPI 5 ends with a zero byte.
blot() {
    tr -d '\000' | sed -e 's/ by signal 9 (Killed)//' -e 's/rank[s0-9, ]* died;/ranks died;/' \
        -e 's/was ended$/has died/' -e 's/rank . \(.*code [14]\)/rank N \1/' | grep -a '^\(ends\|leaders\): '
}

# shellcheck disable=SC2086 # three words
limited $ends nothing >/dev/null 2>&1
[ $? != 77 ] || {
    echo "ranks do not survive others with this MPI"
    exit 77
}

# shellcheck disable=SC2086
ends() { # ends STATUS STDOUT STDERR WHAT
    expect "$1" "$2" "$3" $ends "$4"
}

ends 1 "item 60 was in progress when 3 ranks in a row died: given up
99 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" killer
ends 1 "item 60 was in progress when a rank died, and may have changed its own input: given up
99 good, 1 lost, 1 ranks lost" "ends: ranks died; the others went on" in_place
ends 1 "item 240000 was in progress when 3 ranks in a row died: given up
399999 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" needle
ends 0 "
400000 good, 0 lost, 2 ranks lost" "ends: ranks died; the others went on" again
ends 1 "item 60 was in progress when 3 ranks in a row died: given up
99 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" late
ends 1 "item 60 was in progress when 3 ranks in a row died: given up
99 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" stream
ends 1 "item 60 was in progress when 3 ranks in a row died: given up
60 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" stream_stops
ends 0 "
100 good, 0 lost, 2 ranks lost" "ends: ranks died; the others went on" stream_again
ends 0 "
100 good, 0 lost, 3 ranks lost" "ends: ranks died; the others went on" stream_gone
thread_ends() {
    ends 1 "" "ends: rank N ended without rp_close() (exit code 1): the others were ended" thread
}
thread_ends
ends 0 "0 0 0 3 0 6: rank 1 has died: rp_allreduce_ranks needs all ranks
6: rank 1 has died: rp_node_alloc needs all ranks
16 collectives were refused" "ends: ranks died; the others went on" after
ends 0 "6: rank 1 has died: rp_grid_close needs all ranks" "ends: ranks died; the others went on" grid
ends 137 "" "ends: rank 2 has died" outside
for how in root stream_root; do
    ends 137 "" "ends: rank 0 has died" $how
done
ends 42 "" "ends: rank N ended without rp_close() (exit code 42): the others were ended" abort

# The same on pretended nodes: the root is reached by network links, and whole nodes die. An item started on another
# node has not changed the root's input.
for size in 1 2; do
    RANKPOOL_NODE_SIZE=$size
    export RANKPOOL_NODE_SIZE
    for how in killer in_place stream; do
        ends 1 "item 60 was in progress when 3 ranks in a row died: given up
99 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" $how
    done
    ends 1 "item 240000 was in progress when 3 ranks in a row died: given up
399999 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" needle
    ends 1 "item 60 was in progress when 3 ranks in a row died: given up
60 good, 1 lost, 3 ranks lost" "ends: ranks died; the others went on" stream_stops
    ends 0 "0 0 0 3 0 6: rank 1 has died: rp_allreduce_ranks needs all ranks
6: rank 1 has died: rp_node_alloc needs all ranks
16 collectives were refused" "ends: ranks died; the others went on" after
    ends 0 "6: rank 1 has died: rp_grid_close needs all ranks" "ends: ranks died; the others went on" grid
    for how in root stream_root; do
        ends 137 "" "ends: rank 0 has died" $how
    done
    thread_ends
done
ends 0 "came back, 1 ranks lost" "ends: ranks died; the others went on" stream_back
# Each other node has one connection, that of its leader.
ends="tests/deaths/leaders --ranks 4"
ends 0 "
100 good, 1 ranks lost
1 connections before, 1 after" "leaders: ranks died; the others went on" dying
ends 0 "" "leaders: ranks died; the others went on" closing
RANKPOOL_NODE_SIZE=3
ends="tests/deaths/leaders --ranks 6"
ends 0 "
100 good, 2 ranks lost
1 connections before, 1 after" "leaders: ranks died; the others went on" dying
ends 0 "
100 good, 2 ranks lost" "leaders: ranks died; the others went on" opening
unset RANKPOOL_NODE_SIZE
ends="tests/deaths/ends --ranks 4"
for how in leaves leaves_killed leaves_second; do
    ends 3 "" "ends: rank 2 ended without rp_close() (exit code 3): the others were ended" $how
done
finish
