#!/bin/sh
# The program farm compared with xargs, and with GNU parallel if it is installed: 10^4 commands `true`
# on two ranks, or two at a time. Times are those of whole runs.
#
# usage: bench/farm.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
commands=10000
yes true | head -n "$commands" >"$scratch/list"

farm() {
    timeout -k 5 600 ./apps/farm --ranks 2 --arg-file "$scratch/list"
}

of_xargs() {
    xargs -P 2 -I {} sh -c {} <"$scratch/list"
}

of_parallel() {
    parallel -j 2 <"$scratch/list"
}

ours() {
    seconds_of farm
}

xargs_alone() {
    seconds_of of_xargs
}

parallel_alone() {
    seconds_of of_parallel
}

compared "farm: $commands commands true, beside xargs -P2" 0.77 ours xargs_alone
if [ -n "$(parallel --version 2>/dev/null | sed -n '/^GNU parallel/p')" ]; then
    commands=$((commands / 10))
    yes true | head -n "$commands" >"$scratch/list"
    compared "farm: $commands commands true, beside GNU parallel -j2" 1 ours parallel_alone
else
    echo "GNU parallel is left out, for it is not installed (Debian: parallel)"
fi
