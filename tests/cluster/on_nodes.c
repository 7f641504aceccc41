/* A program to run on virtual nodes: does what its first argument names. */
#include "rankpool.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rp_pool *pool;

/* The host and node of each rank, in the order of ranks. */
static int tell_places(char **arguments)
{
    (void)arguments;
    char host[32] = "", mine[64], *all = malloc((size_t)rp_ranks(pool) * sizeof mine);
    gethostname(host, sizeof host - 1);
    snprintf(mine, sizeof mine, "node %d of %d, rank %d of %d on %s", rp_node(pool), rp_nodes(pool),
             rp_node_rank(pool), rp_node_ranks(pool), host);
    MPI_Gather(mine, sizeof mine, MPI_CHAR, all, sizeof mine, MPI_CHAR, 0, MPI_COMM_WORLD);
    for (int i = 0; rp_rank(pool) == 0 && i < rp_ranks(pool); i++)
        puts(all + (size_t)i * sizeof mine);
    free(all);
    return 0;
}

static int marks(void)
{
    int count = 0;
    DIR *directory = opendir("/dev/shm");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strncmp(entry->d_name, "mark.", 5) == 0;
    closedir(directory);
    return count;
}

/* How many of the files that all ranks make in /dev/shm the last rank can see. */
static int count_marks(char **arguments)
{
    (void)arguments;
    char name[64];
    snprintf(name, sizeof name, "/dev/shm/mark.%d", rp_rank(pool));
    close(open(name, O_CREAT | O_WRONLY, 0600));
    MPI_Barrier(MPI_COMM_WORLD);
    int seen = marks();
    MPI_Bcast(&seen, 1, MPI_INT, rp_ranks(pool) - 1, MPI_COMM_WORLD);
    if (rp_rank(pool) == 0)
        printf("%d marks\n", seen);
    return 0;
}

/* work SECONDS [STATUS]: ranks call a barrier all the time. Ends if a second passes without one. */
static int work(char **arguments)
{
    double begin = MPI_Wtime(), last = begin, longest = 0;
    int more = 1;
    if (rp_rank(pool) == 0)
        puts("ready");
    fflush(stdout);
    while (more) {
        usleep(5000);
        more = longest < 1 && MPI_Wtime() - begin < atof(arguments[0]);
        MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
        MPI_Barrier(MPI_COMM_WORLD);
        double now = MPI_Wtime();
        longest = now - last > longest ? now - last : longest;
        last = now;
    }
    if (rp_rank(pool) == 0)
        puts(longest >= 1 ? "with a pause" : "without a pause");
    return arguments[1] != NULL ? atoi(arguments[1]) : 0;
}

/* Does a broadcast of one megabyte from the root take a second? */
static int send_megabyte(char **arguments)
{
    (void)arguments;
    static char bytes[1000000];
    MPI_Barrier(MPI_COMM_WORLD);
    double begin = MPI_Wtime();
    MPI_Bcast(bytes, sizeof bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rp_rank(pool) == 0)
        puts(MPI_Wtime() - begin >= 1 ? "slow" : "fast");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **arguments);
    } jobs[] = {{"places", tell_places},
                {"marks", count_marks},
                {"work", work},
                {"megabyte", send_megabyte}};
    if (argc < 2 || rp_open(NULL, &pool) != RP_OK)
        return 2;
    int status = 2;
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        if (strcmp(argv[1], jobs[i].name) == 0)
            status = jobs[i].run(argv + 2);
    }
    rp_close(&pool);
    return status;
}
