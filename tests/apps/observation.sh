#!/bin/sh
# Observation of programs: every one has the same options, the same files, the same bar. Run in the
# build directory.
set -u
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"
unset RANKPOOL_PROGRESS

blot() {
    cat
}

# small PROGRAM OPTION...: a small run of it on two ranks.
small() {
    program=$1
    shift
    case $program in
    primes) limited ./apps/primes --ranks 2 "$@" 1e7 ;;
    integrate) limited ./apps/integrate --ranks 2 --family gaussian --samples 1e4 "$@" ;;
    mandelbrot) limited ./apps/mandelbrot --ranks 2 --size 80x50 -o "$scratch/small.png" "$@" ;;
    search) limited ./apps/search --ranks 2 "$@" queens 13 ;;
    heat) limited ./apps/heat --ranks 2 --size 32 --steps 10 "$@" ;;
    esac
}

programs="primes integrate heat search"
if small mandelbrot >"$scratch/stdout" 2>&1; then
    programs="$programs mandelbrot"
fi

for program in $programs; do
    small "$program" >"$scratch/plain" 2>"$scratch/stderr"
    check "$program is silent about its work" is_silent

    small "$program" --stats="$scratch/stats.json" --timeline "$scratch/timeline.svg" \
        --trace "$scratch/trace.json" >"$scratch/observed" 2>"$scratch/stderr"
    check "$program is observed" [ $? -eq 0 ]
    check "$program prints the same" cmp "$scratch/plain" "$scratch/observed"
    check "$program says nothing beside it" is_silent
    check "$program: figures" grep -q '"parallel_efficiency": [01]\.' "$scratch/stats.json"
    check "$program: a picture" grep -q '>rank 1<' "$scratch/timeline.svg"
    check "$program: a trace" grep -q '"name":"thread_name","args":{"name":"rank 1"}' \
        "$scratch/trace.json"
    rm -f "$scratch"/*.json "$scratch"/*.svg

    small "$program" --stats >"$scratch/observed" 2>"$scratch/stderr"
    check "$program: a table" grep -q '^load balance [0-9.]* % x communication efficiency' \
        "$scratch/stderr"

    small "$program" --timeline "$scratch/no/where.svg" >"$scratch/stdout" 2>"$scratch/stderr"
    check "$program refuses a file that it cannot write" [ $? -eq 1 ]
    check "$program says so" grep -q "^$program: cannot write '$scratch/no/where.svg'" \
        "$scratch/stderr"
    check "$program in one line, and does nothing" \
        [ "$(cat "$scratch/stdout" "$scratch/stderr" | wc -l)" -eq 1 ]
    expect 2 "" "$program: --timeline: 'time.png' is a name for another format: give one that ends in .svg or \
.html or .htm; try '$program --help'" "./apps/$program" --timeline time.png
    expect 2 "" "$program: --trace: 'trace.svg' is a name for another format: give one that ends in .json; \
try '$program --help'" "./apps/$program" --trace trace.svg
    expect 2 "" "$program: --stats: 'dir/s.CSV' is a name for another format: give one that ends in .json or \
.txt; try '$program --help'" "./apps/$program" --stats=dir/s.CSV
    check "$program knows them all" sh -c "./apps/$program --help | grep -q -- --timeline"
done

# on_terminal OPTION...: integrate on a terminal of 120 columns; prints a line for each update of
# the screen.
on_terminal() {
    limited env TERM=xterm ./tests/launch/terminal -- sh -c \
        'stty cols 120; exec ./apps/integrate --ranks 2 --family gaussian "$@"' sh "$@" 2>&1 |
        tr '\r' '\n' >"$scratch/terminal"
}

# A bar on a terminal, erased at the end; none for a short run.
escape=$(printf '\033')
on_terminal --samples 1e8
check "a terminal is shown a bar" \
    grep -q 'integrate  .* %  .* left  .* of 100 M .* items/s  ./2 ranks busy' "$scratch/terminal"
check "which goes in the end" sh -c "grep -A 1 'ranks busy' '$scratch/terminal' | tail -n 1 |
    grep -q '^$escape\[Kgaussian'"
on_terminal --samples 1e8 --no-progress
check "unless it is not wanted" sh -c "! grep -q 'ranks busy' '$scratch/terminal'"
on_terminal --samples 1e4
check "or it is over soon" sh -c "! grep -q 'ranks busy' '$scratch/terminal'"

# Results printed one by one on the same terminal, or on a pipe to it, would be mixed with a bar.
stream="./apps/primes --ranks 2 1e16 -d 8e8 -p"
bar='primes  .* %  .* left  .* of [0-9]*'
limited env TERM=xterm ./tests/launch/terminal -- sh -c "stty cols 120; exec $stream >'$scratch/primes'" 2>&1 |
    tr '\r' '\n' >"$scratch/terminal"
check "a stream is shown while it goes into a file" grep -q "$bar" "$scratch/terminal"
limited env TERM=xterm ./tests/launch/terminal -- sh -c "stty cols 120; $stream | cksum" 2>&1 |
    tr '\r' '\n' >"$scratch/terminal"
check "but not while it goes on" [ "$(cat "$scratch/terminal")" = "$(cksum <"$scratch/primes")" ]
rm -f "$scratch/primes"

RANKPOOL_PROGRESS=0.2 limited ./apps/integrate --ranks 2 --samples 2e7 --family gaussian \
    >"$scratch/stdout" 2>"$scratch/stderr"
check "lines in a log" grep -q '^integrate: [0-9]* % after [01] s: .* items/s, .* left, ' \
    "$scratch/stderr"
check "and a last one" grep -q '^integrate: over after' "$scratch/stderr"

# Under mpirun, without a request for progress, a sign of life comes within ten seconds, on stderr
# only; not if the program has ended by then.
limited "$mpirun" $quiet -np 2 ./apps/heat --size 64 --steps 2e9 --walltime 18 \
    >"$scratch/stdout" 2>"$scratch/stderr"
check "in a pipe a line now and then" [ "$(grep -c '^heat: [0-9]* % after' "$scratch/stderr")" -ge 1 ]
check "no more than that" [ "$(grep -c '^heat: [0-9]* % after' "$scratch/stderr")" -le 3 ]
check "nothing on stdout" [ ! -s "$scratch/stdout" ]
limited "$mpirun" $quiet -np 2 ./apps/heat --size 64 --steps 2e9 --walltime 9 --no-progress \
    >"$scratch/stdout" 2>"$scratch/stderr"
check "unless it is not wanted" sh -c "! grep -q ' % after' '$scratch/stderr'"

# heat's steps are not jobs, but are observed too: ten on each of two ranks.
small heat --stats="$scratch/stats.json" >"$scratch/stdout" 2>"$scratch/stderr"
check "heat counts its steps" grep -q '"items": 20, ' "$scratch/stats.json"
check "heat's ranks work" sh -c "! grep -q '\"working\": 0.000000000' '$scratch/stats.json'"
RANKPOOL_PROGRESS=0.05 limited ./apps/heat --ranks 2 --size 64 --steps 1e8 --walltime 1 \
    >"$scratch/stdout" 2>"$scratch/stderr"
check "heat shows its progress" grep -q '^heat: [0-9]* % after .* of 100 M steps' "$scratch/stderr"

# Where ranks survive, the root asks each node for reports when its leader has registered.
RANKPOOL_SURVIVE=1 RANKPOOL_NODE_SIZE=2 RANKPOOL_PROGRESS=0.05 \
    limited ./apps/primes --ranks 4 1e10 >"$scratch/stdout" 2>"$scratch/stderr"
check "nodes whose ranks survive" grep -q '^455052511$' "$scratch/stdout"
check "show their progress" grep -q '^primes: [0-9]* % after' "$scratch/stderr"

# A node whose clock differs from the root's: times are converted to the root's.
integrate="./apps/integrate --samples 1e6 --family gaussian --stats=$scratch/stats.json"
if unshare -T --monotonic 100000 --fork true 2>/dev/null; then
    # shellcheck disable=SC2086 # a program with options
    RANKPOOL_NODE_SIZE=1 limited "$mpirun" -np 1 $integrate : \
        -np 1 unshare -T --monotonic 100000 --fork $integrate >"$scratch/stdout" 2>&1
    check "nodes whose clocks differ" [ $? -eq 0 ]
    check "and are told together" grep -q '"nodes": 2, "seconds": [0-9]\{1,2\}\.' "$scratch/stats.json"
else
    echo "# clocks that differ were not tried: that takes root, and namespaces of time"
fi

finish
