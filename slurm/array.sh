#!/bin/bash
# An array of jobs, one for each line of a file: a line has the arguments of one run, as in
#
#     --family oscillatory --dimensions 4
#     --family oscillatory --dimensions 8
#
#     sbatch --array=1-2 array.sh points.txt ./integrate --samples 1e9
#
#SBATCH --job-name=array
#SBATCH --array=1
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --output=%x-%A_%a.out
#SBATCH --signal=B:USR1@120

[ $# -gt 1 ] || { echo "usage: sbatch --array=1-N array.sh POINTS PROGRAM [ARGUMENT]..." >&2; exit 2; }
line=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$1")
[ -n "$line" ] || { echo "array.sh: $1 has no line $SLURM_ARRAY_TASK_ID" >&2; exit 2; }
read -r -a point <<<"$line"
shift
exec "$@" "${point[@]}"
