#!/bin/sh
# rankpool.hpp compiles without a warning, by gcc and clang, as C++17 and C++20; it does what it promises on 1, 2 and 4
# ranks; types that cannot travel are refused by a sentence; and an exception that leaves the program is reported once.
set -eu
: "${srcdir:?}" "${MPICXX=}" "${CFLAGS=}" "${LIBS=}" # make check sets these
here=$(cd "$srcdir/tests/cxx" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "not ok - $*"
    failed=1
}

# compile OPTION...: with MPI's compiler, and all warnings
compile() {
    $MPICXX -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror -I"$srcdir/lib" "$@"
}

echo 'int main() { return 0; }' >"$work/empty.cc"
if [ -z "$MPICXX" ] || ! compile -std=c++17 "$work/empty.cc" -o "$work/empty" 2>/dev/null; then
    echo "skipped: there is no MPI compiler for C++17"
    exit 77
fi
flags_of_c=$(echo "$CFLAGS" | sed 's/-Werror=[^ ]*//g') # of errors, C has its own
# shellcheck disable=SC2086 # lists of words
compile -std=c++17 $flags_of_c -O0 "$here/interface.cc" -o "$work/interface" -Llib/.libs -lrankpool $LIBS
export LD_LIBRARY_PATH="$PWD/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
while read -r compiler standard; do
    command -v "$compiler" >/dev/null || {
        echo "not compiled by $compiler, which is missing"
        continue
    }
    OMPI_CXX=$compiler MPICH_CXX=$compiler compile -Wno-unused-command-line-argument -std="$standard" \
        -fsyntax-only "$here/interface.cc" || fail "$compiler, $standard"
done <<'END'
g++ c++20
clang++ c++17
clang++ c++20
END

if compile -std=c++17 -fsyntax-only "$here/refused.cc" 2>"$work/errors"; then
    fail "refused.cc compiles"
fi
while IFS= read -r sentence; do
    grep -qF "$sentence" "$work/errors" || fail "no error says: $sentence"
done <<'END'
give a trivially copyable type, without std::string
give what the pointers point to
rankpool needs elements in contiguous memory
results cannot be stored in an array of constants
the function must accept an element of the array
the function must return an element of the array of results
MPI's operations are for numbers
is for numbers of 64 bits
specialise rankpool::bytes for this type
where a pointer or a view means nothing
keep the future in a variable
give no generic lambda
lambdas are recognised by their types
submit a function that was given to pool.control()
an argument cannot be converted
submit as many arguments as the function has parameters
END

for ranks in 1 2 4; do
    "$srcdir/tests/support/launch_ranks" "$ranks" "$work/interface" || fail "on $ranks ranks"
done

# reported WHO LINES: an exception on these ranks gives a status other than 0, and is printed that often
reported() {
    "$srcdir/tests/support/launch_ranks" 3 "$work/interface" "$1" 2>"$work/report" && fail "$1: status 0"
    [ "$(grep -c '^interface: thrown on purpose$' "$work/report")" = 1 ] || {
        cat "$work/report"
        fail "$1: not reported once"
    }
}
reported one
reported all
exit $failed
