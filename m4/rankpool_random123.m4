# RANKPOOL_RANDOM123: the library's random numbers are Random123's, which is headers only: programs
# that use Rankpool do not need it. Debian: librandom123-dev
AC_DEFUN([RANKPOOL_RANDOM123], [
    AC_CHECK_HEADER([Random123/philox.h], [],
        [AC_MSG_ERROR([Random123 is missing. Debian: apt install librandom123-dev])])
])
