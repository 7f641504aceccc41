#!/bin/sh
# The program farm compared with xargs, and with GNU parallel if it is installed: 10^4 commands `true`
# on two ranks, or two at a time. Times are those of whole runs.
#
# usage: bench/farm.sh [ROUNDS [COMMANDS]]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
commands=${2:-10000}
rounds=$(rounds_of farm.sh 3 ${1:+"$1"})
yes true | head -n "$commands" >"$scratch/list"

ours() {
    timeout -k 5 600 ./apps/farm --ranks 2 --arg-file "$scratch/list"
}

of_xargs() {
    xargs -P 2 -I {} sh -c {} <"$scratch/list"
}

of_parallel() {
    parallel -j 2 <"$scratch/list"
}

# beside NAME PEER
beside() {
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of ours) $(seconds_of "$2")"
    done | ratio "$1" 1.30
}

beside "farm: $commands commands true / xargs -P2" of_xargs
if [ -n "$(parallel --version 2>/dev/null | sed -n '/^GNU parallel/p')" ]; then
    commands=$((commands / 10))
    sed -n "1,${commands}p" "$scratch/list" >"$scratch/shorter"
    mv "$scratch/shorter" "$scratch/list"
    beside "farm: $commands commands true / GNU parallel -j2" of_parallel
else
    echo "GNU parallel is left out, for it is not installed (Debian: parallel)"
fi
