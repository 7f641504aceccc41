#!/bin/bash
# PBS Pro, OpenPBS, Torque: edit the requests and the command, then
#
#     qsub pbs.sh
#
#PBS -N rankpool
#PBS -l select=2:ncpus=16:mpiprocs=16
#PBS -l walltime=01:00:00
#PBS -j oe

[ $# -gt 0 ] || set -- ./primes --walltime 3480 1e15 # stops two minutes before the time limit
cd "${PBS_O_WORKDIR:-.}" || exit 1
# An mpirun of Open MPI that was not built for PBS, such as Debian's, gets the nodes from this list, and reaches them by
# ssh. For one that was, it changes nothing.
export OMPI_MCA_orte_default_hostfile=$PBS_NODEFILE PRTE_MCA_prte_default_hostfile=$PBS_NODEFILE
exec "$@"
