#!/bin/bash
# A program that rp_launch() runs on every core behaves like a plain command.
# Usage: launch.sh, with the programs launched and terminal in ./tests/launch.
set -u
programs=$PWD/tests/launch
launched=$programs/launched
here=$(cd "$(dirname "$0")" && pwd)
mark=mark-$$-$RANDOM # an argument that identifies our processes
# shellcheck source=tests/support/checks disable=SC1091
. "$(dirname "$0")/../support/checks"
enter_scratch
forget_launchers
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
chmod 755 "$work"

# try: a command with a time limit; its output in out and err, its status in $status.
try() {
    timeout -k 5 600 "$@" >out 2>err
    status=$?
}

# expect STATUS [OUTPUT [ERRORS]]: the expected result of the last try.
expect() {
    sed -i -f "$noise" err
    [ "$status" = "$1" ] || { echo "# status $status instead of $1"; return 1; }
    [ $# -lt 2 ] || [ "$(<out)" = "$2" ] || { echo "# printed: $(head -c 500 out)"; return 1; }
    [ "$(<err)" = "${3-}" ] || { echo "# complained: $(head -c 500 err)"; return 1; }
}

# left_behind: processes and files left by our jobs. A directory whose lock is held belongs to another user's job, which
# may remove it before we open it: with a file name flock would then create a file.
left_behind() {
    pgrep -f -a -- "$mark"
    local directory
    for directory in /dev/shm/rankpool-launch.*; do
        [ ! -O "$directory" ] || { flock -n 9 && echo "$directory"; } 2>/dev/null 9<"$directory"
    done
    ls -A "$TMPDIR"
}

# gone: whether nothing is left after a while, which a busy machine makes long. What appears after the first look belongs to others.
gone() {
    local tenths left
    left=$(left_behind)
    for ((tenths = 0; tenths < 300; tenths++)); do
        [ -z "$left" ] && return 0
        sleep 0.1
        left=$(comm -12 <(sort <<<"$left") <(left_behind | sort))
    done
    [ -z "$left" ] || { echo "# left behind: $left"; return 1; }
}

# A container may have hardly any /dev/shm; Open MPI can do without, MPICH cannot.
is_open_mpi() {
    case $("${MPIRUN:-mpirun}" --version 2>/dev/null) in
    *OpenRTE* | *"Open MPI"*) ;;
    *) false ;;
    esac
}
can_mount() { is_open_mpi && unshare --mount true 2>/dev/null; }
tiny_shared_memory() {
    try unshare --mount sh -c 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"' sh \
        "$launched" --ranks 4 ranks "$mark"
    expect 0 "4 ranks" && gone
}

cores() { try "$launched" ranks; expect 0 "$(nproc) ranks"; }
option() { try "$launched" --ranks "$1" ranks; expect 0 "$1 ranks"; }
option_with_sign() { try "$launched" --ranks=3 ranks; expect 0 "3 ranks"; }
variable() { RANKPOOL_RANKS=3 try "$launched" ranks; expect 0 "3 ranks"; }
option_first() { RANKPOOL_RANKS=2 try "$launched" ranks --ranks 3; expect 0 "3 ranks"; }
one_core() { try taskset -c 0 "$launched" ranks; expect 0 "1 ranks"; }
bad_number() {
    try "$launched" --ranks "$1" ranks
    expect 2 "" "launched: --ranks: \"$1\": give a whole number from 1 to 65536"
}
no_number() {
    try "$launched" ranks --ranks
    expect 2 "" "launched: --ranks: no number: give a whole number from 1 to 65536"
}
bad_variable() {
    RANKPOOL_RANKS=many try "$launched" ranks
    expect 2 "" 'launched: RANKPOOL_RANKS: "many": give a whole number from 1 to 65536'
}

arguments() {
    try "$launched" arguments 'a b' "it's" '"' '' : :: '$HOME' '*' -- --ranks 7
    expect 0 "$(printf '<%s>\n' 'a b' "it's" '"' '' : :: '$HOME' '*' -- --ranks 7)"
}
last_argument_colon() { try "$launched" arguments x :; expect 0 "$(printf '<x>\n<:>')"; }

input() { try "$launched" echo < <(printf 'one\ntwo'); expect 0 "$(printf 'one\ntwo')"; }
no_input() { try "$launched" echo </dev/null; expect 0 ""; }
closed_files() { try "$launched" ranks <&- && expect 0 "$(nproc) ranks"; }
loop() { # the program does not read, so the loop gets the whole list
    local line lines=
    while read -r line; do
        timeout -k 5 600 "$launched" ranks >>loop.out 2>err
        lines+=$line
    done < <(printf 'a\nb\nc\n')
    sed -i -f "$noise" err
    [ "$lines" = abc ] && [ "$(wc -l <loop.out)" = 3 ] && [ ! -s err ]
}
through_cat() {
    timeout -k 5 600 "$launched" lines 1000 2>err | cat >out
    status=${PIPESTATUS[0]}
    expect 0 && [ "$(wc -c <out)" = 100000 ]
}
reader_leaves() {
    timeout -k 5 600 "$launched" "$@" "$mark" 2>err | head -n 1 >out
    status=${PIPESTATUS[0]}
    expect 141 && [ "$(wc -l <out)" = 1 ] && gone
}
reader_is_gone() { # it prints at its end only
    timeout -k 5 600 "$launched" exit 0 "$mark" 2>err | true
    status=${PIPESTATUS[0]}
    expect 141 && gone
}
much_output() {
    timeout -k 5 600 "$launched" lines 1000000 2>err | md5sum >out
    status=${PIPESTATUS[0]}
    expect 0 "$(seq -f %099.0f 0 999999 | md5sum)"
}
in_background() {
    timeout -k 5 600 "$launched" ranks >out 2>err &
    wait $!
    status=$?
    expect 0 "$(nproc) ranks"
}
with_exit_code() { try "$launched" exit "$@"; expect "$1" "last words"; }

crash() { # crash SIGNAL RANK NAME
    try "$launched" crash "$1" "$2" "$mark"
    sed -i '/^\[/d' err # the stack trace of Open MPI's signal handler
    rm out && touch out # the other ranks may have printed a line
    expect $((128 + $1)) "" "$(printf 'last cry\nlaunched: rank %d was ended by signal %d (%s)' \
        "$2" "$1" "$3")" && gone
}

# sleeper [ENV-OPTION]...: starts a job in the background and returns when it sleeps. $job is its
# process.
sleeper() {
    : >out
    env "$@" "$launched" sleep "$mark" >out 2>err &
    job=$!
    while [ ! -s out ]; do sleep 0.05; done
}

# ended SIGNAL DELAY: sends the signal DELAY seconds after the start; it must end everything and be the status that the
# shell gets.
ended() {
    local job
    # SIGINT is ignored in a script's background processes, so it is reset
    env --default-signal "$launched" sleep "$mark" >out 2>err &
    job=$!
    until [ "$(<"/proc/$job/comm")" = launched ]; do sleep 0.01; done
    sleep "$2"
    kill "-$1" $job
    over
    sed -i -f "$noise" err
    [ ! -s err ] && [ "$status" = $((128 + $(kill -l "$1"))) ] && gone
}
lost_mpirun() {
    sleeper
    pkill -KILL -f -- "-np .* sleep $mark"
    over
    sed -i -f "$noise" err
    [ $status = 137 ] && [ "$(wc -l <err)" = 1 ] && gone &&
        grep -q -E '^launched: (mpirun|rank .) was ended by signal 9 \(Killed\)$' err
}
lost_supervisor() {
    sleeper
    local directory tenths
    directory=$(readlink "/proc/$job/fd/"* | grep /rankpool-launch)
    [ -d "$directory" ] || { echo "# it has no directory"; kill -TERM $job; return 1; }
    kill -KILL $job
    wait $job 2>/dev/null
    for ((tenths = 0; tenths < 300; tenths++)); do
        pgrep -f -- "$mark" >/dev/null || break
        sleep 0.1
    done
    for ((tenths = 0; tenths < 300; tenths++)); do
        try "$launched" ranks # this launch removes the directory, or one of another test has done so
        [ -e "$directory" ] || break
    done
    [ ! -e "$directory" ] && gone
}
nohup_stays() { # UCX, which MPICH uses, takes SIGHUP when it is loaded, unless told not to
    sleeper --ignore-signal=HUP UCX_DEBUG_SIGNO=0
    kill -HUP $job
    sleep 0.5
    kill -0 $job || return 1
    kill -TERM $job
    wait $job 2>/dev/null
    gone
}

as_user() { # root becomes one
    cp "$launched" "$work" && mkdir -m 777 "$work/user"
    TMPDIR=$work/user try setpriv --reuid=65534 --regid=65534 --clear-groups "$work/launched" ranks
    expect 0 "$(nproc) ranks"
}
# One machine needs no ssh, which containers rarely have.
without_ssh() {
    mkdir -p "$work/empty" && try env PATH="$work/empty" "$launched" --ranks 2 ranks
    expect 0 "2 ranks"
}
without_path() { try env -i TMPDIR="$TMPDIR" "$launched" --ranks 2 ranks; expect 0 "2 ranks"; }
# setting NAME VALUE: the variable in rank 0's environment.
setting() { try "$launched" --ranks 2 setting "$1"; expect 0 "$2"; }
users_setting() { OMPI_MCA_btl=self,tcp setting OMPI_MCA_btl self,tcp; }
# in_file LINE NAME VALUE: the same, with this line in the user's parameter file. A parameter that we leave unset is
# passed on by Open MPI 5's mpirun as the file has it.
in_file() {
    mkdir -p "$work/home/.openmpi" && echo "$1" >"$work/home/.openmpi/mca-params.conf" || return 1
    HOME=$work/home try "$launched" --ranks 2 setting "$2"
    ! is_open_mpi_5 || [ "$3" != unset ] || [ "$(<out)" != "${1#*= }" ] || echo unset >out
    expect 0 "$3"
}
named_file() {
    printf '# btl = self\n btl=self,tcp \n' >"$work/params" &&
        OMPI_MCA_mca_base_param_files=$work/params setting OMPI_MCA_btl unset
}
spawned() { try "$launched" --ranks 2 spawn "$mark"; expect 0 "42 came back" && gone; }
# alone: in a directory of its own, since MPI leaves files (Open MPI 5 a directory) for a rank started by no launcher.
alone() {
    mkdir -p "$work/alone" && TMPDIR=$work/alone try "$@"
}
no_mpirun() {
    RANKPOOL_MPIRUN=/no/mpirun alone "$launched" ranks
    expect 1 "" "launched: cannot start RANKPOOL_MPIRUN=/no/mpirun: No such file or directory"
}
# An mpirun that starts its second rank when the first is gone, which the supervisor ends since nothing happens any more.
late_rank() {
    cat >late <<'END'
#!/bin/bash
while [[ $1 != /* ]]; do shift; done
export OMPI_COMM_WORLD_SIZE=2
OMPI_COMM_WORLD_RANK=0 "$@" &
wait
OMPI_COMM_WORLD_RANK=1 "$@"
exit 0
END
    chmod +x late
    RANKPOOL_MPIRUN=$PWD/late alone "$launched" --ranks 2 sleep "$mark"
    [ "$status" = 1 ] && grep -qx "launched: only 1 of 2 ranks have started" err && return
    cat err
    return 1
}
under_srun() { SLURM_JOB_ID=1 SLURM_STEP_ID=0 alone "$launched" ranks; expect 0 "1 ranks"; }
under_mpirun() {
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
        PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe \
        try "${MPIRUN:-mpirun}" -np 3 "$launched" ranks --ranks 5
    expect 0 "3 ranks" "launched: --ranks 5 is ignored: the launcher started 3"
}
allocation() { # of this machine alone; no mpirun here can read it
    PBS_JOBID=1 try "$launched" "$@" < <(printf 'one\ntwo')
}
allocation_ranks() { allocation --ranks 3 ranks; expect 0 "3 ranks"; }
allocation_input() { allocation echo; expect 0 "$(printf 'one\ntwo')"; }
allocation_code() { allocation exit 75; expect 75 "last words"; }
# The scripts for other batch systems than Slurm, by the variables that a job finds: three slots on this machine.
batch_script() { # batch_script NAME VARIABLE=VALUE...
    local name=$1
    shift
    printf '%s\n' "$(uname -n)" "$(uname -n)" "$(uname -n)" >slots
    echo "$(uname -n) 3 main.q@$(uname -n) UNDEFINED" >queues
    try env -u PRTE_MCA_rmaps_default_mapping_policy "$@" "$here/../../batch/$name" "$launched" ranks
    expect 0 "3 ranks"
}
batch_pbs() { batch_script pbs.sh PBS_JOBID=1 PBS_ENVIRONMENT=PBS_BATCH PBS_NODEFILE="$PWD/slots"; }
batch_lsf() {
    batch_script lsf.sh LSB_JOBID=1 LSF_BINDIR=/none LSB_MCPU_HOSTS="$(uname -n) 3" LSB_DJOB_HOSTFILE="$PWD/slots"
}
batch_grid_engine() {
    mkdir job
    batch_script grid-engine.sh JOB_ID=1 SGE_ROOT="$PWD" ARC=none NSLOTS=3 PE=mpi PE_HOSTFILE="$PWD/queues" \
        TMPDIR="$PWD/job"
}
settings_are_no_launcher() {
    OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 try "$launched" ranks
    expect 0 "$(nproc) ranks"
}

at_terminal() { # at_terminal STATUS TEXT [WAIT TYPE]... -- COMMAND...
    local code=$1 text=$2
    shift 2
    try "$programs/terminal" "$@"
    tr -d '\r' <out >shown && mv shown out
    [ "$status" = "$code" ] || { echo "# status $status instead of $code"; cat out err; return 1; }
    grep -q -- "$text" out || { echo "# no $text in:"; cat out; return 1; }
    gone
}
terminals() {
    at_terminal 0 terminal -- "$launched" terminals && [ "$(grep -c '^terminal' out)" = 3 ]
}
stop_and_go() { # in an interactive shell: Ctrl-Z, fg, Ctrl-C
    at_terminal 130 Stopped 'ready> ' "$launched sleep $mark"$'\n' asleep $'\x1a' Stopped '' \
        'ready> ' $'fg\n' "$mark" '' '' $'\x03' 'ready> ' $'exit $?\n' \
        -- env PS1='ready> ' bash --norc --noprofile -i
}

check "one rank for each core" cores
check "--ranks 3" option 3
check "--ranks=3" option_with_sign
check "--ranks 1" option 1
check "RANKPOOL_RANKS" variable
check "--ranks goes before RANKPOOL_RANKS" option_first
check "an affinity mask of one core" one_core
for bad in 0 -1 two 1e3 99999999999999999999 ""; do
    check "--ranks '$bad' is refused" bad_number "$bad"
done
check "--ranks without a number is refused" no_number
check "a bad RANKPOOL_RANKS is refused" bad_variable
check "arguments arrive as they are" arguments
check "a colon as last argument" last_argument_colon
check "stdin is handed over" input
check "no stdin" no_input
check "a closed stdin" closed_files
check "a loop's list is not swallowed" loop
check "| cat" through_cat
check "| head, rank 0 writes" reader_leaves lines 1000000
check "| head, another rank writes" reader_leaves elsewhere
check "| true" reader_is_gone
check "100 MB arrive intact" much_output
check "in the background" in_background
for code in 0 1 2 75; do
    check "exit code $code of rank 0" with_exit_code $code
done
check "exit code of another rank" with_exit_code 3 1
check "rank 1 crashes" crash 11 1 "Segmentation fault"
check "rank 0 is killed" crash 9 0 Killed
for delay in 0.02 0.1 0.2 0.3 1; do
    check "SIGINT after $delay s" ended INT $delay
done
check "SIGTERM" ended TERM 1
check "SIGHUP" ended HUP 1
check "mpirun is killed" lost_mpirun
check "the supervisor is killed" lost_supervisor
check "ignored signals stay ignored" nohup_stays
[ "$(id -u)" != 0 ] || check "as an ordinary user" as_user
! can_mount || check "with a tiny /dev/shm" tiny_shared_memory
check "without ssh" without_ssh
check "without PATH" without_path
if is_open_mpi; then
    check "shared memory on one machine" setting OMPI_MCA_pml ob1
    check "a setting in the environment stays" users_setting
    check "a setting in the user's file stays" in_file "btl = self,tcp" OMPI_MCA_btl unset
    check "so does one in files with other names" named_file
    check "what a file excludes is not chosen" in_file "btl = ^tcp" OMPI_MCA_btl unset
    check "what it does not exclude is" in_file "pml = ^cm,ucx" OMPI_MCA_pml ob1
    check "one of mtl decides on pml" in_file "mtl = psm2" OMPI_MCA_pml unset
    check "a comment is no setting" in_file "# pml = cm" OMPI_MCA_pml ob1
    check "ranks start processes" spawned
fi
check "the program's own hwloc sees devices" setting HWLOC_COMPONENTS unset
check "no mpirun" no_mpirun
! is_open_mpi || check "a rank that starts too late" late_rank
check "under srun" under_srun
check "under mpirun" under_mpirun
check "in an allocation, --ranks 3" allocation_ranks
check "in an allocation, stdin" allocation_input
check "in an allocation, exit code" allocation_code
check "batch/pbs.sh" batch_pbs
check "batch/lsf.sh" batch_lsf
check "batch/grid-engine.sh" batch_grid_engine
check "a user's settings are no launcher" settings_are_no_launcher
check "a terminal is a terminal" terminals
check "Ctrl-C" at_terminal 130 asleep asleep $'\x03' -- "$launched" sleep "$mark"
check "reading from the terminal, then Ctrl-C" \
    at_terminal 130 "hello, you" 'name? ' $'you\n' 'hello' $'\x03' -- "$launched" talk "$mark"
check "Ctrl-Z, fg, Ctrl-C" stop_and_go

[ $failures = 0 ] || echo "$failures failed"
[ $failures = 0 ]
