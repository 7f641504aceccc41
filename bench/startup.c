/* A program that opens a pool and closes it; `startup empty` only initialises and finalises MPI. */
#include "rankpool.h"

#include <string.h>

static int run_empty(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    return MPI_Finalize() == MPI_SUCCESS ? 0 : 1;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    if (argc > 1 && strcmp(argv[1], "empty") == 0)
        return run_empty(argc, argv);
    rp_launch(&argc, &argv);
    rp_status status = rp_open(NULL, &pool);
    if (status == RP_OK)
        status = rp_close(&pool);
    return rp_exit_code(status);
}
