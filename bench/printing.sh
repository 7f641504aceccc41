#!/bin/sh
# Output of primes: primes 1e12 -d 1e9 -p compared with primesieve, both read by sha256sum; and a
# file of 1e10's, written by one rank and by one for every core: in memory, where the ranks do not
# wait for a disk, which may be slower than one of them. Times are those of whole runs.
#
# usage: bench/printing.sh [SECONDS]      from the build folder
set -eu
here=$(dirname "$0")
parts=2
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
memory=$(mktemp -d -p /dev/shm 2>/dev/null) || memory=
trap 'rm -rf ${removed:+"$removed"} ${memory:+"$memory"}' EXIT

ours() {
    timeout -k 5 120 ./apps/primes --ranks "$cores" 1e12 -d 1e9 -p | sha256sum >"$scratch/ours"
}

theirs() {
    primesieve 1e12 -d 1e9 -p | sha256sum >"$scratch/theirs"
}

printed_round() {
    seconds_of theirs
    seconds_of ours
}

printed() {
    measured printed_round "primes 1e12 -d 1e9 -p | sha256sum, beside primesieve" 0.91 1 2
    cmp "$scratch/ours" "$scratch/theirs"
}

# saved RANKS
saved() {
    timeout -k 5 120 ./apps/primes --ranks "$1" 1e10 -p -o "$memory/primes.npy" &&
        rm "$memory/primes.npy"
}

# Is there room for a file?
roomy() {
    mebibytes=$(df -P -m "$memory" | awk 'NR == 2 { print $4 }')
    [ "$mebibytes" -ge 4096 ]
}

files_round() {
    seconds_of saved 1
    seconds_of saved "$cores"
}

if command -v primesieve >/dev/null; then
    printed
else
    echo "printing is left out, for there is no primesieve to compare with (Debian: primesieve)"
fi
if [ -n "$memory" ] && roomy; then
    measured files_round "primes 1e10 -o FILE.npy: $cores ranks, beside 1" 1.33 1 2
else
    echo "files are left out, for there are no 4 GiB for one in /dev/shm"
fi
