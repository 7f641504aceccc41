# RANKPOOL_DOCUMENTS: what makes documents. Doxygen reads the comments of the headers, of which a Python script makes a
# manual page per function; with cmark-gfm, make html makes the site. Debian: doxygen, python3, cmark-gfm.
AC_DEFUN([RANKPOOL_DOCUMENTS], [
    AC_CHECK_PROGS([DOXYGEN], [doxygen], [no])
    AC_CHECK_PROGS([CMARK], [cmark-gfm], [no])
    AC_CHECK_PROGS([DOCUMENTS_PYTHON], [python3], [no])
    rankpool_missing=
    AS_IF([test "$DOXYGEN" = no], [rankpool_missing=" doxygen"])
    AS_IF([test "$DOCUMENTS_PYTHON" = no], [rankpool_missing="$rankpool_missing python3"])
    AM_CONDITIONAL([HAVE_REFERENCE], [test -z "$rankpool_missing"])
    AS_IF([test -z "$rankpool_missing"], [rankpool_manual_summary="a page per function"],
        [rankpool_manual_summary="no page per function, for want of$rankpool_missing"])
    AS_IF([test "$CMARK" = no], [rankpool_missing="$rankpool_missing cmark-gfm"])
    AC_SUBST([rankpool_missing])
])
