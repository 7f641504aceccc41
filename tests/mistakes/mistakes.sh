#!/bin/bash
# RANKPOOL_CHECK=1 detects common mistakes at once, on two ranks of one machine, and does not disturb correct programs.
# Usage: mistakes.sh, with the program mistaken in ./tests/mistakes.
set -u
mistaken=$PWD/tests/mistakes/mistaken
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/support/launch_environment disable=SC1091
. "$here/../support/launch_environment"
# shellcheck source=tests/support/checks disable=SC1091
. "$here/../support/checks"
enter_scratch

# run WAY [ARGUMENT]...: output goes to the files out and err, the status into $status.
run() {
    RANKPOOL_CHECK=${checked:-1} timeout -k 5 600 "${MPIRUN:-mpirun}" -np "${ranks:-2}" "$mistaken" "$@" >out 2>err
    status=$?
    sed -i -f "$noise" err
}

complain() { echo "# status $status"; head -c 2000 out err; return 1; }

# says COUNT PATTERN: are there that many lines that match?
says() { [ "$(grep -Ec -- "$2" err)" -eq "$1" ] || { echo "# not $1 times: $2"; complain; }; }

fine() { run "$@"; if [ "$status" -eq 0 ]; then says 0 .; else complain; fi; }

# All ranks get the same message.
refused() { # refused WAY NAME BYTES
    run "$1"
    [ "$status" -eq 2 ] || complain || return
    says "${ranks:-2}" "^rank [0-9]: an argument makes no sense: $2, at 0x[0-9a-f]+, is too short: $3 bytes are wanted, and [0-9]+ are there, before |^rank [0-9]: an argument makes no sense: $2: [0-9]+ elements of [0-9]+ bytes go beyond its end, into memory of the pool"
}
failed() { # failed WAY TEXT
    run "$1"
    [ "$status" -ne 0 ] || complain || return
    says "${ranks:-2}" "^rank [0-9]: [^:]+: $2\$"
}

# With all items on the root the sum is 820: right by luck, without the check.
wrong_sum() {
    for _ in 1 2; do
        run "$1"
        [ "$status" -eq 0 ] && [ "$(cat out)" != 820 ] || complain || return
    done
}

# On one node nothing else is wrong with it; on two, items that were computed elsewhere lack steps.
lost_state() { # lost_state NODE_SIZE
    run state
    [ "$status" -eq 0 ] && [ "$(cat out)" = 0 ] || complain || return
    says 1 '^rankpool: tasks of rp_map\(\) have stored into node memory, between byte [0-9]+ and [0-9]+ of 800000: ' || return
    RANKPOOL_NODE_SIZE=$1 run state
    [ "$status" -eq 0 ] && [ "$(cat out)" -gt 0 ] || complain || return
    says 2 '^rankpool: tasks of rp_map\(\) have stored into node memory'
}
kept_state() { # kept_state NODE_SIZE
    fine state-out && [ "$(cat out)" = 0 ] || return
    RANKPOOL_NODE_SIZE=$1 fine state-out && [ "$(cat out)" = 0 ]
}

for ranks in 1 2 3; do
    check "nothing is wrong, on $ranks ranks" fine correct
done
ranks=2
check "nor without the check" eval 'checked=0 fine correct'
check "out is too short" refused short-out out 800000
check "in is too short" refused short-in in 800000
check "item_status is too short" refused short-status item_status 100000
check "what is scattered is too short" refused short-scatter all 800000
check "out is not written" failed unwritten "item 17: the task did not write out"
check "nor are single bytes" failed unwritten-bytes "item [0-9]+: the task did not write out"
check "nor by a task of ranges" failed unwritten-range "item 39: the task did not write out"
check "a result is not written" failed unwritten-result "item 17: the task made room for its result and did not write it"
check "nor a streamed one" failed unwritten-streamed "item 17: the task made room for its result and did not write it"
check "written beyond out" failed beyond "item 17: the task wrote beyond its out"
check "state in node memory that is no output" lost_state 1
check "as an output it is right" kept_state 1
check "a table on the root alone" wrong_sum table
check "the same, reduced" wrong_sum table-reduced
ranks=3
check "the same on 3 ranks" wrong_sum table

inside='this rank is inside a task of rp_map\(\) "numbers", at item [0-9]+: no other call on its pool is possible from there'
ranks=2
check "a barrier inside a task" failed barrier "$inside"
check "also without the check" eval 'checked=0 failed barrier "$inside"'

# alone COUNT [VARIABLE=VALUE]...: started without rp_launch(): COUNT lines report that.
alone() {
    local count=$1
    shift
    env "$@" timeout -k 5 600 "$mistaken" correct unlaunched >out 2>err
    status=$?
    sed -i -f "$noise" err
    [ "$status" -eq 0 ] || complain || return
    says "$count" '^rankpool [^:]+: this program runs on 1 rank, on a machine with [0-9]+ cores'
}
if [ "$(nproc)" -gt 1 ]; then
    check "a rank that nobody launched says so" alone 1 A=
    check "and can be told that this is intended" alone 0 RANKPOOL_RANKS=1
fi
ranks=1
check "nor has a rank under mpirun -np 1" eval 'checked=0 fine correct unlaunched'
[ "$failures" -eq 0 ]
