# Libraries that programs, tests and benchmarks use if they are there. The library uses none.

# RANKPOOL_PRIMESIEVE: the sieve of the program primes. Debian: libprimesieve-dev
AC_DEFUN([RANKPOOL_PRIMESIEVE], [
    AC_ARG_WITH([primesieve],
        [AS_HELP_STRING([--without-primesieve], [let primes use its own, slower sieve])],
        [], [with_primesieve=check])
    rankpool_primesieve_summary="not used: primes has its own, slower sieve (libprimesieve-dev)"
    have_primesieve=no
    AS_IF([test "$with_primesieve" != no], [
        PKG_CHECK_MODULES([PRIMESIEVE], [primesieve >= 7], [have_primesieve=yes], [
            AS_IF([test "$with_primesieve" = yes], [AC_MSG_ERROR([libprimesieve is missing])])])
    ])
    AS_IF([test "$have_primesieve" = yes], [
        rankpool_primesieve_summary="libprimesieve `$PKG_CONFIG --modversion primesieve`"
        AC_DEFINE([HAVE_PRIMESIEVE], [1], [Is libprimesieve there?])
    ])
    AM_CONDITIONAL([HAVE_PRIMESIEVE], [test "$have_primesieve" = yes])
])

# RANKPOOL_PNG: pictures that programs write. Debian: libpng-dev
AC_DEFUN([RANKPOOL_PNG], [
    AC_ARG_WITH([png],
        [AS_HELP_STRING([--without-png], [let programs refuse to write pictures])],
        [], [with_png=check])
    rankpool_png_summary="none: programs refuse to write PNG files (libpng-dev)"
    have_png=no
    AS_IF([test "$with_png" != no], [
        PKG_CHECK_MODULES([PNG], [libpng >= 1.5], [have_png=yes], [
            AS_IF([test "$with_png" = yes], [AC_MSG_ERROR([libpng is missing])])])
    ])
    AS_IF([test "$have_png" = yes], [
        rankpool_png_summary="libpng `$PKG_CONFIG --modversion libpng`"
    ])
    AM_CONDITIONAL([HAVE_PNG], [test "$have_png" = yes])
])

# RANKPOOL_NETTLE: SHA-1, for the trees of the program search. Debian: nettle-dev
AC_DEFUN([RANKPOOL_NETTLE], [
    AC_ARG_WITH([nettle],
        [AS_HELP_STRING([--without-nettle], [let search refuse the trees of the UTS benchmark])],
        [], [with_nettle=check])
    rankpool_nettle_summary="none: search refuses the trees of UTS (nettle-dev)"
    have_nettle=no
    AS_IF([test "$with_nettle" != no], [
        PKG_CHECK_MODULES([NETTLE], [nettle >= 3.0], [have_nettle=yes], [
            AS_IF([test "$with_nettle" = yes], [AC_MSG_ERROR([libnettle is missing])])])
    ])
    AS_IF([test "$have_nettle" = yes], [
        rankpool_nettle_summary="Nettle `$PKG_CONFIG --modversion nettle`"
    ])
    AM_CONDITIONAL([HAVE_NETTLE], [test "$have_nettle" = yes])
])

# RANKPOOL_CHECK: the unit test framework Check. Debian: check
AC_DEFUN([RANKPOOL_CHECK], [
    rankpool_check_summary="none: make check needs the package check"
    have_check=no
    PKG_CHECK_MODULES([CHECK], [check >= 0.10], [
        have_check=yes
        rankpool_check_summary="Check `$PKG_CONFIG --modversion check`"
    ], [:])
    AM_CONDITIONAL([HAVE_CHECK], [test "$have_check" = yes])
])

# RANKPOOL_OPENMP: benchmarks compare with it.
AC_DEFUN([RANKPOOL_OPENMP], [
    AC_OPENMP
    rankpool_openmp_summary="beside OpenMP ($OPENMP_CFLAGS)"
    AS_IF([test -z "$OPENMP_CFLAGS"], [rankpool_openmp_summary="all but claims: the compiler lacks OpenMP"])
    AM_CONDITIONAL([HAVE_OPENMP], [test -n "$OPENMP_CFLAGS"])
])
