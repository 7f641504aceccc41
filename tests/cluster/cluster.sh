#!/bin/bash
# tests/cluster/run: nodes as requested, and nothing left of them however it ends.
# Usage: cluster.sh, with the program on_nodes in ./tests/cluster.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cluster/checks disable=SC1091
. "$here/checks"
needs_nodes
run=$here/run
on_nodes=$PWD/tests/cluster/on_nodes
mark=mark-$$-$RANDOM # an argument that identifies our processes
work=$(mktemp -d)
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
cd "$work" || exit 99

# Remains of our clusters: processes, mounts and files, a bridge.
left_behind() {
    pgrep -f -a -- "$mark"
    ls -A "$TMPDIR"
    ! ip link show cluster0 2>/dev/null
}

gone() {
    local tenths left
    for ((tenths = 0; tenths < 300; tenths++)); do
        left=$(left_behind)
        [ -n "$left" ] || return 0
        sleep 0.1
    done
    echo "# left behind: $left"
    return 1
}

refused() { try "$run" "$@"; expect 2 "" && [ "$(wc -l <err)" = 1 ]; }
not_allowed() { # as on a machine that allows no namespaces
    mkdir -p refusing
    printf '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n' >refusing/unshare
    chmod +x refusing/unshare
    PATH=$work/refusing:$PATH try "$run" --nodes 2 "$on_nodes" places
    expect 77 "" && [ "$(<err)" = "skipped: this machine allows no virtual nodes:\
 unshare: unshare failed: Operation not permitted" ]
}

nodes_of_three_sizes() { # nodes_of_three_sizes KIND
    try "$run" --kind "$1" --nodes 2,1,3 "$on_nodes" places
    expect 0 "node 0 of 3, rank 0 of 2 on n1
node 0 of 3, rank 1 of 2 on n1
node 1 of 3, rank 0 of 1 on n2
node 2 of 3, rank 0 of 3 on n3
node 2 of 3, rank 1 of 3 on n3
node 2 of 3, rank 2 of 3 on n3"
}
pretended_nodes() {
    try "$run" --kind=pretend --nodes 2,2,1 -- "$on_nodes" places
    expect 0 "node 0 of 3, rank 0 of 2 on $HOSTNAME
node 0 of 3, rank 1 of 2 on $HOSTNAME
node 1 of 3, rank 0 of 2 on $HOSTNAME
node 1 of 3, rank 1 of 2 on $HOSTNAME
node 2 of 3, rank 0 of 1 on $HOSTNAME"
}
own_shared_memory() { try "$run" --kind "$1" --nodes 2,1,2 "$on_nodes" marks; expect 0 "2 marks"; }
four_twos() { try "$run" --nodes 4x2 --once sh -c 'wc -l <$HYDRA_HOST_FILE'; expect 0 4; }
as_user() {
    local directory=$work/user
    mkdir -m 777 "$directory"
    cp "$on_nodes" "$directory"
    chmod 755 "$work"
    try setpriv --reuid=65534 --regid=65534 --clear-groups \
        unshare --user --map-root-user true
    [ $status = 0 ] || { echo "# this machine lets no user make namespaces"; return 0; }
    TMPDIR=$directory try setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$run" --kind net --nodes 1,1 "$directory/on_nodes" marks
    expect 0 "1 marks"
}

command_status() { try "$run" --nodes 1,1 --once sh -c 'echo last words; exit 5'; expect 5 "last words"; }
rank_status() { try "$run" --nodes 1,1 "$on_nodes" work 0 3 "$mark"; expect 3 && gone; }
arguments() {
    try "$run" --nodes 1,1 --once printf '<%s>\n' 'a b' "it's" '"' '' -- '$HOME' '*'
    expect 0 "$(printf '<%s>\n' 'a b' "it's" '"' '' -- '$HOME' '*')"
}
input() { echo hello | "$run" --nodes 1,1 --once cat >out; status=$?; expect 0 hello; }

# at_work KIND [COMMAND]...: starts a job in the background and returns when it is ready. $job is
# its process.
at_work() {
    local kind=$1
    shift
    : >out
    # SIGINT is ignored in a script's background processes, so it is reset
    env --default-signal "$@" "$run" --kind "$kind" --nodes 2,1 "$on_nodes" work 60 0 "$mark" \
        >out 2>err </dev/null &
    job=$!
    while [ ! -s out ]; do
        kill -0 $job || return 1
        sleep 0.05
    done
}

# ended_by SIGNAL KIND: fails, and leaves nothing.
ended_by() {
    at_work "$2" || return 1
    kill "-$1" $job
    over
    [ $status != 0 ] && gone
}
lost_mpirun() {
    at_work uts || return 1
    pkill -KILL -f "^[^ ]*mpirun[^ ]* -np 3 $on_nodes work 60 0 $mark" || return 1
    wait $job 2>/dev/null
    status=$?
    expect 137 && gone
}
lost_parent() {
    at_work uts sh -c '"$@" & wait' sh || return 1
    kill -KILL $job
    wait $job 2>/dev/null
    gone
}

# MPICH does not communicate over the virtual network: see head.
crosses_network() { ! "$MPIRUN" --version | grep -q HYDRA; }
cut_link() {
    try "$run" --kind net --nodes 1,1 --cut n2:4:2 "$on_nodes" work 30
    expect 0 "$(printf 'ready\nwith a pause')"
}
no_cut() {
    try "$run" --kind net --nodes 1,1 "$on_nodes" work 1
    expect 0 "$(printf 'ready\nwithout a pause')"
}
link_by_hand() {
    : >out
    "$run" --kind net --nodes 1,1 "$on_nodes" work 30 >out 2>err </dev/null &
    local job=$!
    while [ ! -s out ]; do sleep 0.05; done
    "$here/link" --cluster $job n2 down && sleep 2 && "$here/link" --cluster $job n2 up || return 1
    wait $job
    status=$?
    expect 0 "$(printf 'ready\nwith a pause')"
}
limited() { try "$run" --kind net --nodes 1,1 --rate 4mbit "$on_nodes" megabyte; expect 0 slow; }
unlimited() { try "$run" --kind net --nodes 1,1 "$on_nodes" megabyte; expect 0 fast; }

side_by_side() { # the second begins and ends while the first runs
    at_work net || return 1
    cp out first
    nodes_of_three_sizes net && kill -0 $job || return 1
    kill -TERM $job
    wait $job 2>/dev/null
    gone
}

export MPIRUN=${MPIRUN:-mpirun}
for bad in "" "--nodes 2" "--nodes 0 true" "--nodes 2,,1 true" "--nodes 2 --kind new true" \
    "--nodes 2 --rate 1mbit true" "--nodes 1,2 --kind pretend true" "--nodes 2 --new true"; do
    # shellcheck disable=SC2086 # a list of words
    check "run $bad is refused" refused $bad
done
check "where namespaces are forbidden" not_allowed
check "pretended nodes" pretended_nodes

kinds=
for kind in uts net; do
    try "$run" --kind $kind --nodes 1 --once true
    if [ $status = 0 ]; then
        kinds+=" $kind"
    else
        tail -n 1 err
    fi
done
for kind in $kinds; do
    check "$kind: nodes of three sizes" nodes_of_three_sizes "$kind"
    check "$kind: own shared memory" own_shared_memory "$kind"
    check "$kind: ended by TERM" ended_by TERM "$kind"
    check "$kind: ended by KILL" ended_by KILL "$kind"
done
if [[ $kinds == *uts* ]]; then
    check "nodes by number" four_twos
    check "status of the command" command_status
    check "status of a rank" rank_status
    check "arguments arrive as they are" arguments
    check "stdin is handed over" input
    check "uts: ended by INT" ended_by INT uts
    check "uts: ended by HUP" ended_by HUP uts
    check "mpirun is killed" lost_mpirun
    check "the parent is killed" lost_parent
fi
if [[ $kinds == *net* ]]; then
    [ "$(id -u)" != 0 ] || check "net: as an ordinary user" as_user
    check "net: two side by side" side_by_side
fi
if [[ $kinds == *net* ]] && crosses_network; then
    check "net: no cut" no_cut
    check "net: a cut of two seconds" cut_link
    check "net: a cut by hand" link_by_hand
    check "net: a limited link" limited
    check "net: an unlimited link" unlimited
fi

cd / && rm -rf "$work"
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
[ "$kinds" = " uts net" ] || exit 77
