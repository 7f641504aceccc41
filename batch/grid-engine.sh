#!/bin/bash
# Grid Engine: edit the requests, the name of the site's parallel environment, and the command, then
#
#     qsub grid-engine.sh
#
#$ -N rankpool
#$ -pe mpi 32
#$ -l h_rt=01:00:00
# Two minutes before that, the soft limit sends USR1.
#$ -l s_rt=00:58:00
#$ -cwd
#$ -j y
#$ -S /bin/bash

[ $# -gt 0 ] || set -- ./primes 1e15
# Open MPI 4 built with support for Grid Engine reads PE_HOSTFILE itself. Version 5.0 crashes when it does. Without ARC it
# does not: it gets the nodes from a file in the directory that Grid Engine makes for the job, and reaches them by ssh.
case $(mpirun --version 2>/dev/null) in
*"(Open MPI) 5."*)
    awk '{ for (i = 0; i < $2; i++) print $1 }' "$PE_HOSTFILE" >"$TMPDIR/nodes"
    export PRTE_MCA_prte_default_hostfile=$TMPDIR/nodes
    unset ARC
    ;;
esac
exec "$@"
