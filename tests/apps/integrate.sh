#!/bin/sh
# The program integrate as people use it: the same digits from any ranks, nodes and schedules; what
# it prints; and every complaint. Run in the build directory; integrate.sh ./apps/integrate names
# another program.
set -u
integrate=${1:-./apps/integrate}
mpirun=${MPIRUN:-mpirun}

# Open MPI: as root, and with more ranks than cores, which then let each other run.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
unset RANKPOOL_RANKS RANKPOOL_SCHEDULE RANKPOOL_NODE_SIZE RANKPOOL_MEMORY_DIR RANKPOOL_MPIRUN

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
number=0
failures=0

limited() {
    timeout -k 5 120 "$@" </dev/null
}

report() { # report ok|"not ok" NAME
    number=$((number + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $number - $2"
}

# check NAME COMMAND...: the command must succeed.
check() {
    checked=$1
    shift
    if "$@"; then
        report ok "$checked"
    else
        report "not ok" "$checked"
    fi
}

# same NAME EXPECTED COMMAND...: the command prints what is in the file EXPECTED, and nothing else.
same() {
    case_name=$1
    expected=$2
    shift 2
    if limited "$@" >"$scratch/stdout" 2>"$scratch/stderr" && diff "$expected" "$scratch/stdout" &&
        [ ! -s "$scratch/stderr" ]; then
        report ok "$case_name"
    else
        report "not ok" "$case_name"
        sed 's/^/# /' "$scratch/stderr"
    fi
}

# refuses COMPLAINT ARGUMENT...: one line, status 2, nothing on stdout.
refuses() {
    printf "integrate: %s; try 'integrate --help'\n" "$1" >"$scratch/expected"
    shift
    limited "$integrate" --ranks 2 "$@" >"$scratch/stdout" 2>"$scratch/stderr"
    status=$?
    if [ $status -eq 2 ] && diff "$scratch/expected" "$scratch/stderr" &&
        [ ! -s "$scratch/stdout" ]; then
        report ok "refused: $*"
    else
        report "not ok" "refused: $* (status $status)"
    fi
}

# Every way of sampling: the first run by one rank, all others must print the same.
everywhere() {
    name=$1
    shift
    limited "$mpirun" -np 1 "$integrate" "$@" >"$scratch/one" || report "not ok" "$name on 1 rank"
    for ranks in 2 3 5 16; do
        same "$name on $ranks ranks" "$scratch/one" "$mpirun" -np $ranks "$integrate" "$@"
    done
    for schedule in static dynamic guided factoring; do
        RANKPOOL_SCHEDULE=$schedule
        export RANKPOOL_SCHEDULE
        same "$name, $schedule" "$scratch/one" "$mpirun" -np 3 "$integrate" "$@"
    done
    unset RANKPOOL_SCHEDULE
    for size in 1 2; do
        RANKPOOL_NODE_SIZE=$size
        export RANKPOOL_NODE_SIZE
        same "$name, nodes of $size" "$scratch/one" "$mpirun" -np 5 "$integrate" "$@"
    done
    unset RANKPOOL_NODE_SIZE
}

everywhere "plain samples" --samples 1e5 --dimensions 3
everywhere "stratified, antithetic samples in rounds" --samples 1e6 --error 1e-5 --stratified \
    --antithetic --family gaussian --dimensions 4

# What it prints: six families, near their exact values, by their own account.
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

# Rounds end as soon as the error is small enough, at a doubled number of samples.
limited "$integrate" --ranks 2 --family corner-peak --error 5e-5 >"$scratch/table"
check "rounds" awk '
    NR == 2 { good = $5 <= 5e-5 && $3 > 65536; samples = $3 }
    END {
        while (samples > 65536)
            samples /= 2
        exit !(good && samples == 65536)
    }' "$scratch/table"

limited "$integrate" --ranks 2 --family gaussian --error 1e-9 --samples 1e5 >"$scratch/table" \
    2>"$scratch/stderr"
status=$?
complaint="integrate: gaussian: 100000 samples were too few for an error of 1e-09"
check "too few samples: status" [ $status -eq 1 ]
check "too few samples: a word" [ "$(cat "$scratch/stderr")" = "$complaint" ]
check "too few samples: the estimate" [ "$(wc -l <"$scratch/table")" -eq 2 ]

shown=$(limited "$integrate" --ranks 2 --samples 100 --time 2>&1 >/dev/null |
    sed 's/[0-9.]* s$/N s/')
check "how long it took" [ "$shown" = "2 ranks of 1 node: N s" ]

# Mistakes.
refuses "there is no family 'abc'" --family abc
refuses "'0': give a number from 1 to 20" --dimensions 0
refuses "'21': give a number from 1 to 20" --dimensions 21
refuses "'7': give a number from 8 to 1152921504606846976" --samples 7
refuses "'2^61': give a number from 8 to 1152921504606846976" --samples 2^61
refuses "'0': give a standard error above 0, as 1e-6" --error 0
refuses "'nan': give a standard error above 0, as 1e-6" --error nan
refuses "'1e-6x': give a standard error above 0, as 1e-6" --error 1e-6x
refuses "'-1': it is negative; give a whole number from 0 to 2^64-1" --seed -1
refuses "'100' is one argument too many: give options only" 100
refuses "option '--fast' is not known" --fast
refuses "option '--seed' needs an argument" --seed
if [ -c /dev/full ]; then
    limited sh -c "$integrate --ranks 2 --samples 100 >/dev/full" 2>"$scratch/stderr"
    status=$?
    full="integrate: cannot write to standard output: No space left on device"
    check "a full disk: status" [ $status -eq 1 ]
    check "a full disk: a word" [ "$(cat "$scratch/stderr")" = "$full" ]
fi
check "help" [ "$("$integrate" --help | head -n 1)" = "Usage: integrate [OPTION]..." ]

echo "1..$number"
[ $failures -eq 0 ]
