#include "config.h"
#include "lib/api/commit.h"
#include "rankpool.h"

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

#if defined(OMPI_MAJOR_VERSION)
#define MPI_NAME \
    "Open MPI " TEXT(OMPI_MAJOR_VERSION) "." TEXT(OMPI_MINOR_VERSION) "." TEXT(OMPI_RELEASE_VERSION)
#elif defined(MPICH_VERSION)
#define MPI_NAME "MPICH " MPICH_VERSION
#else
#define MPI_NAME "MPI " TEXT(MPI_VERSION) "." TEXT(MPI_SUBVERSION)
#endif

const char *rp_build(void)
{
    return "commit " RANKPOOL_COMMIT ", configured with " RANKPOOL_CONFIGURE_OPTIONS;
}

const char *rp_version(void)
{
    return PACKAGE_VERSION " (" MPI_NAME ")";
}
