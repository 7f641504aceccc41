#!/bin/bash
# Reports of programs whose tasks crash, exit, or never end; the programs must end as they would
# without the library.
# Usage: faults.sh, with the program faulty in ./tests/faults.
set -u
faulty=$PWD/tests/faults/faulty
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/support/launch_environment disable=SC1091
. "$here/../support/launch_environment"
# shellcheck source=tests/support/checks disable=SC1091
. "$here/../support/checks"
enter_scratch

under_mpirun() { "${MPIRUN:-mpirun}" -np 3 "$faulty" "$@"; }
alone() { "$faulty" "$@" --ranks 3; }
export -f under_mpirun alone
export faulty MPIRUN

# try LAUNCH WAY [plain]: stderr goes to the file err, the status into $status.
try() {
    timeout -k 5 600 bash -c '"$@"' bash "$@" >out 2>err
    status=$?
    sed -i -f "$noise" err
}

# says PATTERN [TIMES]: does the pattern match a line, this often?
says() {
    local count
    count=$(grep -Ec -- "$1" err)
    [ "$count" -eq "${2:-1}" ] || {
        echo "# $count lines as \"$1\", not ${2:-1}:"
        head -c 2000 err
        return 1
    }
}

ends_with() { [ "$status" -eq "$1" ] || { echo "# status $status instead of $1"; return 1; }; }

# beside: runs the check in parallel with others, in a directory of its own. mpirun sleeps two
# seconds when it ends ranks.
places=0
beside() {
    while [ "$(jobs -r | wc -l)" -ge 4 ]; do
        wait -n
    done
    places=$((places + 1))
    mkdir $places
    (cd $places && check "$@") >report.$places &
}
all_over() {
    local place
    wait
    for ((place = 1; place <= places; place++)); do
        cat report.$place
        grep -q '^ok - ' report.$place || failures=$((failures + 1))
    done
}

who='^rankpool: rank [0-2] \([^ ,]+, process [0-9]+\):'

# crash LAUNCH WAY WHAT: one block that names the item, and the same end as without the library.
crash() {
    local expected
    try "$1" "$2" plain
    expected=$status
    says '^rankpool: rank' 0 && [ "$expected" -ne 0 ] || return 1
    try "$1" "$2"
    ends_with "$expected" && says "$who $3; backtrace:\$"
}
backtrace() {
    try under_mpirun segv
    [ "$(uname -m)" != x86_64 ] || says '^[^ []*faulty\(rp_map\+' 1
}
one_stack() { # and the printed command resolves static functions
    local command
    try "$1" segv
    says 'Process received signal|Failing at address' 0 || return 1
    command=$(sed -n 's/^rankpool: for names and lines: //p' err)
    [ "$(wc -l <<<"$command")" -eq 1 ] || { echo "# told: $command"; return 1; }
    command -v addr2line >/dev/null || return 0
    $command >named
    grep -q '^store_nowhere' named || { echo "# $command"; cat named; return 1; }
}
outside() {
    try under_mpirun outside
    says "$who signal 11 \(SIGSEGV\), outside of any job; backtrace:\$"
}
core_dump() { # the system's handling of a crash is not changed
    ulimit -c unlimited 2>/dev/null && [ "$(cat /proc/sys/kernel/core_pattern)" = core ] || return 0
    OMPI_MCA_opal_signal='' try under_mpirun segv
    ls core* >/dev/null 2>&1 || { echo "# no core dump"; return 1; }
    rm -f core*
}
quiet() { try "$1" none; ends_with 0 && says . 0; }
forever() {
    try "$1" "${2:-forever}"
    if [ "$status" -eq 0 ] || [ "$status" -eq 124 ]; then
        echo "# status $status"
        return 1
    fi
    says '^rankpool: item 17 on rank [0-2] \([^ ]+\): still running after twice options.item_seconds; aborting the job$'
}

# reported TIMES: the number of reports in $reports, and then a successful end?
reported() {
    reports=$(grep -c '^rankpool: nothing has finished' err)
    [ "$reports" -ge "$1" ] || { echo "# $reports reports"; cat err; return 1; }
    ends_with 0
}

seconds='for [0-9.]+ s'
watchdog_names_items() {
    RANKPOOL_WATCHDOG=0.2 try "$1" while
    reported 2 && says "^rankpool: nothing has finished $seconds on node 0 \([^ ]+\):\$" "$reports" &&
        says "^  rank [0-2] computes item 17, $seconds\$" "$reports" &&
        says "^  rank [0-2] looks for work\$" $((2 * reports))
}
watchdog_knows_streams() {
    RANKPOOL_WATCHDOG=0.2 try under_mpirun stream-while
    reported 2 && says "^  rank [0-2] computes item 17 of a stream, $seconds\$" "$reports"
}
watchdog_sees_tiny_items() {
    RANKPOOL_WATCHDOG=0.5 try under_mpirun stream-tiny
    ends_with 0 && says . 0
}
watchdog_names_the_late() {
    RANKPOOL_WATCHDOG=0.3 try "$1" late
    reported 1 && says "^  rank 2 is in the program's own code, in no call of this pool\$" "$reports" &&
        says "^  rank 0 is in rp_barrier, and waits for other ranks $seconds\$" "$reports"
}
watchdog_sleeps() { try "$1" late; ends_with 0 && says . 0; }

for launch in under_mpirun alone; do
    check "$launch: nothing goes wrong" quiet $launch
    check "$launch: the watchdog names the items" watchdog_names_items $launch
    check "$launch: the watchdog names who is late" watchdog_names_the_late $launch
    check "$launch: no watchdog" watchdog_sleeps $launch
done
check "the watchdog and a stream" watchdog_knows_streams
check "the watchdog and a stream of tiny items" watchdog_sees_tiny_items

for launch in under_mpirun alone; do
    beside "$launch: a stray pointer" crash $launch segv 'signal 11 \(SIGSEGV\), in item 17'
    beside "$launch: abort" crash $launch abort 'signal 6 \(SIGABRT\), in item 17'
    beside "$launch: exit" crash $launch exit 'exit\(\) was called, in item 17'
    beside "$launch: an item that never ends" forever $launch
done
for way in "bus 7 SIGBUS" "fpe 8 SIGFPE" "ill 4 SIGILL" "kill 11 SIGSEGV" "stack 11 SIGSEGV" \
    "loop-segv 11 SIGSEGV" "stream-segv 11 SIGSEGV"; do
    read -r name number word <<<"$way"
    beside "every way to crash" crash under_mpirun "$name" "signal $number \($word\), in item 17"
done
beside "beyond the end of node memory" crash under_mpirun beyond \
    'signal 11 \(SIGSEGV\), in item 17, beyond the end of the 100000 bytes of an rp_node_alloc\(\)'
beside "in front of node memory" crash under_mpirun before \
    'signal 11 \(SIGSEGV\), in item 17, just before memory of rp_node_alloc\(\): beyond the end of an array\?'
beside "a call that never ends" forever under_mpirun calls-forever
beside "exit in a loop" crash under_mpirun loop-exit 'exit\(\) was called, in item 17'
beside "backtrace" backtrace
beside "under_mpirun: one stack" one_stack under_mpirun
beside "alone: one stack" one_stack alone
beside "outside of jobs" outside
beside "core dumps" core_dump
all_over
[ $failures -eq 0 ]
