#!/bin/sh
# The time of a program that only opens and closes a pool, from start to end, compared with an empty
# MPI program; started by mpirun, and by itself.
#
# usage: bench/startup.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of startup.sh 7 "$@")
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

# beside NAME OURS THEIRS ROUNDS GOAL
beside() {
    for _ in $(seq "$4"); do
        echo "$(seconds_of "$2") $(seconds_of "$3")"
    done | ratio "$1" "$5"
}

beside "a pool opened under mpirun / empty program" opened empty "$rounds" 1.10
# A start takes half a second, and its spread is wide: more pairs.
beside "a program started by itself / empty program" by_itself empty_as_shipped $((4 * rounds + 1)) 0.65
