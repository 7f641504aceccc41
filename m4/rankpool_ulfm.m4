# RANKPOOL_ULFM
# HAVE_ULFM: this is an Open MPI that goes on after the death of a rank (User Level Failure
# Mitigation), and so does its mpirun, if it is asked to. The extension is only there where Open MPI
# was built with it.
AC_DEFUN([RANKPOOL_ULFM], [
    AC_REQUIRE([RANKPOOL_MPI])
    AC_MSG_CHECKING([for ULFM])
    rankpool_ulfm_summary=no
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
        #include <mpi-ext.h>
        #ifndef OMPI_HAVE_MPI_EXT_FTMPI
        #error no
        #endif]], [[MPI_Comm living;
        return MPIX_Comm_shrink(MPI_COMM_WORLD, &living);]])],
        [rankpool_ulfm_summary="mpirun --with-ft ulfm"
         AC_DEFINE([HAVE_ULFM], [1], [Define if mpirun has the option --with-ft ulfm])])
    AC_MSG_RESULT([$rankpool_ulfm_summary])
])
