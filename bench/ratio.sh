#!/bin/sh
# What the scripts among the benchmarks share: sourced by them.

# ratio NAME [GOAL]: reads pairs of figures, a line each, and prints the median of the first divided by the
# second, with its spread; the goal is at most GOAL. Ratios of a hundred and more lose their decimals.
ratio() {
    awk '$2 > 0 { print $1 / $2 }' | sort -n | awk -v name="$1" -v goal="${2:-0}" '
        { value[NR] = $1 }
        END {
            if (NR == 0)
                exit 1
            median = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
            digits = median < 100 ? 3 : 0
            printf "%-46s %7.*f  [%.*f ... %.*f]", name, digits, median, digits, value[1], digits,
                   value[NR]
            if (goal > 0)
                printf "   goal: at most %.2f%s", goal, median <= goal ? "" : "   MISSED"
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
