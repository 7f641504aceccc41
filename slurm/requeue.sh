#!/bin/bash
# A job that is longer than the time a job may have: interrupted before its end, it queues itself
# again, until the program is done. The program must keep what it has done, and go on from there
# when it is started anew:
#
#     sbatch requeue.sh ./primes 1e16 --checkpoint kept --resume
#
#SBATCH --job-name=requeue
#SBATCH --nodes=1
#SBATCH --exclusive
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.out
#SBATCH --signal=B:USR1@120

most_restarts=100 # a program that gets nowhere is not to go on for ever
interrupted=75    # the exit status of a program that may be resumed

[ $# -gt 0 ] || { echo "usage: sbatch requeue.sh PROGRAM [ARGUMENT]..." >&2; exit 2; }

# The shell hears of a signal at once only while it waits for something in the background. It waits
# again afterwards: for the program, which is about to end.
"$@" &
program=$!
trap 'kill -USR1 "$program"' USR1
while kill -0 "$program" 2>/dev/null; do
    wait "$program"
done
wait "$program"
status=$?

if [ "$status" -eq "$interrupted" ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "$most_restarts" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
