#!/bin/sh
# Sourced by ratio.sh and launches.sh. Sets `scratch`, a directory of one benchmark. bench/run names it, since it keeps
# what was measured from pass to pass; otherwise it is `removed` at the end.
# shellcheck disable=SC2034 # used by the benchmarks
scratch=${RANKPOOL_BENCH_SCRATCH:-}
removed=
if [ -z "$scratch" ]; then
    scratch=$(mktemp -d) || exit 1
    removed=$scratch
fi
trap 'rm -rf ${removed:+"$removed"}' EXIT
