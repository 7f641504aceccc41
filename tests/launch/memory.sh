#!/bin/bash
# Node memory on machines and under limits that have little of it: never a crash, an error if it is
# not enough, and TMPDIR if /dev/shm has no room.
# Usage: memory.sh, with the program memory in ./tests/launch.
set -u
memory=$PWD/tests/launch/memory
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/support/checks disable=SC1091
. "$here/../support/checks"
# shellcheck source=tests/support/launch_environment disable=SC1091
. "$here/../support/launch_environment"
enter_scratch
unset "${!SLURM_@}" TMPDIR
export memory

# try COMMAND: stdout and stderr in the file out, its status in $status.
try() {
    timeout -k 5 600 bash -c "$1" >out 2>&1
    status=$?
    sed -i -f "$noise" out
    without_pages out
}

# gives STATUS LINE: that status, and only that line.
gives() {
    if [ "$status" -eq "$1" ] && [ "$(<out)" = "$2" ]; then
        return
    fi
    echo "# status $status:"
    head -c 2000 out
    return 1
}

# within MOUNTS COMMAND: with file systems of its own.
within() {
    try "unshare --mount bash -c '$1
$2'"
}

small='mount -t tmpfs -o size=1m,mode=1777 tmpfs /dev/shm'
roomy="mkdir -p '$work/tmp'; mount -t tmpfs -o size=600m,mode=1777 tmpfs '$work/tmp'; export TMPDIR='$work/tmp'"

goes_to_tmpdir() { # in pretended nodes of $1 ranks; 0: in one
    within "$small
$roomy" "RANKPOOL_NODE_SIZE=$1 exec $memory --ranks 4 64"
    gives 0 'survives: right'
}
no_shared_memory_at_all() {
    within "mount -t tmpfs -o size=4k,ro tmpfs /dev/shm
$roomy" "exec $memory --ranks 4"
    gives 0 'survives: right'
}
fills_up_later() { # allocated memory stays usable when the rest is used up
    within "mkdir -p own; mount -t tmpfs -o size=150m,mode=1777 tmpfs own" \
        "RANKPOOL_MEMORY_DIR=own exec $memory --ranks 4 80 own/full"
    gives 0 'survives: right'
}
leaves_room() { # MPI takes the space of its own files only when it needs it
    within 'mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm
mkdir -p full; mount -t tmpfs -o size=4k tmpfs full; export TMPDIR=$PWD/full' \
        "exec env OMPI_MCA_orte_tmpdir_base=/tmp PRTE_MCA_prte_tmpdir_base=/tmp RANKPOOL_MEMORY_DIR=/dev/shm \
            ${MPIRUN:-mpirun} -np 2 $memory 61"
    [ "$status" -ne 0 ] && grep -q '^does not survive: no room for 63963136 bytes of node memory in /dev/shm: No space left on device$' out
}
names_both() {
    within "$small
mkdir -p full; mount -t tmpfs -o size=1m tmpfs full" \
        "exec env OMPI_MCA_orte_tmpdir_base=/tmp PRTE_MCA_prte_tmpdir_base=/tmp TMPDIR=$work/full \
            ${MPIRUN:-mpirun} -np 2 $memory"
    [ "$status" -ne 0 ] && grep -q 'no room for .* bytes of node memory in /dev/shm: No space left on device; in .*/full: No space left on device' out
}

# An unusual directory name must do no harm.
odd_name() {
    within "$small
mkdir -p $1; mount -t tmpfs -o size=600m,mode=1777 tmpfs $1; export TMPDIR=\$PWD/$1" \
        "exec $memory --ranks 3"
    gives 0 'survives: right'
}

file_limit() {
    try "ulimit -f 6000; exec $memory --ranks 2 8"
    gives 1 'survives: no room for 8388608 bytes of node memory in /dev/shm: File too large; in /tmp: File too large'
}
file_limit_of_mpi() { # below what MPI needs for itself
    try "ulimit -f 4096; exec $memory --ranks 2"
    [ "$status" -eq 1 ] && [ "$(wc -l <out)" -eq 1 ] && grep -q 'in /dev/shm: File too large; in /tmp: File too large' out
}
address_limit() { # in nodes, 64 GiB of addresses were once reserved
    try "ulimit -v 2000000; RANKPOOL_NODE_SIZE=$1 exec $memory --ranks 4"
    gives 0 'survives: right'
}
too_many_addresses() {
    try "ulimit -v 1000000; exec $memory --ranks 2 1200"
    [ "$status" -eq 1 ] && grep -q 'Cannot allocate memory' out
}
says_why_not() {
    try "RANKPOOL_SURVIVE=1 ${MPIRUN:-mpirun} -np 2 $memory"
    gives 0 'rankpool: ranks will not survive the death of others: the launcher ends them all when one dies
does not survive: right'
}

check "a limit of file size" file_limit
check "a limit of file size that is too low for MPI" file_limit_of_mpi
check "a limit of addresses" address_limit 0
check "a limit of addresses, between nodes" address_limit 2
check "more addresses than that" too_many_addresses
check "it says why ranks do not survive" says_why_not
if unshare --mount mount -t tmpfs tmpfs "$work" 2>/dev/null; then
    check "/dev/shm without room" goes_to_tmpdir 0
    check "/dev/shm without room, between nodes" goes_to_tmpdir 2
    check "no /dev/shm" no_shared_memory_at_all
    check "/dev/shm is filled by others later" fills_up_later
    check "room is left for MPI" leaves_room
    check "no room in either" names_both
    check "TMPDIR with a long name" odd_name "$(printf '%0200d' 7)"
    check "TMPDIR with spaces" odd_name '"a b  c"'
    check "TMPDIR with bytes that are no text" odd_name "\$(printf \"\\377\\303\")"
else
    echo "# SKIPPED: what small file systems do; this machine forbids unshare --mount"
fi
[ $failures -eq 0 ]
