#!/bin/sh
# primes prints the same numbers, through a stream, whatever ranks die meanwhile. Usage: printing.sh, with the program
# primes in ./apps.
set -u
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/../apps/expect.sh"
interval="1e12 1e12+1e8 -p"
mkfifo "$scratch/pipe"

descendants() {
    for child in $(pgrep -P "$1"); do
        echo "$child"
        descendants "$child"
    done
}

# kill_rank RANK: of the running program.
kill_rank() {
    for process in $(descendants "$program"); do
        ! tr '\0' '\n' <"/proc/$process/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$" ||
            kill -KILL "$process"
    done
}

# print_without RANK...: kills the ranks one after the other, each after another part of the output was read: the stream
# cannot end while the reader stops.
print_without() {
    # shellcheck disable=SC2086 # several words
    timeout -k 5 600 apps/primes $interval --ranks 4 >"$scratch/pipe" 2>"$scratch/errors" </dev/null &
    program=$!
    {
        for rank; do
            head -c 5000000
            kill_rank "$rank"
        done
        cat
    } <"$scratch/pipe" >"$scratch/printed"
    wait "$program" || return 1
    cat "$scratch/errors"
    for rank; do
        grep -q "ranks* .*$rank.* died by signal 9 (Killed); the others went on" "$scratch/errors" || return 1
    done
    cmp "$scratch/printed" "$scratch/expected"
}

# shellcheck disable=SC2086
limited apps/primes $interval --ranks 1 >"$scratch/expected" || exit 99
limited tests/deaths/ends --ranks 4 nothing >/dev/null 2>&1
[ $? != 77 ] || {
    echo "ranks do not survive others with this MPI"
    exit 77
}
check "primes are printed without rank 2" print_without 2
check "primes are printed without all ranks but the root" print_without 3 1 2
finish
