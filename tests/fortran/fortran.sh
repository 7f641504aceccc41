#!/bin/sh
# Module rankpool has C's layout of every struct and C's value of every enumerator; it does what it promises on 1, 2 and 4
# ranks; and the programs in examples/ print what their .out files say.
set -eu
: "${srcdir:?}" "${CC:?}" "${MPIFC=}" "${LIBS=}" # make check sets these
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "not ok - $*"
    failed=1
}

[ -e lib/librankpool_fortran.la ] || {
    echo "skipped: the module for Fortran was not built"
    exit 77
}
export LD_LIBRARY_PATH="$PWD/lib/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# compile FILE PROGRAM
compile() {
    # shellcheck disable=SC2086 # a list of words
    $MPIFC -O2 -Wall -Wextra -Wno-unused-dummy-argument -Wno-compare-reals -Werror -J"$work" -Ilib/fortran "$1" -o "$2" \
        -Llib/.libs -lrankpool_fortran -lrankpool $LIBS
}

# ---- layouts: two programs, made from the headers and from the module, print the same

headers="$srcdir/lib/rankpool/[!d]*.h"
module=$srcdir/lib/fortran/rankpool.f90
# "STRUCT MEMBER" for each member of the headers' structs
# shellcheck disable=SC2086 # a list of files
cat $headers | grep -v '^ *#' | $CC -E -P -x c - | awk '
    /^typedef struct [a-z_]+ \{/ { name = $3; next }
    /^\}/ { name = ""; next }
    name != "" && !/reserved/ {
        gsub(/\[[^]]*\]|[*;]/, "")
        count = split($0, parts, ",")
        for (i = 1; i <= count; i++) {
            words = split(parts[i], word, " ")
            print name, word[words]
        }
    }' >"$work/members"
structs=$(sed -n 's/^ *type, bind(c) :: \(rp_[a-z_]*\)$/\1/p' "$module")
# The enumerators of both, without the table of statuses and those of the module alone
# shellcheck disable=SC2086
grep -ohE '\bRP_[A-Z0-9_]+( = [0-9]+)?,? +/\*\*<' $headers | grep -oE '^RP_[A-Z0-9_]+' >"$work/enumerators"
grep -ohE '^ +each\(RP_[A-Z]+' "$srcdir/lib/rankpool/status.h" | grep -oE 'RP_.*' >>"$work/enumerators"
grep -E '^ +(enumerator|RP_.* =|RP_.*&$)' "$module" | grep -oE 'RP_[A-Z_]+' | grep -v '_OF$' | sort -u >"$work/common"
[ "$(wc -l <"$work/common")" -ge 25 ] || fail "the enumerators were not found"
{
    echo '#include <rankpool.h>
#include <stddef.h>
#include <stdio.h>
int main(void)
{'
    for struct in $structs; do
        printf '%s\n' "printf(\"$struct %zu\\n\", sizeof($struct));"
        sed -n "s/^$struct \(.*\)/printf(\"$struct \1 %zu\\\\n\", offsetof($struct, \1));/p" "$work/members"
    done
    sed 's/.*/printf("& %d\\n", (int)&);/' "$work/common"
    echo 'return 0; }'
} >"$work/layout.c"
{
    echo 'program layout
use rankpool
implicit none'
    for struct in $structs; do
        echo "type($struct), target :: v_$struct"
    done
    for struct in $structs; do
        echo "print '(a, 1x, i0)', '$struct', c_sizeof(v_$struct)"
        sed -n "s/^$struct \(.*\)/print '(a, 1x, i0)', '$struct \1', at(c_loc(v_$struct%\1), c_loc(v_$struct))/p" \
            "$work/members"
    done
    sed "s/.*/print '(a, 1x, i0)', '&', &/" "$work/common"
    echo 'contains
integer(c_intptr_t) function at(member, whole)
    type(c_ptr), value :: member, whole
    at = transfer(member, 0_c_intptr_t) - transfer(whole, 0_c_intptr_t)
end function
end program'
} >"$work/layout.f90"
$CC -I"$srcdir/lib" "$work/layout.c" -o "$work/layout_c"
compile "$work/layout.f90" "$work/layout_f"
"$work/layout_c" >"$work/c.text"
"$work/layout_f" >"$work/f.text"
[ "$(grep -c ' [a-z].* ' "$work/c.text")" -ge 70 ] || fail "the members were not found"
diff "$work/c.text" "$work/f.text" || fail "C (<) and Fortran (>) differ"

# ---- the calls

compile "$srcdir/tests/fortran/interface.f90" "$work/interface" || fail "interface.f90 does not compile"
for ranks in 1 2 4; do
    "$srcdir/tests/support/launch_ranks" "$ranks" "$work/interface" || fail "on $ranks ranks"
done
for program in "$srcdir"/examples/*.f90; do
    name=$(basename "$program" .f90)
    compile "$program" "$work/$name"
    "$srcdir/tests/support/launch_ranks" 2 "$work/$name" | diff "$srcdir/examples/$name.out" - || fail "$name"
    grep -q "^| \[$name\]($name.f90) |" "$srcdir/examples/README.md" || fail "examples/README.md lacks $name"
done
exit $failed
