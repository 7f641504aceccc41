# RANKPOOL_MPI
# Checks that the compiler knows MPI, which one it is, and where the mpirun of that MPI is:
# the mpirun of another MPI would start so many programs that know nothing of each other.
AC_DEFUN([RANKPOOL_MPI], [
    AC_ARG_VAR([MPIRUN], [the mpirun that belongs to this MPI])
    AC_MSG_CHECKING([whether $CC compiles and links MPI programs])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>]], [[return MPI_Init(0, 0);]])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([$CC does not compile MPI programs: set MPICC, or leave CC unset])])
    AC_MSG_CHECKING([which MPI this is])
    rankpool_mpi_name=other
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
        #ifndef OPEN_MPI
        #error no
        #endif]])], [rankpool_mpi_name="Open MPI"])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
        #ifndef MPICH_VERSION
        #error no
        #endif]])], [rankpool_mpi_name=MPICH])
    AC_MSG_RESULT([$rankpool_mpi_name])
    AC_ARG_VAR([MPICXX], [the C++ wrapper that belongs to this MPI, for tests only])
    AC_ARG_VAR([MPIFC], [the Fortran wrapper that belongs to this MPI, for tests only])
    AS_CASE([$rankpool_mpi_name],
        ["Open MPI"], [
            AC_PATH_PROGS([MPIRUN], [mpirun.openmpi mpirun mpiexec])
            AC_CHECK_PROGS([MPICXX], [mpicxx.openmpi mpicxx])
            AC_CHECK_PROGS([MPIFC], [mpifort.openmpi mpifort])],
        [MPICH], [
            AC_PATH_PROGS([MPIRUN], [mpirun.mpich mpiexec.hydra mpirun mpiexec])
            AC_CHECK_PROGS([MPICXX], [mpicxx.mpich mpicxx])
            AC_CHECK_PROGS([MPIFC], [mpifort.mpich mpifort])],
        [
            AC_PATH_PROGS([MPIRUN], [mpirun mpiexec])
            AC_CHECK_PROGS([MPICXX], [mpicxx])
            AC_CHECK_PROGS([MPIFC], [mpifort])])
    AC_MSG_CHECKING([for the parameter files of this MPI])
    rankpool_mpi_bin=`AS_DIRNAME(["$MPIRUN"])`
    rankpool_mpi_sysconfdir=`"$rankpool_mpi_bin/ompi_info" --parsable --path sysconfdir 2>/dev/null |
        sed -n 's/^path:sysconfdir://p'`
    AS_IF([test -z "$rankpool_mpi_sysconfdir"],
        [rankpool_mpi_sysconfdir=`AS_DIRNAME(["$rankpool_mpi_bin"])`/etc])
    AC_MSG_RESULT([$rankpool_mpi_sysconfdir])
    AC_DEFINE_UNQUOTED([RANKPOOL_MPI_SYSCONFDIR], ["$rankpool_mpi_sysconfdir"],
        [Where Open MPI has its parameter file openmpi-mca-params.conf])
    AC_DEFINE_UNQUOTED([RANKPOOL_MPIRUN], ["$MPIRUN"], [The mpirun of the MPI we are built with])
])
