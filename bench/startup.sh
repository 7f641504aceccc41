#!/bin/sh
# The time of a program that only opens and closes a pool, from start to end, compared with an empty
# MPI program; started by mpirun, and by itself.
#
# usage: bench/startup.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
: "${MPIRUN:?is set by make bench}"
# shellcheck disable=SC1091 # sourced, not a script of its own
. "$here/../tests/support/launch_environment"

empty() {
    timeout -k 5 60 "$MPIRUN" -np "$cores" bench/startup empty
}

opened() {
    timeout -k 5 60 "$MPIRUN" -np "$cores" bench/startup
}

# as_shipped COMMAND...: without the settings that tests use.
as_shipped() {
    timeout -k 5 60 env -u OMPI_MCA_rmaps_base_oversubscribe -u OMPI_MCA_hwloc_base_binding_policy \
        -u OMPI_MCA_mpi_yield_when_idle -u OMPI_MCA_reachable -u RANKPOOL_WATCHDOG \
        -u PRTE_MCA_rmaps_default_mapping_policy -u PRTE_MCA_hwloc_default_binding_policy "$@"
}

by_itself() {
    as_shipped bench/startup --ranks 2
}

empty_as_shipped() {
    as_shipped "$MPIRUN" -np 2 bench/startup empty
}

opened_round() {
    seconds_of empty
    seconds_of opened
}

by_itself_round() {
    seconds_of empty_as_shipped
    seconds_of by_itself
}

measured opened_round "a pool opened under mpirun, beside an empty program" 0.91 1 2
measured by_itself_round "a program started by itself, beside mpirun" 1.54 1 2
