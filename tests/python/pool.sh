#!/bin/sh
# The Python module, with the library of the build directory: under mpirun and by itself, its examples, interrupted, and
# with workers that die.
set -u
: "${srcdir:?}" "${PYTHON:=:}" # make check sets these
here=$srcdir/tests/python
library=$PWD/lib/.libs/librankpool.so.0
[ "$PYTHON" != : ] || {
    echo "skipped: there is no Python 3.10 or later"
    exit 77
}
[ -e "$library" ] || {
    echo "skipped: the Python module needs the shared library, and none was built (--disable-shared)"
    exit 77
}
# shellcheck source=tests/apps/expect.sh disable=SC1091
. "$srcdir/tests/apps/expect.sh"
blot() { cat; }
RANKPOOL_LIBRARY=$library
PYTHONPATH=$(cd "$srcdir/python" && pwd)${PYTHONPATH:+:$PYTHONPATH}
PYTHONDONTWRITEBYTECODE=1
export RANKPOOL_LIBRARY PYTHONPATH PYTHONDONTWRITEBYTECODE

python() {
    limited "$PYTHON" "$@"
}

check "structs are those of the headers" python "$here/layout.py" "$srcdir/lib"
for ranks in 1 2 4; do
    check "pool on $ranks ranks" "$srcdir/tests/support/launch_ranks" "$ranks" "$PYTHON" "$here/pool_test.py"
done
RANKPOOL_NODE_SIZE=2 && export RANKPOOL_NODE_SIZE
check "pool on nodes of 2, 1 ranks" "$srcdir/tests/support/launch_ranks" 3 "$PYTHON" "$here/pool_test.py" Calls Arrays
unset RANKPOOL_NODE_SIZE

cat >"$scratch/words.py" <<'END'
import sys, rankpool
def sign(x):
    return -x
rankpool.launch(2)
if __name__ == "__main__":
    print(rankpool.Pool().map(sign, range(3)), sys.argv[1:])
END
expect 0 "[0, -1, -2] ['a b', ':', '-x']" "" "$PYTHON" "$scratch/words.py" "a b" : -x
expect 0 "[0, -1, -2] ['last']" "" "$PYTHON" "$scratch/words.py" --ranks 2 last
expect 0 "[4]" "" "$PYTHON" -c "import rankpool; print(rankpool.Pool(1).map(abs, [-4]))"
expect 3 "" "" "$PYTHON" -c "import rankpool, sys; rankpool.Pool(1).apply(sys.exit, (3,))"
echo "import rankpool; print(rankpool.Pool().map(abs, [-4]))" >"$scratch/session.py"
expect 0 "[4]" "rankpool: an interactive session has a single rank; write a script for more" \
    sh -c "\"$PYTHON\" <$scratch/session.py"
RANKPOOL_LIBRARY=/nonexistent/librankpool.so
expect 1 "" "ImportError: rankpool: cannot load its library: /nonexistent/librankpool.so: cannot open shared object \
file: No such file or directory; install it, or set RANKPOOL_LIBRARY to its path" \
    sh -c "\"$PYTHON\" -c 'import rankpool' 2>&1 | tail -n 1 >&2; exit 1"
settle
RANKPOOL_LIBRARY=$library

for example in "$srcdir"/examples/*.py; do
    name=$(basename "$example" .py)
    # shellcheck disable=SC2086 # $quiet is empty or one word
    expect 0 "$(cat "$srcdir/examples/$name.out")" "" "$mpirun" $quiet -np 2 "$PYTHON" "$example"
    grep -q "^| \[$name\]($name.py) |" "$srcdir/examples/README.md" || report "not ok" "examples/README.md lacks $name"
done
# The first program of a document.
program_of() {
    awk '/^```python$/ { on = 1; next } /^```/ && on { exit } on' "$srcdir/$1"
}
program_of README.md >"$scratch/readme.py"
program_of doc/guide/python.md >"$scratch/guide.py"
expect 0 "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]" "" "$PYTHON" "$scratch/readme.py"
expect 0 261 "" "$PYTHON" "$scratch/guide.py"

for place in produce consume work command; do
    expect 0 "failed failed failed failed" "" "$PYTHON" "$here/broken.py" $place
done
python "$here/broken.py" worker >"$scratch/stdout" 2>"$scratch/stderr"
check "a worker that fails ends the program" [ $? -ne 0 ]
check "and its script does not go on" sh -c "! grep -q 'went on' '$scratch/stdout'"
case $("$mpirun" --version 2>&1) in
*HYDRA*) ;; # which drops what a rank that fails has printed last
*) check "and says why" grep -q "MemoryError: on purpose" "$scratch/stderr" ;;
esac

check "Ctrl-C" python "$here/interrupted.py"
python "$here/deaths.py" "$scratch/mark" >"$scratch/stdout" 2>&1
status=$?
if [ $status -eq 77 ]; then
    echo "workers that die: not tried, since under this MPI the others do not survive"
else
    [ $status -eq 0 ] || sed 's/^/# /' "$scratch/stdout"
    check "workers that die" [ $status -eq 0 ]
fi
finish
