#!/bin/sh
# The program integrate: the same digits from any ranks, nodes and schedules; its output; and every
# error message. Run in the build directory; integrate.sh ./apps/integrate names another program.
set -u
integrate=${1:-./apps/integrate}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Times differ between runs.
blot() {
    sed -e 's/ [0-9]*\.[0-9]* s$/ N s/'
}

refuses() { refused "$integrate" "$@"; }

# everywhere OPTION...: any number of ranks prints what one rank prints.
everywhere() {
    limited "$mpirun" -np 1 "$integrate" "$@" >"$scratch/one"
    check "one rank: $*" [ $? -eq 0 ]
    one=$(cat "$scratch/one")
    for ranks in 2 3 5 16; do
        expect 0 "$one" "" "$mpirun" -np $ranks "$integrate" "$@"
    done
    for schedule in static dynamic guided factoring; do
        expect 0 "$one" "" env RANKPOOL_SCHEDULE=$schedule "$mpirun" -np 3 "$integrate" "$@"
    done
    for size in 1 2; do
        expect 0 "$one" "" env RANKPOOL_NODE_SIZE=$size "$mpirun" -np 5 "$integrate" "$@"
    done
}

everywhere --samples 1e5 --dimensions 3
everywhere --samples 1e6 --error 1e-5 --stratified \
    --antithetic --family gaussian --dimensions 4

# Output for six families: near their exact values, by their own error estimate.
limited "$integrate" --ranks 2 --samples 1e5 --dimensions 7 --seed 3 >"$scratch/table"
check "a table" awk '
    function distance(a, b) { return a > b ? a - b : b - a }
    NR == 1 { good += $1 == "family" && $7 == "z" }
    NR > 1 {
        z = ($4 - $6) / $5
        good += $2 == 7 && $3 == 100000 && distance(z, 0) < 4.5 && distance(z, $7) < 0.002
        names = names " " $1
    }
    END {
        all = " oscillatory product-peak corner-peak gaussian continuous discontinuous"
        exit !(NR == 7 && good == 7 && names == all)
    }' "$scratch/table"

# Rounds double the samples and end as soon as the error is small enough.
limited "$integrate" --ranks 2 --family corner-peak --error 5e-5 >"$scratch/table"
check "rounds" awk '
    NR == 2 { good = $5 <= 5e-5 && $3 > 65536; samples = $3 }
    END {
        while (samples > 65536)
            samples /= 2
        exit !(good && samples == 65536)
    }' "$scratch/table"

# The estimate is printed even after too few samples, and the statistics on request.
table=$(limited "$integrate" --ranks 2 --family gaussian --samples 1e5)
expect 1 "$table" "integrate: gaussian: 100000 samples were too few for an error of 1e-09" \
    "$integrate" --ranks 2 --family gaussian --samples 1e5 --error 1e-9
expect 0 "$table" "integrated on 2 ranks of 1 node: N s" \
    "$integrate" --ranks 2 --family gaussian --samples 1e5 --time

# Errors.
refuses "--family: there is no family 'abc'" --family abc
refuses "--dimensions: '0': give a number from 1 to 20" --dimensions 0
refuses "--dimensions: '21': give a number from 1 to 20" --dimensions 21
refuses "--samples: '7': give a number from 8 to 1152921504606846976" --samples 7
refuses "--samples: '2^61': give a number from 8 to 1152921504606846976" --samples 2^61
refuses "--error: '0': give a standard error above 0, as 1e-6" --error 0
refuses "--error: 'nan': give a standard error above 0, as 1e-6" --error nan
refuses "--error: '1e-6x': give a standard error above 0, as 1e-6" --error 1e-6x
refuses "--seed: '-1': it is negative; give a whole number from 0 to 2^64-1" --seed -1
refuses "'100' is one argument too many: give options only" 100
refuses "option '--fast' is not known" --fast
refuses "option '--seed' needs an argument" --seed
if [ -c /dev/full ]; then
    full="integrate: cannot write to standard output: No space left on device"
    expect 1 "" "$full" sh -c "$integrate --ranks 2 --samples 100 >/dev/full"
fi
check "help" [ "$("$integrate" --help | head -n 1)" = "Usage: integrate [OPTION]..." ]

finish
