#!/bin/sh
# The library on simulated clusters: few nodes, nodes of several ranks, and many nodes.
set -u
case " ${RANKPOOL_TEST_NODES:-simulated} " in
*" simulated "*) ;;
*)
    echo "skipped: RANKPOOL_TEST_NODES is '$RANKPOOL_TEST_NODES', without simulated"
    exit 77
    ;;
esac
here=$(dirname "$0")
output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$here/../support/within_time" "simulated nodes" \
    "$here/simulate" 3,16x4,64,100,128,144,256 "$here/pools.c" >"$output"
status=$?
cat "$output"
[ $status -ne 77 ] || exit 77
[ $status -eq 0 ] && [ "$(grep -c '^ok' "$output")" -eq 22 ]
