# RANKPOOL_FORTRAN
# Module rankpool, for programs in Fortran: built if there is a compiler for Fortran 2018. Debian: gfortran. Must come
# before LT_INIT. The module itself needs no MPI; MPIFC links programs, in tests.
AC_DEFUN([RANKPOOL_FORTRAN], [
    AC_REQUIRE([AC_PROG_FC])
    AC_ARG_ENABLE([fortran],
        [AS_HELP_STRING([--disable-fortran], [leave out the module for Fortran])],
        [], [enable_fortran=check])
    have_fortran=no
    rankpool_fortran_summary="none: no compiler for Fortran 2018 (gfortran)"
    AS_IF([test "$enable_fortran" != no && test -n "$FC"], [
        AC_LANG_PUSH([Fortran])
        AC_MSG_CHECKING([whether $FC compiles Fortran 2018])
        ac_ext=f90
        AC_COMPILE_IFELSE([AC_LANG_SOURCE([
module try
    use, intrinsic :: iso_c_binding
    interface
        integer(c_int) function f(x, y) bind(c)
            import
            type(*), intent(in) :: x(*)
            integer(c_int), intent(in), optional :: y
        end function
    end interface
end module])], [have_fortran=yes])
        rm -f try.mod TRY.mod
        AC_MSG_RESULT([$have_fortran])
        AS_IF([test "$have_fortran" = yes], [
            AC_FC_MODULE_EXTENSION
            AC_FC_MODULE_OUTPUT_FLAG([], [have_fortran=no])
        ])
        AS_IF([test "$have_fortran" = yes], [
            AC_FC_LIBRARY_LDFLAGS
            rankpool_fortran_summary="module rankpool, by $FC"
        ])
        AC_LANG_POP([Fortran])
    ])
    AS_IF([test "$enable_fortran" = yes && test "$have_fortran" = no],
        [AC_MSG_ERROR([no compiler for Fortran 2018 found. Debian: apt install gfortran])])
    AS_IF([test "$enable_fortran" = no], [rankpool_fortran_summary="no"])
    AM_CONDITIONAL([HAVE_FORTRAN], [test "$have_fortran" = yes])
])
