#!/bin/bash
# Several nodes, by srun, which starts the ranks without an mpirun. `srun --mpi=list`
# must name pmix.
#
#     sbatch --nodes=8 --ntasks-per-node=16 many-nodes-srun.sh ./primes --time 1e15
#
#SBATCH --job-name=many-nodes-srun
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.out
# Two minutes before the end Slurm sends USR1 to what srun has started: to the ranks.
#SBATCH --signal=USR1@120

[ $# -gt 0 ] || { echo "usage: sbatch many-nodes-srun.sh PROGRAM [ARGUMENT]..." >&2; exit 2; }
exec srun --mpi=pmix "$@"
