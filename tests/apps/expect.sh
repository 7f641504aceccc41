#!/bin/sh
# What the tests of programs share: sourced by them, in the build directory. Sets `mpirun`, `quiet` and
# `scratch`, a directory that goes in the end.
mpirun=${MPIRUN:-mpirun}

# Open MPI: as root, and with more ranks than cores, which then let each other run.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
unset RANKPOOL_RANKS RANKPOOL_SCHEDULE RANKPOOL_NODE_SIZE RANKPOOL_MEMORY_DIR RANKPOOL_MPIRUN

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
number=0
failures=0

# -q: no page of mpirun's own when the program ends with a status of its own. Open MPI only.
quiet=
# shellcheck disable=SC2034 # it is the tests that use it
case $("$mpirun" --version 2>&1) in
*"Open MPI"* | *OpenRTE*) quiet=-q ;;
esac

limited() {
    timeout -k 5 120 "$@" </dev/null
}

report() { # report ok|"not ok" NAME
    number=$((number + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $number - $2"
}

# check NAME COMMAND...: the command succeeds.
check() {
    name=$1
    shift
    if "$@" >"$scratch/check" 2>&1; then
        report ok "$name"
    else
        report "not ok" "$name"
        sed 's/^/# /' "$scratch/check"
    fi
}

# What differs from run to run is blotted out by the test's own function `blot`.
# expect STATUS STDOUT STDERR COMMAND...: runs the command and compares all three.
expect() {
    printf '%s' "${2:+$2
}" >"$scratch/stdout.expected"
    printf '%s' "${3:+$3
}" >"$scratch/stderr.expected"
    expected_status=$1
    : >"$scratch/diff"
    shift 3
    limited "$@" >"$scratch/stdout" 2>"$scratch/stderr.raw"
    status=$?
    blot <"$scratch/stderr.raw" >"$scratch/stderr"
    if [ $status -eq "$expected_status" ] &&
        diff "$scratch/stdout.expected" "$scratch/stdout" >"$scratch/diff" &&
        diff "$scratch/stderr.expected" "$scratch/stderr" >>"$scratch/diff"; then
        report ok "$*"
        return
    fi
    report "not ok" "$*"
    echo "# status $status, expected $expected_status"
    sed 's/^/# /' "$scratch/diff"
}

# finish: the last line of a test.
finish() {
    echo "1..$number"
    [ $failures -eq 0 ]
}
