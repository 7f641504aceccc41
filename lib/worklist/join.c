#include "worklist/join.h"

#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "worklist/bound.h"

#include <string.h>

static const void *deque_result(struct deque_group *group, uint32_t rank)
{
    return rpi_deque_result(rpi_deque_group_at(group, rank))->bytes;
}

/* Joins the results of all ranks of the node, also of dead ones. Each rank does, in the same
 * order. */
static int join_deques(const rp_worklist_job *job, struct deque_group *group, void *joined)
{
    int code = 0;
    memcpy(joined, deque_result(group, 0), rpi_bound_result_bytes(job));
    for (uint32_t i = 1; i < group->ranks && code == 0; i++)
        code = rpi_bound_combine(job, joined, deque_result(group, i));
    return code;
}

/* Joins the results of all nodes on the root's, in a binomial tree over their leaders. A leader
 * whose combine() fails goes on: the others wait for it. */
static int join_leaders(const struct world *world, const rp_worklist_job *job, struct lend *lend,
                        void *joined, int *failed)
{
    const size_t bytes = rpi_bound_result_bytes(job);
    const int nodes = world->nodes, own = (world->node - world->root_node + nodes) % nodes;
    int distance = 1, code = MPI_SUCCESS;
    for (; distance < nodes && own % (2 * distance) == 0 && code == MPI_SUCCESS; distance *= 2) {
        if (own + distance >= nodes)
            continue;
        code = rpi_message_receive(lend->result, bytes, (own + distance + world->root_node) % nodes,
                                   world->agents);
        if (code == MPI_SUCCESS && !rpi_bound_result_valid(job, lend->result))
            rpi_mpi_reject("node", (own + distance + world->root_node) % nodes);
        if (code == MPI_SUCCESS && *failed == 0)
            *failed = rpi_bound_combine(job, joined, lend->result);
    }
    if (own != 0 && code == MPI_SUCCESS)
        code = rpi_message_send(joined, bytes, (own - distance + world->root_node) % nodes,
                                world->agents);
    return code;
}

void rpi_worklist_join(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group,
                       struct lend *lend, void *joined)
{
    const struct world *world = &pool->world;
    const size_t bytes = rpi_bound_result_bytes(job);
    int code = MPI_SUCCESS;
    pool->loop.open = true;
    int failed = join_deques(job, group, joined);
    if (lend != NULL)
        code = join_leaders(world, job, lend, joined, &failed);
    if (world->nodes > 1 && code == MPI_SUCCESS)
        code = rpi_message_broadcast(joined, bytes, world->root, world->comm);
    pool->loop.open = false;
    rpi_bound_deliver(job, joined);
    if (rpi_mpi_check(code, "a message with results of a worklist", &pool->last) == RP_OK &&
        failed != 0) {
        rpi_error_set(&pool->last, RP_ERR_TASK, "combine() failed with code %d", failed);
        pool->last.task_code = failed;
    }
}
