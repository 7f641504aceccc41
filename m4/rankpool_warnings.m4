# RANKPOOL_WARNINGS
# WARNING_CFLAGS: every warning we want and the compiler has. --enable-werror makes them errors.
AC_DEFUN([RANKPOOL_WARNINGS], [
    AC_ARG_ENABLE([werror],
        [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
        [], [enable_werror=no])
    WARNING_CFLAGS=
    for flag in -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wundef -Wvla -Wwrite-strings -Wpointer-arith -Wformat=2; do
        RANKPOOL_TRY_FLAG([$flag], [WARNING_CFLAGS])
    done
    AS_IF([test "$enable_werror" = yes], [RANKPOOL_TRY_FLAG([-Werror], [WARNING_CFLAGS])])
    AC_SUBST([WARNING_CFLAGS])
])

# RANKPOOL_ARITHMETIC
# ARITHMETIC_CFLAGS: a product and a sum stay two roundings, on processors that could fuse them too,
# so that the library's arithmetic has the same bits everywhere.
AC_DEFUN([RANKPOOL_ARITHMETIC], [
    ARITHMETIC_CFLAGS=
    RANKPOOL_TRY_FLAG([-ffp-contract=off], [ARITHMETIC_CFLAGS])
    AC_SUBST([ARITHMETIC_CFLAGS])
])

# RANKPOOL_TRY_FLAG(FLAG, VARIABLE): adds the flag to the variable if the compiler has it.

AC_DEFUN([RANKPOOL_TRY_FLAG], [
    rankpool_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -Werror $1"
    AC_MSG_CHECKING([whether $CC accepts $1])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
        [AC_MSG_RESULT([yes])
         $2="$[]$2 $1"],
        [AC_MSG_RESULT([no])])
    CFLAGS=$rankpool_saved_cflags
])
