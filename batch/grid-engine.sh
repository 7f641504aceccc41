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
# Open MPI built with support for Grid Engine reads PE_HOSTFILE itself.
exec "$@"
