# RANKPOOL_PYTHON: the Python module rankpool, if there is a Python to run it and the library is shared. Debian: python3.
# PYTHON=/usr/bin/python3 chooses the interpreter, pythondir=DIRECTORY the place.
AC_DEFUN([RANKPOOL_PYTHON], [
    AC_ARG_WITH([python],
        [AS_HELP_STRING([--without-python], [do not install the Python module])],
        [], [with_python=check])
    AS_IF([test "$with_python" = no], [PYTHON=:], [AM_PATH_PYTHON([3.10], [], [PYTHON=:])])
    have_python=no
    AS_IF([test "$with_python" = no], [rankpool_python_summary="not installed: --without-python"],
        [test "$PYTHON" = :], [rankpool_python_summary="not installed: no Python 3.10 or later (python3)"],
        [test "$enable_shared" = no], [rankpool_python_summary="not installed: it needs the shared library"],
        [have_python=yes rankpool_python_summary="for Python $PYTHON_VERSION, $PYTHON"])
    AS_IF([test "$with_python,$have_python" = yes,no], [AC_MSG_ERROR([Python module $rankpool_python_summary])])
    AS_IF([test "$have_python" = yes], [
        dnl Debian's Python looks for modules below /usr/local in dist-packages, which automake does not know.
        rankpool_place=`test "$prefix" != NONE || prefix=$ac_default_prefix; eval "place=\"$pythondir\""; eval "echo \"$place\""`
        rankpool_sought='import os, sys; sys.exit(os.path.normpath(sys.argv@<:@1@:>@) not in sys.path)'
        AS_IF([$PYTHON -c "$rankpool_sought" "$rankpool_place"], [],
            [$PYTHON -c "$rankpool_sought" "`echo "$rankpool_place" | sed 's|site-packages$|dist-packages|'`"],
            [pythondir=`echo "$pythondir" | sed 's|site-packages$|dist-packages|'`])
    ])
    AM_CONDITIONAL([HAVE_PYTHON], [test "$have_python" = yes])
])
