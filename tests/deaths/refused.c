#include "refused.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    EACH = 8 /* elements of each rank, of which there are 4 */
};

static rp_pool *pool;
static int64_t words[3][4 * EACH], eights[4] = {EACH, EACH, EACH, EACH};

static int keep_left(void *left, const void *right, void *user)
{
    (void)left, (void)right, (void)user;
    return 0;
}

static rp_status call_sort(bool by_key)
{
    int64_t groups;
    rp_sort_job job = {.n = 4 * EACH, .size = 8, .mine = words[0]};
    return by_key ? rp_reduce_by_key(pool, &job, keep_left, &groups) : rp_sort(pool, &job);
}

static rp_status call_move(int number)
{
    const rp_element element = rp_datatype(MPI_INT64_T);
    int64_t *mine = words[0], *all = words[1], received[4], n = 4 * EACH;
    switch (number) {
    case 0:
        return rp_broadcast(pool, 0, mine, n, element);
    case 1:
        return rp_scatter(pool, 0, all, n, element, mine);
    case 2:
        return rp_gather(pool, 0, mine, n, element, all);
    case 3:
        return rp_allgather(pool, mine, n, element, all);
    case 4:
        return rp_scatterv(pool, 0, all, eights, element, mine);
    case 5:
        return rp_gatherv(pool, 0, mine, eights, element, all);
    case 6:
        return rp_alltoall(pool, mine, EACH, element, all);
    case 7:
        return rp_alltoallv(pool, mine, eights, element, all, n, received);
    case 8:
        return rp_exchange(pool, 0, NULL, NULL, NULL);
    default:
        return call_sort(number > 9);
    }
}

static rp_status call_reduction(int number)
{
    int64_t *mine = words[0], *result = words[2];
    switch (number) {
    case 0:
        return rp_reduce_ranks(pool, 0, mine, EACH, MPI_INT64_T, MPI_SUM, result);
    case 1:
        return rp_allreduce_ranks(pool, mine, EACH, MPI_INT64_T, MPI_SUM, result);
    case 2:
        return rp_scan_ranks(pool, mine, EACH, MPI_INT64_T, MPI_SUM, result);
    case 3:
        return rp_exscan_ranks(pool, mine, EACH, MPI_INT64_T, MPI_SUM, result);
    default:
        return rp_reduce_scatter_ranks(pool, mine, EACH, MPI_INT64_T, MPI_SUM, result);
    }
}

int refused_collectives(rp_pool *where)
{
    static const char *const moves[] = {"rp_broadcast", "rp_scatter",      "rp_gather",
                                        "rp_allgather", "rp_scatterv",     "rp_gatherv",
                                        "rp_alltoall",  "rp_alltoallv",    "rp_exchange",
                                        "rp_sort",      "rp_reduce_by_key"};
    static const char *const reductions[] = {"rp_reduce_ranks", "rp_allreduce_ranks",
                                             "rp_scan_ranks", "rp_exscan_ranks",
                                             "rp_reduce_scatter_ranks"};
    const int move_count = sizeof moves / sizeof moves[0];
    const int count = move_count + (int)(sizeof reductions / sizeof reductions[0]);
    int refused = 0;
    pool = where;
    for (int i = 0; i < count; i++) {
        const char *name = i < move_count ? moves[i] : reductions[i - move_count];
        rp_status status = i < move_count ? call_move(i) : call_reduction(i - move_count);
        char text[100];
        snprintf(text, sizeof text, "rank 1 has died: %s needs all ranks", name);
        if (status == RP_ERR_LOST && strcmp(rp_last_error(pool)->text, text) == 0)
            refused++;
        else
            printf("rank %d, %s: %d, %s\n", rp_rank(pool), name, status, rp_last_error(pool)->text);
    }
    return refused;
}
