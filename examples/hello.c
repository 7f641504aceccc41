#include <rankpool.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv); /* not under mpirun or srun? then on every core */
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "hello");
    if (rp_rank(pool) == 0)
        printf("Hello from rank 0.\n");
    int code = rp_report(pool, "hello");
    rp_close(&pool);
    return code;
}
