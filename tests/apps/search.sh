#!/bin/sh
# The program search: the trees of the UTS benchmark have the published nodes, depth and leaves on any number of ranks,
# and the same sum of paths; queens; its error messages. Run in the build directory.
set -u
search=${1:-./apps/search}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Ranks and times differ between runs.
blot() {
    sed -e 's/, on [0-9]* ranks* of [0-9]* nodes*: .*//'
}

refuses() { refused "$search" "$@"; }

# tree NAME PATHS NODES DEPTH LEAVES RANKS SIZE: as published, on 1, 2, 3, 7 and 16 ranks, and on RANKS ranks of virtual
# nodes of SIZE.
tree() {
    for ranks in 1 2 3 7 16; do
        expect 0 "$3 nodes, depth $4, $5 leaves" "$3 nodes, sum of paths $2" \
            "$mpirun" -np $ranks "$search" uts "$1" --time
    done
    expect 0 "$3 nodes, depth $4, $5 leaves" "$3 nodes, sum of paths $2" \
        env RANKPOOL_NODE_SIZE="$7" "$mpirun" -np "$6" "$search" uts "$1" --time
}

if "$search" uts --ranks 1 >/dev/null 2>&1; then
    tree T1 abe053f0347f2516bafa1787842051ac 4130071 10 3305118 2 1
    tree T2 ad1b08e7a3abaa1921472e7418cab665 4117769 81 2342762 3 2
    tree T3 541acfdbe682f2e3aee2c0152df2bff0 4112897 1572 3599034 4 1
    tree T4 6924745634229114f213128499b7dc92 4132453 134 3108986 5 3
    tree T5 afe91670d3a0c0085957f539cbcf4683 4147582 20 2181318 3 1
    # In a thousandth of the memory most nodes are computed within others.
    expect 0 "4112897 nodes, depth 1572, 3599034 leaves" "" "$search" --ranks 3 uts T3 --memory 16e3
    expect 0 "4130071 nodes, depth 10, 3305118 leaves" "" \
        "$search" --ranks 2 uts -t 1 -a 3 -d 10 -b 4 -r 19
    refuses "uts: give the name of a tree, or its parameters" uts T1 -d 3
    refuses "there is no tree 'T0'" uts T0
else
    echo "# built without Nettle: no trees of UTS"
fi

expect 0 1 "" "$search" --ranks 2 queens 1
expect 0 0 "" "$search" --ranks 2 queens 3
expect 0 92 "" "$search" --ranks 2 queens 8
expect 0 2279184 "" "$search" --ranks 3 queens 15

refuses "say what to search: uts or queens"
refuses "say what to search: uts or queens" knights
refuses "queens: give the number of queens" queens
refuses "queens: there is no parameter but N" queens 8 -d 3
refuses "'40': give a number from 1 to 32" queens 40
refuses "-t: '3': give a number from 0 to 2" uts -t 3
refuses "-q: '1.5': give a number from 0 to 1" uts -q 1.5
finish
