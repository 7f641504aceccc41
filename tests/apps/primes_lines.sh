#!/bin/sh
# The program primes with primesieve's command lines: counts, nth primes and lists, by both kernels,
# by itself and on several ranks, and compared with primesieve, if that is installed.
set -u
primes=${1:-./apps/primes}
# shellcheck source=tests/apps/expect.sh
. "$(dirname "$0")/expect.sh"

# Times differ between runs.
blot() {
    sed -e 's/ [0-9]*\.[0-9]* s/ N s/g' -e 's/ [0-9.]* % even/ N % even/'
}

# prints TEXT ARGUMENT... : that and nothing else, with either kernel.
prints() {
    text=$1
    shift
    expect 0 "$text" "" "$primes" --ranks 2 "$@"
    expect 0 "$text" "" "$primes" --ranks 3 --kernel builtin "$@"
}

# Counts requested by options are labelled, unless there is only one and -q is given.
all_of_1e6="Primes: 78498
Twin primes: 8169
Prime triplets: 2837
Prime quadruplets: 166
Prime quintuplets: 65
Prime sextuplets: 5"
prints "Primes: 25" 100 -c
prints "Primes: 25" --count 100
prints "Twin primes: 8" 100 -c2
prints "8" 100 -c2 -q
prints "$all_of_1e6" 1e6 -c123456
prints "$all_of_1e6" 1e6 -q -c642 --count=135
prints "Twin primes: 5" 12 100 -c2
prints "Prime triplets: 0" 5 10 -c3
prints "Prime triplets: 1" 5 11 -c3
prints "10" 100 -d 50
prints "3" -d 5
prints "Primes: 10
Twin primes: 3" 100 --dist=50 -c1 -c2 --no-status -s 64
prints "0" 1 -q

# The nth prime, from anywhere; around powers of ten, OEIS A006988.
prints "Nth prime: 2" 0 -n
prints "Nth prime: 2" 1 -n
prints "541" 100 -n -q
prints "3" 1 2 -n -q
prints "103" 2 100 -n -q
prints "107" 2 101 -n -q
prints "29" 10 -n -p
for nth in "1e3 7919" "1e4 104729" "1e5 1299709" "1e6 15485863" "1e7 179424673"; do
    prints "${nth#* }" "${nth% *}" --nth-prime -q
done
prints "1299689" 1e5-1 -n -q
prints "1299721" 1e5+1 -n -q
expect 0 "2038074743" "" "$primes" 1e8 -n -q
expect 2 "" "primes: there are fewer primes below 2^64" "$primes" 10 18446744073709551500 -n
expect 2 "" "primes: there are fewer primes below 2^64" "$primes" 2^63 -n

# Tuplets up to 10^10: OEIS A006880, A007508, A050258 for primes, twins and quadruplets; the others
# as primesieve counts them. With the default kernel only, since the other takes too long.
prints "Primes: 50847534
Twin primes: 3424506
Prime quadruplets: 28388" 1e9 -c124
if limited "$primes" --kernel primesieve 1 >/dev/null 2>&1; then
    expect 0 "Primes: 455052511
Twin primes: 27412679
Prime triplets: 5425573
Prime quadruplets: 180529
Prime quintuplets: 40414
Prime sextuplets: 1613" "" "$primes" 1e10 -c123456
    expect 0 "22801763489" "" "$primes" 1e9 -n -q
fi

# Printing.
prints "2
3
5
7" 10 -p
prints "" 8 10 -p
prints "" 10 8 -p
prints "97
1" 90 100 -p -c
prints "(3, 5)
(5, 7)
(11, 13)" 13 -p2
prints "(7, 11, 13, 17, 19, 23)
(97, 101, 103, 107, 109, 113)
Primes: 168
Prime sextuplets: 2" 1000 --print=6 -c16
prints "9973
10007" 1e4-30 1e4+8 -p
prints "18446744073709551533
18446744073709551557" 18446744073709551533 2^64-1 -p

# A reader that closes the pipe ends the program, at once and without a message.
early=$("$primes" 1e12 1e12+1e10 -p 2>"$scratch/stderr" | head -n 2)
check "a reader that has read enough" test "$early" = "1000000000039
1000000000061"
check "and nothing is said about it" is_silent

# Into files, by all ranks: the same bytes as on stdout, and the right header for NumPy.
limited "$primes" --ranks 2 90 1.1e7 -p >"$scratch/list"
check "a file of text" limited "$primes" --ranks 3 90 1.1e7 -o "$scratch/file"
check "the same text" cmp "$scratch/list" "$scratch/file"
limited "$primes" --ranks 2 1e6 -p3 >"$scratch/list"
expect 0 2837 "" "$primes" --ranks 2 1e6 -p3 -o "$scratch/file" -c3
check "the same tuplets" cmp "$scratch/list" "$scratch/file"
numbers() { # FILE BYTES-OF-HEADER NUMBERS-IN-A-LINE
    od -A n -v -t u8 -w$((8 * $3)) -j "$2" "$1" | sed 's/^ *//; s/  */ /g'
}
for kernel in "" "--kernel=builtin"; do
    # shellcheck disable=SC2086 # an option, or none
    limited "$primes" --ranks 3 $kernel 1e5 2e6 -o "$scratch/file.bin"
    limited "$primes" --ranks 2 1e5 2e6 -p >"$scratch/list"
    numbers "$scratch/file.bin" 0 1 >"$scratch/other"
    check "plain numbers $kernel" cmp "$scratch/list" "$scratch/other"
done
limited "$primes" --ranks 2 1000 -o "$scratch/file.npy"
check "a header for NumPy" test "$(head -c 128 "$scratch/file.npy" | tail -c +11 | tr -d '\n' |
    sed 's/ *$//')" = "{'descr': '<u8', 'fortran_order': False, 'shape': (168,), }"
check "168 numbers" test "$(numbers "$scratch/file.npy" 128 1 | tail -n 1)" = 997
limited "$primes" --ranks 2 1000 -p4 -o "$scratch/file.npy"
check "a header for tuplets" grep -aq "'shape': (5, 4), }" "$scratch/file.npy"
check "5 tuplets" test "$(numbers "$scratch/file.npy" 128 4 | tail -n 1)" = "821 823 827 829"
limited "$primes" 10 5 -o "$scratch/file.npy"
check "no primes" grep -aq "'shape': (0,), }" "$scratch/file.npy"
expect 1 "" "primes: cannot write '/nowhere/x': No such file or directory" \
    "$primes" 100 -o /nowhere/x
expect 0 "" "" "$primes" 100 -o /dev/null
# A file size limit has the effect of a full disk: 20 MB of 51.
# shellcheck disable=SC2086 # an option, or none
expect 1 "" "primes: cannot write '$scratch/full': File too large" \
    "$mpirun" $quiet -np 2 sh -c 'trap "" XFSZ; ulimit -f 40000; exec "$@"' sh \
    "$primes" 1e8 -o "$scratch/full"
settle
for left in "$scratch"/full*; do
    check "nothing is left of it" test ! -e "$left"
done

# In order, and the same from any number of ranks and nodes.
limited "$primes" --ranks 1 --kernel builtin 1e9 1e9+3e7 -p >"$scratch/list"
check "primes listed" test "$(wc -l <"$scratch/list")" -eq 1446784
for ranks in 2 3 7; do
    limited "$mpirun" -np $ranks "$primes" 1e9 1e9+3e7 -p >"$scratch/other"
    check "the same list from $ranks ranks" cmp "$scratch/list" "$scratch/other"
done
RANKPOOL_NODE_SIZE=2 limited "$mpirun" -np 4 "$primes" 1e9 1e9+3e7 -p >"$scratch/other"
check "the same list from 2 nodes" cmp "$scratch/list" "$scratch/other"

# Two ranks with 64 MiB of private memory each, including MPI's, print 150 MB.
bounded() (
    # shellcheck disable=SC3045 # not in POSIX, but in dash, bash and ksh
    ulimit -d 65536 2>/dev/null || exit 1
    # shellcheck disable=SC2086 # an option, or none
    limited "$mpirun" $quiet -np 2 "$primes" "$@"
)
if bounded 10 >/dev/null 2>&1; then
    bounded 1e12 1e12+3e8 -p >"$scratch/list" 2>"$scratch/stderr"
    check "memory stays small" test "$(wc -l <"$scratch/list")" -eq 10858588
fi

# same LINE: stdout is primesieve's, except for its name and times. (primesieve does not accept
# 1e9+3, so it gets the same number in digits.)
same() {
    # shellcheck disable=SC2086 # words
    theirs=$(primesieve $1 --no-status 2>/dev/null | sed '/^Sieve size/d; /^Threads/d; /^Seconds/d')
    # shellcheck disable=SC2086 # words
    expect 0 "$theirs" "" "$primes" --ranks 2 $1
}
if command -v primesieve >/dev/null; then
    for line in "1e8 -c" "1e8 -c123456" "1e7 1e8 --count=36 -q" "1e8 -q" "1e12 -d 1e8 -c12" \
        "1e6 -n" "1e6 1e12 -n -q" "1e5 -p" "7 1e5 -p2" "1e5 -p3" "1e6 -p4 -c4" "1e6 -p5 -c12 -q" \
        "1e7 -p6" "1e15 -d 1e6 -p" "10 5 -c" "4294967000 4294968000 -p" "0 -n" "1 13 -c123456"; do
        same "$line"
    done
fi

finish
