#!/bin/sh
# What becomes of the primes: primes 1e12 -d 1e9 -p beside primesieve, both read by sha256sum; and a file of
# 1e10's, written by one rank and by one for every core. Times are from beginning to end.
#
# usage: bench/printing.sh [ROUNDS]      from the build folder
set -eu
here=$(dirname "$0")
# shellcheck source=bench/ratio.sh
. "$here/ratio.sh"
rounds=$(rounds_of printing.sh 3 "$@")
cores=$(nproc)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ours() {
    timeout -k 5 120 ./apps/primes --ranks "$cores" 1e12 -d 1e9 -p | sha256sum >"$scratch/ours"
}

theirs() {
    primesieve 1e12 -d 1e9 -p | sha256sum >"$scratch/theirs"
}

printed() {
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of ours) $(seconds_of theirs)"
    done | ratio "primes 1e12 -d 1e9 -p | sha256sum / primesieve" 1.10
    cmp "$scratch/ours" "$scratch/theirs"
}

# saved RANKS
saved() {
    timeout -k 5 120 ./apps/primes --ranks "$1" 1e10 -p -o "$scratch/primes.npy"
    rm -f "$scratch/primes.npy"
}

files() {
    for _ in $(seq "$rounds"); do
        echo "$(seconds_of saved "$cores") $(seconds_of saved 1)"
    done | ratio "primes 1e10 -o FILE.npy: $cores ranks / 1" 0.75
}

if command -v primesieve >/dev/null; then
    printed
else
    echo "printing is left out, for there is no primesieve to compare with (Debian: primesieve)"
fi
mebibytes=$(df -P -m "$scratch" | awk 'NR == 2 { print $4 }')
if [ "$mebibytes" -ge 4096 ]; then
    files
else
    echo "files are left out, for there are no 4 GiB for one in ${TMPDIR:-/tmp}"
fi
