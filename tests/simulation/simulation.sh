#!/bin/sh
# The library on simulated clusters: nodes of several ranks, and many nodes.
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
failed=0
for nodes in 16x4 256; do
    "$here/../support/within_time" "$nodes simulated nodes" "$here/simulate" $nodes "$here/pools.c" >"$output"
    status=$?
    cat "$output"
    [ $status -ne 77 ] || exit 77
    [ $status -eq 0 ] && [ "$(grep -c '^ok' "$output")" -eq 3 ] || failed=1
done
exit $failed
