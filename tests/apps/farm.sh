#!/bin/sh
# The program farm: what it makes of templates, arguments and commands; output, failures, retries, time limits, halting,
# its log, and that no command outlives it. Run in the build directory.
#
# farm.sh PROGRAM RESUMES COMMANDS: so many kills, and commands whose output is compared (3, 1000).
set -u
farm=${1:-./apps/farm}
resumes=${2:-3}
commands=${3:-1000}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

blot() {
    cat
}

refuses() { refused "$farm" "$@"; }

# wait_until COMMAND...: half a minute at most.
wait_until() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        sleep 0.05
    done
}

# gone FILE: the processes whose numbers are in FILE have ended.
gone() {
    while read -r process; do
        wait_until sh -c "! kill -0 $process" || return 1
    done <"$1"
}

# ---- the command line ----------------------------------------------------------------------------

refuses "--resume needs --joblog, and the file to resume from" --resume
refuses "--halt: 'later': give never, soon or now" --halt later
refuses "--halt: 'now,done=1': only ,fail=N may follow soon or now" --halt now,done=1
refuses "--timeout: '0': give seconds, more than 0" --timeout 0
refuses "--retries: '0': give a number from 1 to 1000000" --retries 0
refuses "give ::: once: there are no combinations of arguments" echo ::: a ::: b
refuses "give arguments after :::, or in a file, not both" -a list echo ::: a
expect 1 "" "farm: cannot read '$scratch/none': No such file or directory" "$farm" --ranks 2 -a "$scratch/none"
expect 0 "x a/b.c.d a/b.c b.c.d a b.c 1
x -- -- -- . -- 2
x '' '' '' . '' 3
x 'it'\"'\"'s' 'it'\"'\"'s' 'it'\"'\"'s' . 'it'\"'\"'s' 4
x '/~ *' '/~ *' '~ *' / '~ *' 5" "" \
    "$farm" --ranks 2 --dry-run 'x {} {.} {/} {//} {/.} {#}' ::: a/b.c.d -- '' "it's" '/~ *'
expect 0 "x -y a" "" "$farm" --dry-run x -y ::: a
expect 0 "a b" "" "$farm" --ranks 2 ::: 'echo a b'
expect 0 "" "" "$farm" --ranks 2 echo :::

# ---- what commands get, and give -----------------------------------------------------------------

# Every byte, in arguments that a null byte ends.
LC_ALL=C awk 'BEGIN { for (i = 1; i < 256; i++) printf "%c x%c", i, 0 }' >"$scratch/odd"
limited "$farm" --ranks 2 -0 -a "$scratch/odd" "printf '%s\\0'" >"$scratch/stdout" 2>"$scratch/stderr"
check "arguments of all bytes" cmp "$scratch/odd" "$scratch/stdout"

expect 0 "/dev/null 1 none
/dev/null 2 none" "" sh -c "yes | head -n 9 | '$farm' --ranks 2 ::: \
'echo \$(readlink /proc/self/fd/0) \$RANKPOOL_ITEM \${OMPI_COMM_WORLD_RANK-none}' \
'echo \$(readlink /proc/self/fd/0) \$RANKPOOL_ITEM \${OMPI_COMM_WORLD_RANK-none}'"

# Not what rp_launch() sets for MPI; so a command may be a program of Rankpool's.
expect 0 "none none
yes none
a
b" "" env -u OMPI_MCA_odls_base_sigkill_timeout "$farm" --ranks 2 ::: \
    'echo ${OMPI_MCA_odls_base_sigkill_timeout-none} ${RANKPOOL_SETTINGS-none}' \
    'echo ${OMPI_COMM_WORLD_RANK-yes} ${PMI_RANK-none}' "'$farm' --ranks 2 echo ::: a b"

# Short and long ones, with and without a shell, on both streams.
i=0
while [ $i -lt "$commands" ]; do
    echo "echo $i"
    echo "expr $i + 1"
    echo "seq $((i % 7 * 1000)); echo e$i >&2"
    echo true
    i=$((i + 4))
done >"$scratch/commands"
sh "$scratch/commands" >"$scratch/serial" 2>"$scratch/serial.err"
for run in 1 3; do
    limited "$farm" --ranks $run -a "$scratch/commands" >"$scratch/stdout" 2>"$scratch/stderr"
    check "output as that of a serial run on $run ranks" cmp "$scratch/serial" "$scratch/stdout"
    check "and errors" cmp "$scratch/serial.err" "$scratch/stderr"
done
RANKPOOL_NODE_SIZE=1 limited "$farm" --ranks 2 --unordered -a "$scratch/commands" 2>/dev/null |
    sort >"$scratch/stdout"
sort "$scratch/serial" >"$scratch/serial.sorted"
check "on two nodes, in any order" cmp "$scratch/serial.sorted" "$scratch/stdout"

long='head -c 10000000 /dev/zero | tr "\\0" {}'
expect 0 "$( (for letter in a b; do head -c 10000000 /dev/zero | tr '\0' $letter; done) | cksum)" "" \
    sh -c "RANKPOOL_NODE_SIZE=1 '$farm' --ranks 2 '$long' ::: a b | cksum"

# ---- failures ------------------------------------------------------------------------------------

expect 3 "b" "$(/bin/sh -c no-such 2>&1)" "$farm" --ranks 2 ::: false 'echo b' no-such "kill -9 \$\$"
seq 120 >"$scratch/many"
expect 101 "" "" "$farm" --ranks 2 -a "$scratch/many" false
expect 0 "third" "" "$farm" --ranks 2 --retries 3 \
    "echo >>$scratch/tries; [ \$(wc -l <$scratch/tries) = 3 ] && echo {}" ::: third
expect 1 "" "" "$farm" --ranks 2 --retries 2 false ::: x
expect 2 "" "farm: command 1 did not end within 0.3 seconds: sleep 1000 & echo \$! >>$scratch/slow; wait # 1
farm: command 2 did not end within 0.3 seconds: sleep 1000 & echo \$! >>$scratch/slow; wait # 2" \
    "$farm" --ranks 2 --timeout 0.3 "sleep 1000 & echo \$! >>$scratch/slow; wait # {}" ::: 1 2
expect 0 "" "" "$farm" --ranks 2 "sleep 1000 & echo \$! >>$scratch/left; # {}" ::: 1 2
settle
check "what a command leaves behind ends with it" gone "$scratch/left"
check "and at a time limit, all of its processes" gone "$scratch/slow"

# The first command fails while the second runs, which ends when that is in the log.
first="until [ -e $scratch/second ]; do sleep 0.01; done; exit 9"
second="touch $scratch/second; until grep -q 'exit 9' $scratch/halt.log; do sleep 0.01; done"
expect 1 "" "" "$farm" --ranks 2 --halt soon --joblog "$scratch/halt.log" ::: \
    "$first" "$second" "echo third" "echo fourth"
settle
check "no command starts after a failure" [ "$(wc -l <"$scratch/halt.log")" -eq 3 ]
expect 1 "" "" "$farm" --ranks 2 --halt now ::: "sleep 1000" false "sleep 1000"
# On nodes the second may wait for the first, which therefore fails after some time at the latest.
RANKPOOL_NODE_SIZE=1 expect 1 "" "" "$farm" --ranks 3 --halt now ::: \
    "for i in 1 2 3 4 5; do [ -e $scratch/third ] || sleep 0.1; done; exit 1" \
    "sleep 1000" "touch $scratch/third; sleep 1000"
expect 2 "" "" "$farm" --ranks 1 --halt now,fail=2 ::: false true false "echo fourth"

expect 1 "" "farm: cannot write to standard output: No space left on device" \
    sh -c "'$farm' --ranks 2 'sleep 0.1; echo' ::: 1 2 3 >/dev/full"

# ---- the log -------------------------------------------------------------------------------------

log=$scratch/log
limited "$farm" --ranks 2 --joblog "$log" ::: "echo four" "exit 7" "kill -9 \$\$" "printf 'a
b'" >"$scratch/stdout" 2>&1
check "columns of a job log" [ "$(sed -n 1p "$log" | tr '\t' ' ')" = \
    "Seq Host Starttime JobRuntime Send Receive Exitval Signal Command" ]
check "and its lines" [ "$(sed 1d "$log" | sort -n | cut -f 1,5- | tr '\t\0' ' @')" = "1 0 5 0 0 echo four
2 0 0 7 0 exit 7
3 0 0 0 9 kill -9 \$\$
4 0 3 0 0 printf 'a@b'" ]
check "and the host" [ "$(sed -n 2p "$log" | cut -f 2)" = "$(uname -n)" ]
printf '5\there' >>"$log"
expect 2 "" "" "$farm" --ranks 2 --joblog "$log" --resume ::: "echo four" "exit 7" "kill -9 \$\$" "printf 'a
b'"
settle
check "what failed is run again" [ "$(sed 1d "$log" | sort -n | cut -f 1 | tr '\n' ' ')" = "1 2 2 3 3 4 " ]
expect 2 "" "farm: command 1 is not the one in the job log '$log': resume with the same commands, or begin another log" \
    "$farm" --ranks 2 --joblog "$log" --resume ::: "echo five"
expect 2 "" "farm: '$scratch/many' is not a job log: its first line is another" \
    "$farm" --ranks 2 --joblog "$scratch/many" --resume ::: "echo five"
settle

# Killed in the middle, again and again. A command notes its process while it runs.
seq 100 >"$scratch/numbers"
log=$scratch/killed.log
begin() {
    "$farm" --ranks 2 -a "$scratch/numbers" --unordered --joblog "$log" --resume \
        "sleep 0.02 & echo \$! >>$scratch/began; wait; : {}" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
    : >"$scratch/ended"
}
round=0
: >"$log"
while [ $round -lt "$resumes" ]; do
    enough=$(($(wc -l <"$log") + 1 + 60 / resumes))
    rm -f "$scratch/ended"
    begin &
    process=$!
    wait_until sh -c "[ -e '$scratch/ended' ] || [ \$(wc -l <'$log') -ge $enough ]"
    kill -KILL $process $(pgrep -P $process) 2>/dev/null
    wait $process 2>/dev/null
    wait_until flock -n "$log" true
    truncate -s -3 "$log"
    round=$((round + 1))
done
check "$resumes times killed, no command outlives the farm" gone "$scratch/began"
limited "$farm" --ranks 2 -a "$scratch/numbers" --joblog "$log" --resume \
    "sleep 0.02 & echo \$! >>$scratch/began; wait; : {}" >"$scratch/stdout" 2>"$scratch/stderr"
check "resumed, all is done" [ $? -eq 0 ]
sed 1d "$log" | awk '$7 == 0 && $8 == 0 { print $1 }' | sort -n >"$scratch/succeeded"
check "each command succeeded once in the log" cmp "$scratch/numbers" "$scratch/succeeded"

# Killed, and its ranks with it: processes of a command's group that are no children of a rank.
"$farm" --ranks 2 ::: "sleep 1000 & echo \$! >$scratch/child.1; wait" "sleep 1000 & echo \$! >$scratch/child.2; wait" \
    >"$scratch/stdout" 2>"$scratch/stderr" </dev/null &
process=$!
wait_until test -s "$scratch/child.1" -a -s "$scratch/child.2"
kill -KILL $process
wait $process 2>/dev/null
check "killed, with the first command" gone "$scratch/child.1"
check "and the second" gone "$scratch/child.2"

# Interrupted by a signal.
"$farm" --ranks 2 ::: "echo \$\$ >$scratch/interrupted; sleep 1000" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null &
process=$!
wait_until test -s "$scratch/interrupted"
kill -TERM $process
wait $process
check "interrupted" [ $? -eq 75 ]
check "with its command" gone "$scratch/interrupted"
finish
