#!/bin/sh
# Sourced by the benchmark scripts, which are run from the build folder, and have set `here`. Sets `cores`, `scratch`, and
# `limit`, the seconds for which each of the script's comparisons is measured: the script's argument SECONDS, which its
# `parts` share. A script is run once in each pass, and makes the same comparisons in each.
# shellcheck disable=SC2034,SC2154 # used, and set, by the benchmarks
cores=$(nproc)
# shellcheck source=bench/scratch.sh
. "$here/scratch.sh"
case "$# ${1:-}" in
"0 ") limit=${RANKPOOL_BENCH_SECONDS:-10} ;;
"1 "[0-9]*) limit=$1 ;;
*)
    echo "usage: $0 [SECONDS], for how long to measure; 0: one round" >&2
    exit 2
    ;;
esac
limit=$(echo "$limit $parts" | awk '{ print $1 / $2 }')
weight=1 # of the parts, for the next comparison
fewest=0 # rounds, however long they take
comparison=0

# measured ROUND [NAME GOAL THEIRS OURS]...: calls the function ROUND, which prints a line of
# figures, until the rows, which are those of bench/row, are sure; then the last pass prints them.
# Fails if a line has anything but figures.
measured() {
    round=$1
    shift
    comparison=$((comparison + 1))
    rounds=$scratch/rounds.$comparison
    allowed=$(echo "$limit $weight" | awk '{ print $1 * $2 }')
    while
        sure=0
        bench/row "$rounds" "$allowed" "$fewest" "$@" || sure=$?
        [ "$sure" -eq 1 ]
    do
        $round | paste -s -d ' ' >>"$rounds"
    done
    return "$sure"
}

# compared NAME GOAL OURS THEIRS: the row of two commands that print a figure each. How many times
# is OURS faster than THEIRS?
compared() {
    ours=$3 theirs=$4
    measured compared_round "$1" "$2" 1 2
}

compared_round() {
    $theirs
    $ours
}

# compiled PROGRAM COMMAND...: $scratch/PROGRAM by a compiler, unless an earlier pass has made it.
compiled() {
    program=$1
    shift
    [ -e "$scratch/$program" ] || "$@" -o "$scratch/$program"
}

# seconds_of COMMAND...: its wall-clock time.
seconds_of() {
    begun=$(date +%s%N)
    "$@" >/dev/null </dev/null || exit 1
    echo "$begun $(date +%s%N)" | awk '{ printf "%.6f\n", ($2 - $1) / 1e9 }'
}

# figures_of SECONDS COMMAND...: the rows of a benchmark program, for figure.
figures_of() {
    seconds=$1
    shift
    rm -f "$scratch/figures"
    RANKPOOL_BENCH_ROWS=$scratch/figures "$@" "$seconds" >/dev/null
}

# figure ROW: its median.
figure() {
    sed -n "s/.*\"row\":\"$1\",.*\"median\":\([0-9.e+-]*\),.*/\1/p" "$scratch/figures"
}

# figure_of ROW COMMAND...: the median of one row of a benchmark program, which measures for a
# moment only.
figure_of() {
    row=$1
    shift
    figures_of 0 "$@" || return 1
    figure "$row"
}
