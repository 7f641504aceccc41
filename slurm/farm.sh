#!/bin/bash
# Shell commands, the lines of a file, on several nodes: one srun for all of them. What is done is in
# COMMANDS.log, from which the job goes on when it is submitted again.
#
#     sbatch --nodes=8 --ntasks-per-node=16 farm.sh ./farm commands.txt
#
#SBATCH --job-name=farm
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.out
# Two minutes before the end Slurm sends USR1 to what srun has started: to the ranks.
#SBATCH --signal=USR1@120

[ $# -gt 1 ] || { echo "usage: sbatch farm.sh FARM COMMANDS [OPTION]..." >&2; exit 2; }
farm=$1 commands=$2
shift 2
exec srun --mpi=pmix "$farm" --arg-file "$commands" --joblog "$commands.log" --resume "$@"
