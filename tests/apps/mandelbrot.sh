#!/bin/sh
# The program mandelbrot: the same picture, byte for byte, from any ranks, nodes and schedules; and
# every error message. Run in the build directory; mandelbrot.sh ./apps/mandelbrot names another
# program.
set -u
mandelbrot=${1:-./apps/mandelbrot}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Times differ between runs.
blot() {
    sed -e 's/ [0-9]*\.[0-9]* s/ N s/g' -e 's/ [0-9.]* % even/ N % even/'
}

# refuses STATUS COMPLAINT ARGUMENT...: one line, nothing on stdout; and no file, which the end of
# this script checks.
refuses() {
    status_wanted=$1 complaint=$2
    shift 2
    expect "$status_wanted" "" "mandelbrot: $complaint" \
        "$mandelbrot" --ranks 2 -o "$scratch/none.$number.png" "$@"
}

refuses_arguments() {
    complaint=$1
    shift
    refuses 2 "$complaint; try 'mandelbrot --help'" "$@"
}

if ! "$mandelbrot" --ranks 1 --size 1x1 -o "$scratch/one.png" 2>"$scratch/stderr"; then
    complaint="it was built without libpng, and cannot write pictures"
    refuses_arguments "$complaint"
    finish
    exit
fi

# draws OPTION...: the small view of every comparison below, uneven on purpose, with a last strip
# that is not full.
draws() {
    limited "$@" --size 150x40 --center=-0.7436,0.1318 --zoom 300 --iterations 2000 --antialias 1
}

draws "$mpirun" -np 1 "$mandelbrot" -o "$scratch/one.png" >"$scratch/stdout" 2>"$scratch/stderr"
check "one rank draws" [ $? -eq 0 ]
check "and says nothing" [ -z "$(cat "$scratch/stdout" "$scratch/stderr")" ]
header=$(od -A n -t x1 -N 24 "$scratch/one.png" | tr -d ' \n')
check "a PNG file of 150 x 40" \
    [ "$header" = 89504e470d0a1a0a0000000d494844520000009600000028 ]

# same NAME RANKS: that number of ranks draws the same picture.
same() {
    rm -f "$scratch/many.png"
    draws "$mpirun" -np "$2" "$mandelbrot" -o "$scratch/many.png" &&
        cmp "$scratch/one.png" "$scratch/many.png"
    check "the same picture: $1 on $2 ranks" [ $? -eq 0 ]
}

for ranks in 2 3 5 16; do
    same "default schedule" $ranks
done
for schedule in static dynamic dynamic,7 guided factoring; do
    RANKPOOL_SCHEDULE=$schedule
    export RANKPOOL_SCHEDULE
    same "$schedule" 3
done
unset RANKPOOL_SCHEDULE
for size in 1 2; do
    RANKPOOL_NODE_SIZE=$size
    export RANKPOOL_NODE_SIZE
    same "nodes of $size" 3
    same "nodes of $size" 5
done
unset RANKPOOL_NODE_SIZE

# Other views.
limited "$mandelbrot" --ranks 2 --julia=-0.8,0.156 --size 80x50 --output="$scratch/julia.png"
check "a Julia set" [ -s "$scratch/julia.png" ]
limited "$mandelbrot" --ranks 2 --zoom 1e25 --center=-1.768778833,0.001738996 --size 4x3 \
    --iterations 1e4 -o "$scratch/deep.png"
check "far down" [ -s "$scratch/deep.png" ]
limited "$mandelbrot" --ranks 2 --size 20x10 -o /dev/stdout | cmp -s -n 8 - "$scratch/one.png"
check "to standard output" [ $? -eq 0 ]
expect 0 "" "drawn on 2 ranks of 1 node: N s
ranks drew N s on average, N s at most: N % even" \
    "$mandelbrot" --ranks 2 --time --size 20x10 -o "$scratch/small.png"

# Errors.
expect 2 "" "mandelbrot: -o: '$scratch/a.jpg' is a name for another format: give one that ends in .png; try \
'mandelbrot --help'" "$mandelbrot" --ranks 2 -o "$scratch/a.jpg"
refuses_arguments "--size: '1600': give the size as 1600x1000" --size 1600
refuses_arguments "--size: '0': give a number from 1 to 1000000" --size 0x100
refuses_arguments "--size: 'ten': 'ten' at character 1 should be a number" --size 10xten
refuses_arguments "--center: '1': give a point as -0.75,0.1" --center 1
refuses_arguments "--julia: '1,2x': give a point as -0.75,0.1" --julia 1,2x
refuses_arguments "--center: '5,0': the sets are all between -2 and 2" --center 5,0
refuses_arguments "--zoom: '0': give a number of at least 0.01, as 2e5" --zoom 0
refuses_arguments "--zoom: 'nan': give a number of at least 0.01, as 2e5" --zoom nan
refuses_arguments "--zoom: '1e5x': give a number of at least 0.01, as 2e5" --zoom 1e5x
refuses_arguments "too deep: at this size --zoom goes to 1.6e+27" --zoom 1e28
refuses_arguments "--iterations: '0': give a number from 1 to 10000000" --iterations 0
refuses_arguments "--antialias: '17': give a number from 1 to 16" --antialias 17
refuses_arguments "'picture.png' is one argument too many: give options only" picture.png
refuses_arguments "option '-x' is not known" -x
refuses_arguments "option '--center' needs an argument" --center
nowhere=$scratch/no/where.png
refuses 1 "cannot write '$nowhere': No such file or directory" -o "$nowhere"
if [ -c /dev/full ]; then
    refuses 1 "cannot write '/dev/full': No space left on device" --size 20x10 -o /dev/full
fi
settle
check "no files" [ -z "$(find "$scratch" -name 'none.*')" ]
check "help" test "$("$mandelbrot" --help | head -n 1)" = "Usage: mandelbrot [OPTION]..."

finish
