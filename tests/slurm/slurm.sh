#!/bin/bash
# Every script of slurm/ under a real Slurm, which runs over virtual nodes of this machine for the duration of this
# script; or, with arguments, another command. Usage, with the programs in ./apps and ./tests:
#
#     slurm.sh
#     slurm.sh NODES COMMAND...    on nodes as tests/cluster/run takes them
#
# Needs Debian's packages slurm-wlm and munge.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() {
    echo "skipped: $*"
    exit 77
}

[ "${RANKPOOL_TEST_NODES:-}" != none ] || skip "RANKPOOL_TEST_NODES is 'none'"
PATH=$PATH:/usr/sbin:/sbin
for tool in slurmctld slurmd munged sbatch srun; do
    command -v $tool >/dev/null || skip "there is no $tool (Debian: apt install slurm-wlm munge)"
done
[ "$(id -u)" = 0 ] || skip "Slurm's daemons want to be root"
mpirun=${MPIRUN:-mpirun}
case $("$mpirun" --version 2>&1) in
*"Open MPI"* | *OpenRTE*) ;;
*) skip "slurm/ is for Open MPI's mpirun and for srun --mpi=pmix, and MPIRUN is '$mpirun'" ;;
esac

# All processes are in the cluster's own namespaces and end with it; all files are here.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'kill -TERM "$cluster" 2>/dev/null' INT TERM HUP
mkdir "$directory/jobs"
[ $# -gt 0 ] || set -- 2,2,2 "$here/checks" "$directory/jobs"
nodes=$1
shift
"$here/../cluster/run" --kind net --nodes "$nodes" --once \
    "$here/start" "$directory/slurm" "$@" &
cluster=$!
while kill -0 "$cluster" 2>/dev/null; do
    wait "$cluster"
done
wait "$cluster"
