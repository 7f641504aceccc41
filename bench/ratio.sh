#!/bin/sh
# What the scripts among the benchmarks share: sourced by them. Sets `cores` and `scratch`, a
# directory that goes in the end.
# shellcheck disable=SC2034 # it is the benchmarks that use it
cores=$(nproc)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# ratio NAME [GOAL [most|least]]: reads pairs of figures, a line each, and prints the median of the
# first divided by the second, with its spread; it is to be at most (or at least) the goal. Ratios
# of a hundred and more lose their decimals. Fails on a line that is no pair of figures: what was
# measured there went wrong.
ratio() {
    awk '{ good = NF == 2 && $1 > 0 && $2 > 0; print good ? $1 / $2 : -1 }' | sort -n |
        awk -v name="$1" -v goal="${2:-0}" -v sense="${3:-most}" '
        { value[NR] = $1 }
        END {
            if (NR == 0 || value[1] < 0)
                exit 1
            median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
            kept = sense == "most" ? median <= goal : median >= goal
            digits = median < 100 ? 3 : 0
            printf "%-46s %7.*f  [%.*f ... %.*f]", name, digits, median, digits, value[1], digits,
                   value[NR]
            if (goal > 0)
                printf "   goal: at %s %.4g%s", sense, goal, kept ? "" : "   MISSED"
            printf "\n"
        }'
}

# seconds_of COMMAND...: of the clock on the wall.
seconds_of() {
    begun=$(date +%s%N)
    "$@" >/dev/null </dev/null || exit 1
    echo "$begun $(date +%s%N)" | awk '{ printf "%.6f\n", ($2 - $1) / 1e9 }'
}

# rounds_of SCRIPT USUAL [ROUNDS]: the number of rounds that the command line asks for.
rounds_of() {
    script=$1 usual=$2
    shift 2
    case "$# ${1:-}" in
    "0 ") echo "$usual" ;;
    "1 "[1-9] | "1 "[1-9][0-9]) echo "$1" ;;
    *)
        echo "usage: $script [ROUNDS], a number from 1 to 99" >&2
        exit 2
        ;;
    esac
}
