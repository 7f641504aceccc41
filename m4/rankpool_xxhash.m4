# RANKPOOL_XXHASH: the journal's checksums are xxHash's, of which the library needs the header only:
# programs that use Rankpool do not need it. Debian: libxxhash-dev
AC_DEFUN([RANKPOOL_XXHASH], [
    AC_CHECK_HEADER([xxhash.h], [],
        [AC_MSG_ERROR([xxHash is missing. Debian: apt install libxxhash-dev])])
])
