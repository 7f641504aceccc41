#!/bin/bash
# Interrupted programs end cleanly: with status 75, and one line on stderr.
# Usage: interruption.sh, with the programs in ./apps and ./tests/launch.
set -u
here=$(cd "$(dirname "$0")" && pwd)
apps=$PWD/apps
patient=$PWD/tests/launch/patient
mpirun=${MPIRUN:-mpirun}
# shellcheck source=tests/support/checks disable=SC1091
. "$here/../support/checks"
enter_scratch
forget_launchers
# shellcheck source=tests/support/launch_environment disable=SC1091
. "$here/../support/launch_environment"

quiet=
case $("$mpirun" --version 2>&1) in
*"(Open MPI) 5."*) ;;
*"Open MPI"* | *OpenRTE*) quiet=-q ;;
esac

# at_work COMMAND...: starts it in the background; returns when its ranks have begun. $job is its
# process. SIGINT is ignored in a script's background processes, so it is reset.
at_work() {
    : >out
    env --default-signal "$@" >out 2>err </dev/null &
    job=$!
    while [ ! -s out ]; do
        kill -0 $job 2>/dev/null || return 1
        sleep 0.05
    done
}

# expect STATUS TEXT: the command's status, and its only line on stderr.
expect() {
    sed -i -f "$noise" err
    [ "$status" = "$1" ] || { echo "# status $status instead of $1"; head -c 500 err; return 1; }
    [ "$(<err)" = "$2" ] || { echo "# said: $(head -c 500 err)"; return 1; }
}

# interrupted SIGNAL REASON COMMAND...
interrupted() {
    local signal=$1 reason=$2
    shift 2
    at_work "$@" || return 1
    kill "-$signal" $job
    over
    expect 75 "patient: interrupted ($reason)"
}
# The rank in a long item is first asked to end, then ended by the signal that we got.
impatient() {
    at_work "$patient" --ranks 2 1000 || return 1
    kill "-$1" $job
    sleep 0.5
    kill -0 $job || return 1
    kill "-$1" $job
    over
    expect $((128 + $(kill -l "$1"))) ""
}
finishes_items() { # half a second each, so that some are always in progress
    at_work "$patient" --ranks 3 0.5 || return 1
    kill -INT $job
    over
    expect 75 "patient: interrupted (Ctrl-C)"
}
# mpirun grants a rank one second and decides on the status; that of Open MPI 5 discards the ranks' last lines.
by_mpirun_term() {
    rm -f words
    at_work "$mpirun" $quiet -np 3 sh -c 'exec "$0" 0.01 2>>words' "$patient" || return 1
    kill -TERM $job
    over
    [ "$status" != 0 ] && [ "$(grep -c '^patient: interrupted (SIGTERM)$' words)" = 1 ]
}
alone_twice() { # a single rank gets Ctrl-C directly
    RANKPOOL_LAUNCHED=nobody at_work "$patient" 1000 || return 1
    kill -INT $job
    sleep 0.5
    kill -0 $job || return 1
    kill -INT $job
    over
    expect 130 ""
}
of_walltime() { # of_walltime COMMAND...
    "$@" >out 2>err </dev/null &
    job=$!
    over
    expect 75 "$(basename "$1"): interrupted: the wall time is over"
}
heat_of_walltime() { # steps, not a job of the pool
    "$apps/heat" --ranks 3 --walltime 1 --size 500 --steps 100000000 >out 2>err </dev/null &
    job=$!
    over
    expect 75 "heat: interrupted"
}
refused() {
    "$apps/primes" --walltime "$1" 10 >out 2>err
    status=$?
    expect 2 "primes: $2; try 'primes --help'"
}
on_nodes() { # on_nodes SHAPE SIGNAL
    at_work "$here/../cluster/run" --nodes "$1" -- "$patient" 0.01 || { cat err; return 1; }
    kill "-$2" $job
    over
    sed -i '/^-----/,/^-----/d' err # mpirun's message about a nonzero status
    expect 75 "patient: interrupted (SIG$2)"
}

reason() { # reason SIGNAL: the program's text for it
    case $1 in
    INT) echo Ctrl-C ;;
    *) echo "SIG$1" ;;
    esac
}

check "mpirun, USR1" interrupted USR1 SIGUSR1 "$mpirun" $quiet -np 3 "$patient" 0.01
check "mpirun, TERM" by_mpirun_term
for signal in INT TERM USR1; do
    check "by itself, $signal" interrupted $signal "$(reason $signal)" "$patient" --ranks 3 0.01
done
check "in an allocation, INT" interrupted INT Ctrl-C \
    env PBS_JOBID=1 "$patient" --ranks 3 0.01
check "items in hand are finished" finishes_items
check "INT twice" impatient INT
check "TERM twice" impatient TERM
for signal in INT TERM USR1; do
    check "a single rank, $signal" interrupted $signal "$(reason $signal)" \
        env RANKPOOL_LAUNCHED=nobody "$patient" 0.01
done
check "a single rank, INT twice" alone_twice
check "walltime" of_walltime "$patient" --ranks 3 0.01 1
check "primes --walltime" of_walltime "$apps/primes" --ranks 2 --walltime 1 1e14
check "heat --walltime" heat_of_walltime
check "--walltime 0" refused 0 "--walltime: '0': give at least 1 second"
check "--walltime soon" refused soon "--walltime: 'soon': 'soon' at character 1 should be a number"

skipped=
if "$here/../cluster/run" --nodes 1,1 --once true 2>err; then
    check "two nodes, USR1" on_nodes 2,2 USR1
    check "three nodes, USR1" on_nodes 1,2,1 USR1
else
    tail -n 1 err
    skipped=yes
fi

[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
[ -z "$skipped" ] || exit 77
