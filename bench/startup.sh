#!/bin/sh
# What a program costs that opens and closes a pool and does nothing else, from beginning to end,
# beside an empty MPI program; started by mpirun, and by itself.
#
# usage: bench/startup.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of startup.sh 7 "$@")
: "${MPIRUN:?is set by make bench}"
# shellcheck disable=SC1091 # it is no script of its own
. "$here/../tests/launch_environment"

empty() {
    timeout -k 5 60 "$MPIRUN" -np "$cores" bench/startup empty
}

opened() {
    timeout -k 5 60 "$MPIRUN" -np "$cores" bench/startup
}

by_itself() {
    timeout -k 5 60 bench/startup --ranks "$cores"
}

# beside NAME OURS GOAL
beside() {
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of "$2") $(seconds_of empty)"
    done | ratio "$1" "$3"
}

beside "a pool opened under mpirun / empty program" opened 1.10
beside "a pool opened by itself / empty program" by_itself 1.25
