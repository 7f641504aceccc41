#!/bin/bash
# Several nodes, by mpirun. It knows from Slurm which nodes there are and how many ranks
# each of them gets.
#
#     sbatch --nodes=8 many-nodes-mpirun.sh ./primes --time 1e15
#
#SBATCH --job-name=many-nodes-mpirun
#SBATCH --nodes=2
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.out
# Two minutes before the end Slurm sends USR1 to this script, which by then is mpirun, which passes
# it on to the ranks.
#SBATCH --signal=B:USR1@120

[ $# -gt 0 ] || { echo "usage: sbatch many-nodes-mpirun.sh PROGRAM [ARGUMENT]..." >&2; exit 2; }
exec mpirun --bind-to none "$@"
