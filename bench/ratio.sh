#!/bin/sh
# Sourced by the benchmark scripts. Sets `cores` and `scratch`, a directory removed at the end.
# shellcheck disable=SC2034 # used by the benchmarks
cores=$(nproc)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# ratio NAME [GOAL [most|least]]: reads pairs of figures, one per line, and prints the median of the
# first divided by the second, with its spread; the goal is a maximum (or minimum). Ratios of a
# hundred and more are printed without decimals. Fails on a line that is not a pair of figures: a
# failed measurement.
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

# seconds_of COMMAND...: its wall-clock time.
seconds_of() {
    begun=$(date +%s%N)
    "$@" >/dev/null </dev/null || exit 1
    echo "$begun $(date +%s%N)" | awk '{ printf "%.6f\n", ($2 - $1) / 1e9 }'
}

# rounds_of SCRIPT USUAL [ROUNDS]: the number of rounds on the command line, or USUAL.
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
