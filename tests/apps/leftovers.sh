#!/bin/sh
# However a program ends, it leaves no temporary file. Run in the build directory.
set -u
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"
observed=./tests/apps/observed

# await COMMAND...: until it succeeds, for a minute at most.
await() {
    tries=600
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

held=$scratch/held
no_files() {
    ! ls "$held".* >"$scratch/left" 2>&1
}

# ended NAME: the program ends, and leaves nothing.
ended() {
    wait "$job"
    check "$1: it has failed" [ $? -ne 0 ]
    check "$1: no temporary file is left" no_files
    rm -f "$held".*
}

# hold COMMAND...: starts it, and waits until its file is open. Sets `job` and `root`. (SIGINT and
# SIGQUIT are ignored in a shell's background processes.)
hold() {
    : >"$scratch/root"
    env --default-signal=INT,QUIT timeout --foreground -k 5 600 "$@" >"$scratch/root" 2>/dev/null &
    job=$!
    await grep -q . "$scratch/root" || echo "# it does not begin"
    root=$(cat "$scratch/root")
}

for ranks in 1 2 4; do
    for signal in INT TERM HUP QUIT; do
        hold $observed --ranks $ranks hold "$held" wait
        kill -"$signal" "$job"
        ended "$signal to a program of $ranks ranks"
    done
    hold $observed --ranks $ranks hold "$held" wait
    kill -KILL "$root"
    ended "KILL to the root of $ranks ranks"
    hold $observed --ranks $ranks hold "$held" wait
    kill -STOP "$root" # so that it is still there when the launch ends
    kill -HUP "$job"
    ended "HUP to a program of $ranks ranks whose root stands still"
    some="HUP SEGV"
    [ $ranks -ne 2 ] || some="HUP INT TERM ALRM USR1 XCPU SEGV PIPE"
    for signal in $some; do
        hold "$mpirun" -np $ranks $observed hold "$held" wait
        kill -"$signal" "$root"
        ended "$signal to the root of $ranks ranks under mpirun"
    done
    for way in exit abort crash; do
        hold "$mpirun" -np $ranks $observed hold "$held" $way
        ended "$way of $ranks ranks"
    done
done

finish
