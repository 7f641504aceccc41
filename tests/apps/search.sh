#!/bin/sh
# The program search: the trees of the UTS benchmark have the published nodes, depth and leaves on any number of ranks,
# and the same sum of paths; queens; maximum cliques of the published sizes, always the same one; its error messages.
# Run in the build directory.
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
            "$mpirun" -np $ranks "$search" uts "$1" --paths --time
    done
    expect 0 "$3 nodes, depth $4, $5 leaves" "$3 nodes, sum of paths $2" \
        env RANKPOOL_NODE_SIZE="$7" "$mpirun" -np "$6" "$search" uts "$1" --paths --time
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

# graph NAME BASE DIGITS WHICH ADJACENT: the vectors of so many digits, of which the condition WHICH chooses some, with
# edges where ADJACENT holds for a and b. These are graphs of the second DIMACS challenge.
graph() {
    awk -v base="$2" -v digits="$3" '
        function differ(a, b,   i, n) { for (i = 1; i <= digits; i++) n += v[a, i] != v[b, i]; return +n }
        function opposite(a, b,   i, n) { for (i = 1; i <= digits; i++) n += (v[a, i] + 2) % 4 == v[b, i]; return +n }
        function sum(a,   i, n) { for (i = 1; i <= digits; i++) n += v[a, i]; return n }
        BEGIN {
            for (word = 0; word < base ^ digits; word++) {
                rest = word
                for (i = digits; i >= 1; i--) { v[n + 1, i] = rest % base; v[0, i] = 0; rest = int(rest / base) }
                n += '"$4"'
            }
            for (a = 1; a <= n; a++)
                for (b = 1; b < a; b++)
                    if ('"$5"') edge[++edges] = "e " a " " b
            print "c made by tests/apps/search.sh\np edge " n " " edges
            for (i = 1; i <= edges; i++) print edge[i]
        }' >"$scratch/$1"
}

# clique NAME CLIQUE RANKS...: the same one on any number of ranks.
clique() {
    name=$1 clique=$2
    shift 2
    for ranks; do
        expect 0 "$clique" "" "$mpirun" -np "$ranks" "$search" clique "$scratch/$name"
    done
}

graph hamming6-2 2 6 1 'differ(a, b) >= 2'
graph hamming6-4 2 6 1 'differ(a, b) >= 4'
graph johnson8-2-4 2 8 'sum(n + 1) == 2' 'differ(a, b) >= 4'
graph johnson8-4-4 2 8 'sum(n + 1) == 4' 'differ(a, b) >= 4'
keller='differ(a, b) >= 2 && opposite(a, b) >= 1'
graph keller4 4 4 'differ(0, n + 1) >= 2 && opposite(0, n + 1) >= 1' "$keller"
clique hamming6-2 "32 vertices: 1 4 6 7 10 11 13 16 18 19 21 24 25 28 30 31 34 35 37 40 41 44 46 47 49 52 54 55 58 \
59 61 64" 3
clique hamming6-4 "4 vertices: 4 13 49 64" 2
clique johnson8-2-4 "4 vertices: 1 6 15 28" 2
clique johnson8-4-4 "14 vertices: 1 10 15 21 24 28 29 42 43 47 50 56 61 70" 3
clique keller4 "11 vertices: 35 38 47 52 62 130 143 144 149 165 168" 1 2 3 7 16
expect 0 "14 vertices: 1 10 15 21 24 28 29 42 43 47 50 56 61 70" "" \
    "$search" --ranks 2 clique --memory 1 "$scratch/johnson8-4-4"

# wrong COMPLAINT LINE...: a file with these lines is refused.
files=0
wrong() {
    complaint=$1 file=$scratch/wrong.$((files += 1))
    shift
    printf '%s\n' "$@" >"$file"
    expect 2 "" "search: $file, $complaint" "$search" --ranks 2 clique "$file"
}
wrong "line 1: expected a line that begins with c, p or e" "graph"
wrong "line 2: expected 'p edge VERTICES EDGES'" "c" "p edge 3"
wrong "line 1: 5000 vertices, 2 edges: expected 1 to 4096, and 0 or more" "p edge 5000 2"
wrong "line 1: an edge before the line p" "e 1 2"
wrong "line 2: a second line p" "p edge 3 1" "p edge 3 1"
wrong "line 2: expected 'e VERTEX VERTEX'" "p edge 3 1" "e 1"
wrong "line 2: an edge of 1 and 4: expected two vertices from 1 to 3" "p edge 3 1" "e 1 4"
wrong "line 2: the file ends after 1 edges, of 2" "p edge 3 2" "e 1 2"
wrong "line 1: the file ends without a line p" "c"
expect 2 "" "search: cannot open $scratch/none: No such file or directory" "$search" --ranks 2 clique "$scratch/none"

refuses "say what to search: uts, queens or clique"
refuses "say what to search: uts, queens or clique" knights
refuses "clique: give the file of a graph" clique
refuses "clique: there is no parameter but FILE" clique "$scratch/none" -d 3
refuses "queens: give the number of queens" queens
refuses "queens: there is no parameter but N" queens 8 -d 3
refuses "'40': give a number from 1 to 32" queens 40
refuses "-t: '3': give a number from 0 to 2" uts -t 3
refuses "-q: '1.5': give a number from 0 to 1" uts -q 1.5
finish
