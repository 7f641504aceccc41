# RANKPOOL_PARTS
# --enable-part-limit=BYTES is for tests of the library itself. Transfers are cut into parts of at most
# so many bytes, by default INT_MAX; with a low limit little data shows whether the parts fit together.
AC_DEFUN([RANKPOOL_PARTS], [
    AC_ARG_ENABLE([part-limit], [], [], [enable_part_limit=no])
    AS_CASE([$enable_part_limit],
        [no], [rankpool_part_limit=2147483647],
        [""|0*|*@<:@!0-9@:>@*|??????????*], [
            AC_MSG_ERROR([--enable-part-limit=BYTES: 1 to 999999999, not "$enable_part_limit"])],
        [rankpool_part_limit=$enable_part_limit])
    AC_DEFINE_UNQUOTED([RANKPOOL_PART_LIMIT], [$rankpool_part_limit],
        [The most bytes that go to MPI at once, unless a single element has more.])
])
