#!/bin/bash
# LSF: edit the requests and the command, then
#
#     bsub <lsf.sh
#
#BSUB -J rankpool
#BSUB -n 32
#BSUB -R "span[ptile=16]"
#BSUB -W 1:00
#BSUB -o rankpool-%J.out
# Two minutes before the end LSF sends USR1.
#BSUB -wa USR1 -wt 2

[ $# -gt 0 ] || set -- ./primes 1e15
# An mpirun of Open MPI that was not built for LSF, such as Debian's, gets the nodes from this list, and reaches them by
# ssh. For one that was, it changes nothing.
export OMPI_MCA_orte_default_hostfile=$LSB_DJOB_HOSTFILE PRTE_MCA_prte_default_hostfile=$LSB_DJOB_HOSTFILE
exec "$@"
