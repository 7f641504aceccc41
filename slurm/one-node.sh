#!/bin/bash
# One node, all of it. The program starts itself there, on one rank for each core that the job has.
#
#     sbatch one-node.sh ./primes --time 1e13
#
#SBATCH --job-name=one-node
#SBATCH --nodes=1
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.out
# Two minutes before the end Slurm sends USR1 to this script, which by then is the program.
#SBATCH --signal=B:USR1@120

[ $# -gt 0 ] || { echo "usage: sbatch one-node.sh PROGRAM [ARGUMENT]..." >&2; exit 2; }
exec "$@"
