#!/bin/bash
# The program rankpool-doctor on correct and on faulty machines and launches.
# Usage: doctor.sh, with the program in ./apps.
set -u
doctor=$PWD/apps/rankpool-doctor
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/apps/expect.sh
. "$here/expect.sh"
unset "${!SLURM_@}" "${!RANKPOOL_@}"
unset OMPI_MCA_hwloc_base_binding_policy PRTE_MCA_hwloc_default_binding_policy
cores=$(nproc)

blot() { cat; }

# finds [REGULAR-EXPRESSION]... -- COMMAND...: the output is a complete report with lines that
# match: it ends with the number of problems, names for each what to type, and the exit status
# agrees.
finds() {
    local expected=() mends last=all\ in\ order
    while [ "$1" != -- ]; do
        expected+=("$1")
        shift
    done
    shift
    limited "$@" >"$scratch/report" 2>"$scratch/errors"
    local status=$?
    mends=$(grep -c '^MEND ' "$scratch/report")
    [ "$mends" = 0 ] || last="$mends thing$([ "$mends" = 1 ] || echo s) to mend"
    local line wrong=
    for line in "${expected[@]}"; do
        grep -q -E "^$line" "$scratch/report" || wrong="no line $line"
    done
    [ "$(grep -c -x -E 'all in order|[0-9]+ things? to mend' "$scratch/report")" = 1 ] || wrong="not one end"
    [ "$(tail -n 1 "$scratch/report")" = "$last" ] || wrong="the last line is not '$last'"
    [ "$(grep -A 1 '^MEND ' "$scratch/report" | grep -c '^      type: ')" = "$mends" ] || wrong="no advice"
    [ $status = $((mends > 0)) ] || wrong="status $status"
    if [ -z "$wrong" ]; then
        report ok "${expected[*]} -- $*"
    else
        report "not ok" "$* ($wrong)"
        sed 's/^/# /' "$scratch/report" "$scratch/errors"
    fi
}

is_open_mpi() { "$mpirun" --version 2>&1 | grep -q -E '\((Open MPI|OpenRTE)\)'; }
bound_by_default() { "$mpirun" --version 2>&1 | grep -q -E '\((Open MPI|OpenRTE)\) 4\.'; }

# Started by itself.
version="ok    MPI +Rankpool [0-9.]+ \((Open MPI|MPICH) [0-9.]+\)"
finds "$version" "ok    launch +started by itself: $cores ranks? on 1 node$" \
    "ok    cores +one for each rank$" "ok    binding +ranks are not bound" "ok    threads" \
    "[a-zA-Z]+ +shared memory" "ok    files" "[a-zA-Z]+ +memory" \
    "ok    build +commit ([0-9a-f]{12}|unknown), configured with " -- "$doctor"
[ "$cores" -lt 2 ] || finds "note  cores +1 rank on .*, which has $cores cores" -- "$doctor" --ranks 1
[ "$cores" -ge 16 ] || finds "MEND  cores +16 ranks share $cores core" \
    "      type: +--ranks $cores, or mpirun -np $cores$" -- "$doctor" --ranks 16

# Started by a launcher; one report for any number of ranks.
for ranks in 1 3 16; do
    finds "ok    launch +started by mpirun: $ranks ranks? on 1 node$" -- "$mpirun" $quiet -np $ranks "$doctor"
done
if bound_by_default && [ "$cores" -ge 2 ]; then
    finds "MEND  binding +rank 0 is bound to 1 core" "      type: +mpirun --bind-to none" -- \
        "$mpirun" $quiet -np 2 "$doctor"
    finds "ok    binding" -- "$mpirun" $quiet -np 2 --bind-to none "$doctor"
fi
# As under the mpirun of another MPI; MPICH would contact the launcher, which does not exist.
! is_open_mpi || PMI_RANK=0 PMI_SIZE=4 finds "MEND  launch +the launcher started 4 processes" -- "$doctor"
SLURM_JOB_NUM_NODES=2 finds "MEND  Slurm job +it has 2 nodes, and 1 of them" -- "$doctor"
SLURM_JOB_NUM_NODES=1 finds "ok    Slurm job +all of its 1 node$" -- "$doctor"

# Pretended nodes.
export RANKPOOL_NODE_SIZE=1
finds "ok    launch +started by itself: 2 ranks on 2 nodes$" "note  environment +RANKPOOL_NODE_SIZE=1" \
    "[a-zA-Z]+ +network" "ok    clocks" "ok    threads" -- "$doctor" --ranks 2
RANKPOOL_AGENT=poll finds "note  threads +RANKPOOL_AGENT=poll" -- "$doctor" --ranks 2
unset RANKPOOL_NODE_SIZE

# Problems of machines.
RANKPOOL_TEST_UNREACHABLE=1 finds "MEND  memory +rank 0 on .* of 1 other:" -- "$doctor" --ranks 2
TMPDIR=/dev/null/nowhere finds "MEND  files +/dev/null/nowhere on .*: Not a directory" -- "$doctor"
if is_open_mpi && unshare --mount true 2>/dev/null; then
    finds "MEND  shared memory +/dev/shm on .* has only 2 MiB" -- \
        unshare --mount sh -c "mount -t tmpfs -o size=2m tmpfs /dev/shm && exec $doctor"
fi
if unshare --mount true 2>/dev/null; then
    finds "MEND  localhost +the name has no address on " "      type: +echo '127.0.0.1 localhost'" -- \
        unshare --mount sh -c "mount --bind /dev/null /etc/hosts && mount --bind /dev/null /etc/nsswitch.conf && \
        exec $doctor --ranks 1"
fi

# Virtual nodes, all on one machine.
cluster=$here/../cluster/run
if [ "${RANKPOOL_TEST_NODES:-}" != none ] && "$cluster" --nodes 1,1 --once true 2>"$scratch/why"; then
    finds "ok    launch +started by mpirun: 2 ranks on 2 nodes$" "ok    clocks" "[a-zA-Z]+ +network" -- \
        "$cluster" --nodes 1,1 -- "$doctor"
    if is_open_mpi; then
        finds "MEND  binding +ranks 0 and 1 are bound to the same core$" -- \
            "$cluster" --nodes 1,1 --once "$mpirun" $quiet -np 2 --bind-to core "$doctor"
    fi
    if is_open_mpi && "$cluster" --kind net --nodes 1,1 --once true 2>"$scratch/why"; then
        finds "MEND  network +.* long ones go at [0-9]+ MB/s to n2$" -- \
            "$cluster" --kind net --nodes 1,1 --rate 100mbit -- "$doctor"
    fi
else
    echo "# without virtual nodes: $(tail -n 1 "$scratch/why" 2>/dev/null)"
fi

# Invalid options, help, and output that cannot be written.
refuses() { refused "$doctor" "$@"; }
refuses "'now' is one argument too many: give options only" now
refuses "option '--fast' is not known" --fast
refuses "option '--ranks' needs an argument" --ranks
expect 0 "$("$doctor" --help)" "" "$doctor" --help
expect 0 "$("$doctor" --version)" "" "$doctor" --version
expect 1 "" "rankpool-doctor: cannot write to standard output: No space left on device" \
    sh -c "$doctor >/dev/full"

finish
