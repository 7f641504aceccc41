#!/bin/sh
# The program heat: its results compared with a formula and with steps computed by awk; the same
# bytes from any number of ranks; every error message. Run in the build directory; heat.sh
# ./apps/heat names another program.
set -u
heat=${1:-./apps/heat}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Times differ between runs.
blot() {
    sed -e 's/ [0-9]*\.[0-9]* s$/ N s/'
}

refuses() { refused "$heat" "$@"; }

# ---- results -------------------------------------------------------------------------------------

# numbers FILE: those of a .npy file, one per line, all digits.
numbers() {
    od -A n -v -t f8 -w8 -j 128 "$1"
}

# model INITIAL ROWS COLUMNS STEPS: the numbers after STEPS steps, computed by awk.
model() {
    awk -v initial="$1" -v rows="$2" -v columns="$3" -v steps="$4" '
        function start(x, y,    pi) {
            pi = atan2(0, -1)
            if (initial == "sine")
                return sin(pi * x) * sin(pi * y)
            if (initial == "gaussian")
                return exp(-((x - 0.5) ^ 2 + (y - 0.5) ^ 2) / 0.02)
            return x > 0.25 && x < 0.75 && y > 0.25 && y < 0.75
        }
        BEGIN {
            p = (rows + 1) ^ 2
            q = (columns + 1) ^ 2
            dt = 0.4 / (p + q)
            for (r = 0; r < rows + 2; r++)
                for (c = 0; c < columns + 2; c++)
                    u[r, c] = 0
            for (r = 1; r <= rows; r++)
                for (c = 1; c <= columns; c++)
                    u[r, c] = start(c / (columns + 1), r / (rows + 1))
            for (step = 0; step < steps; step++) {
                for (r = 1; r <= rows; r++)
                    for (c = 1; c <= columns; c++) {
                        down = u[r - 1, c] + u[r + 1, c] - 2 * u[r, c]
                        across = u[r, c - 1] + u[r, c + 1] - 2 * u[r, c]
                        v[r, c] = u[r, c] + dt * (p * down + q * across)
                    }
                for (r = 1; r <= rows; r++)
                    for (c = 1; c <= columns; c++)
                        u[r, c] = v[r, c]
            }
            for (r = 1; r <= rows; r++)
                for (c = 1; c <= columns; c++)
                    printf "%.17g\n", u[r, c]
        }'
}

# close_to ONE OTHER: files of equally many numbers, equal except for rounding.
close_to() {
    paste "$1" "$2" | awk '
        NF != 2 || ($1 - $2) ^ 2 > 1e-26 { print "line " NR ": " $0; bad = 1; exit }
        END { exit bad || NR == 0 }'
}

for initial in sine gaussian square; do
    limited "$heat" --ranks 3 --initial $initial --size 11x14 --steps 9 -o "$scratch/a.npy" >/dev/null
    numbers "$scratch/a.npy" >"$scratch/ours"
    model $initial 11 14 9 >"$scratch/model"
    check "$initial, nine steps, as awk computes them" close_to "$scratch/ours" "$scratch/model"
done

# Half the mesh width, and with it a quarter of the time step, gives a quarter of the error: order
# 2.
error_at() {
    limited "$heat" --ranks 2 --size "$1" --until 0.05 | awk '$1 == "error" { print $2 }'
}
of_second_order() {
    printf '%s\n' "$(error_at 15)" "$(error_at 31)" "$(error_at 63)" | awk '
        NR > 1 { print "order", order = log(last / $1) / log(2); bad = bad || order < 1.9 || order > 2.1 }
        { last = $1; bad = bad || !(last > 0 && last < 0.01) }
        END { exit bad || NR != 3 }'
}
check "the error against the formula falls with the square of the mesh width" of_second_order
not_square() {
    limited "$heat" --ranks 2 --size 40x90 --until 0.05 | awk '$1 == "error" { exit !($2 > 0 && $2 < 1e-3) }'
}
check "the error on a mesh that is not square" not_square

# ---- the same bytes from any number of ranks -----------------------------------------------------

same_bytes() { # same_bytes RANKS NODE_SIZE ARGUMENT...
    ranks=$1
    RANKPOOL_NODE_SIZE=$2
    shift 2
    limited "$heat" --ranks 1 "$@" -o "$scratch/one.npy" >"$scratch/one" || return 1
    export RANKPOOL_NODE_SIZE
    limited "$mpirun" -np "$ranks" "$heat" "$@" -o "$scratch/many.npy" >"$scratch/many"
    status=$?
    unset RANKPOOL_NODE_SIZE
    [ $status -eq 0 ] && cmp "$scratch/one.npy" "$scratch/many.npy" && cmp "$scratch/one" "$scratch/many"
}
for ranks in 1 2 3 4 7 16; do
    check "the same bytes from $ranks ranks" same_bytes $ranks 0 --size 300x200 --initial gaussian --steps 61
    check "the same bytes from $ranks ranks, two to a node" \
        same_bytes $ranks 2 --size 61x47 --steps 20
done
check "the same bytes with more ranks than points" same_bytes 16 0 --size 2x3 --steps 50
check "the same bytes of no steps" same_bytes 4 0 --size 9 --initial square --steps 0

# ---- files ---------------------------------------------------------------------------------------

# bytes FILE FIRST COUNT: in hexadecimal.
bytes() {
    od -A n -v -t x1 -j "$2" -N "$3" "$1" | tr -d ' \n'
}
limited "$heat" --ranks 2 --size 5x7 --steps 1 -o "$scratch/b.npy" >/dev/null
check "the first bytes of a .npy file" test "$(bytes "$scratch/b.npy" 0 10)" = 934e554d505901007600
check "the header of a .npy file" expr "$(tail -c +11 "$scratch/b.npy" | head -n 1)" : \
    "{'descr': '[<>]f8', 'fortran_order': False, 'shape': (5, 7), } *\$"
check "the length of a .npy file" test "$(wc -c <"$scratch/b.npy")" -eq $((128 + 5 * 7 * 8))

whole_png() { # whole_png FILE COLUMNS ROWS, as eight hexadecimal digits each
    [ "$(bytes "$1" 0 16)" = 89504e470d0a1a0a0000000d49484452 ] &&
        [ "$(bytes "$1" 16 8)" = "$2$3" ] && [ "$(bytes "$1" 24 5)" = 0802000000 ] &&
        [ "$(tail -c 12 "$1" | od -A n -v -t x1 | tr -d ' \n')" = 0000000049454e44ae426082 ]
}
if [ -n "${PNG_LIBS-}" ]; then
    limited "$heat" --ranks 2 --size 200x300 --steps 1 -o "$scratch/c.png" -o "$scratch/c.npy" >/dev/null
    check "a picture" whole_png "$scratch/c.png" 0000012c 000000c8
    if command -v pngtopnm >/dev/null; then
        check "a picture that others can read" pngtopnm "$scratch/c.png"
    fi
    check "numbers beside it" test "$(wc -c <"$scratch/c.npy")" -eq $((128 + 200 * 300 * 8))
else
    refuses "-o: 'c.png': this program was built without libpng, which writes PNG files" -o c.png
fi

# An unwritable file is reported before the work, and nothing is left behind.
expect 1 "" "heat: cannot write '$scratch/no/where.npy': No such file or directory" \
    "$heat" --ranks 2 --steps 1000000000 -o "$scratch/no/where.npy"
mkdir "$scratch/place.npy"
expect 1 "" "heat: cannot write '$scratch/place.npy': Is a directory" \
    "$heat" --ranks 3 --steps 1 -o "$scratch/place.npy"
if [ -c /dev/full ]; then
    ln -s /dev/full "$scratch/full.npy"
    expect 1 "$(limited "$heat" --ranks 2 --steps 1)" \
        "heat: cannot write '$scratch/full.npy': No space left on device" \
        "$heat" --ranks 2 --steps 1 -o "$scratch/full.npy"
fi
settle
check "no file under a temporary name" test -z "$(find "$scratch" -name '*.np[yg].*')"

# ---- the command line ----------------------------------------------------------------------------

what="20 steps up to time 0.0025, on 2 ranks of 1 node: N s"
expect 0 "$(limited "$heat" --ranks 1 --steps 20 --until 0.0025 --size 20x20)" \
    "heat on 20 x 20 points, $what" \
    "$heat" --ranks 2 --steps 20 --until 0.0025 --size 20 --time

refuses "--size: '0': give a number from 1 to 2^63-1" --size 0
refuses "--size: '': it ends where a number should follow" --size 10x
refuses "--size: 'ten': 'ten' at character 1 should be a number" --size 10xten
refuses "--size: '2^40x2^40': no memory is so large" --size 2^40x2^40
refuses "--steps: '2^63': give a number from 0 to 2^63-1" --steps 2^63
refuses "--until: 'soon': give a time above 0, as 0.05" --until soon
refuses "--until: '0': give a time above 0, as 0.05" --until 0
refuses "--until: 'inf': give a time above 0, as 0.05" --until inf
refuses "--until 1e+300 takes 3.30245e+305 steps, which are too many" --until 1e300
refuses "10 steps are too few until time 0.05: a step of 0.005 is not stable" --steps 10 --until 0.05
refuses "0 steps are too few until time 1: a step of inf is not stable" --steps 0 --until 1
refuses "--initial: 'cosine': give sine, gaussian or square" --initial cosine
refuses "-o: 'plate.gif': give a name that ends in .png or .npy" -o plate.gif
refuses "--output: '.npy': give a name that ends in .png or .npy" --output .npy
refuses "option '-o' needs an argument" -o
refuses "'5' is one argument too many: give options only" 5
refuses "option '--sizes' is not known" --sizes 5
refuses "option '-x' is not known" -x

for ranks in 1 3; do
    expect 2 "" "heat: --initial: 'cosine': give sine, gaussian or square; try 'heat --help'" \
        "$mpirun" $quiet -np $ranks "$heat" --initial cosine
done
help=$("$heat" --help)
expect 0 "$help" "" "$heat" --help
expect 0 "$help" "" "$heat" -h
expect 0 "$help" "" "$mpirun" -np 3 "$heat" --help
check "the version" expr "$("$heat" --version)" : "heat of Rankpool [0-9]"

finish
