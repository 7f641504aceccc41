/* A map with a checkpoint that counts how often each item is computed, over all runs, even if they
 * are killed.
 *
 * usage: counted_map COUNTS DIRECTORY SECONDS
 *
 * COUNTS is a file with a byte for each item, initially 0. Prints a checksum of the results. */
#include <rankpool.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    ITEMS = 2000
};

static uint64_t out[ITEMS];

/* Shared by all ranks, and kept when they are killed. */
static unsigned char *map_counts(const char *path)
{
    int file = open(path, O_RDWR);
    void *counts =
        file >= 0 ? mmap(NULL, ITEMS, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    if (counts == MAP_FAILED) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return counts;
}

/* At least half a millisecond per item, which limits the items computed between two writes of the
 * journal. */
static int compute(rp_task *task, const void *in, void *result)
{
    unsigned char *counts = rp_task_user(task);
    int64_t item = rp_task_item(task);
    (void)in;
    nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    *(uint64_t *)result = rp_fingerprint(7, &item, sizeof item);
    counts[item]++;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (argc != 4)
        return 2;
    rp_config config = {.checkpoint = argv[2],
                        .resume = RP_RESUME,
                        .checkpoint_seconds = strtod(argv[3], NULL)};
    if (rp_open(&config, &pool) != RP_OK) {
        fprintf(stderr, "counted_map: %s\n", rp_last_error(NULL)->text);
        return 1;
    }
    rp_map_job job = {.n = ITEMS,
                      .item = compute,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.user = map_counts(argv[1])}};
    rp_status status = rp_map(pool, &job);
    if (rp_rank(pool) == 0 && status == RP_OK)
        printf("%016" PRIx64 "\n", rp_fingerprint(0, out, sizeof out));
    if (rp_rank(pool) == 0 && status != RP_OK)
        fprintf(stderr, "counted_map: %s\n", rp_last_error(pool)->text);
    rp_close(&pool);
    return rp_exit_code(status);
}
