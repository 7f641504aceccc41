#!/bin/sh
# The suites of worklists on nodes whose ranks survive deaths, where the root lends all items. Under an mpirun that keeps
# the other ranks when one dies, which the suites are not otherwise started with. No rank dies here.
set -u
here=$(dirname "$0")
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export RANKPOOL_SURVIVE=1 OMPI_MCA_orte_enable_recovery=1 OMPI_MCA_mpi_ft_enable=1

for size in 2 1; do # ranks of a node
    RANKPOOL_NODE_SIZE=$size "$here/../support/launch_ranks" 3 tests/suites/suites 'worklist' 'ends every job' \
        >"$work/out" 2>&1
    status=$?
    if grep -q 'will not survive' "$work/out"; then
        echo "ranks do not survive others with this MPI"
        exit 77
    fi
    [ $status = 0 ] || {
        cat "$work/out"
        exit $status
    }
    tail -n 1 "$work/out"
done
