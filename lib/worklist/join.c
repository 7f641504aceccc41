#include "worklist/join.h"

#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"

#include <string.h>

/* Joins the results of all ranks of the node, also of dead ones. Each rank does, in the same
 * order. */
static int join_deques(const rp_worklist_job *job, struct deque_group *group)
{
    int code = 0;
    memcpy(job->result, rpi_deque_result(rpi_deque_group_at(group, 0))->bytes, job->result_size);
    for (uint32_t i = 1; i < group->ranks && code == 0; i++)
        code = job->combine(job->result, rpi_deque_result(rpi_deque_group_at(group, i))->bytes,
                            job->options.user);
    return code;
}

/* Joins the results of all nodes on the root's, in a binomial tree over their leaders. A leader
 * whose combine() fails goes on: the others wait for it. */
static int join_leaders(const struct world *world, const rp_worklist_job *job, struct lend *lend,
                        int *failed)
{
    const int nodes = world->nodes, own = (world->node - world->root_node + nodes) % nodes;
    int distance = 1, code = MPI_SUCCESS;
    for (; distance < nodes && own % (2 * distance) == 0 && code == MPI_SUCCESS; distance *= 2) {
        if (own + distance >= nodes)
            continue;
        code = rpi_message_receive(lend->result, job->result_size,
                                   (own + distance + world->root_node) % nodes, world->agents);
        if (code == MPI_SUCCESS && *failed == 0)
            *failed = job->combine(job->result, lend->result, job->options.user);
    }
    if (own != 0 && code == MPI_SUCCESS)
        code = rpi_message_send(job->result, job->result_size,
                                (own - distance + world->root_node) % nodes, world->agents);
    return code;
}

void rpi_worklist_join(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group,
                       struct lend *lend)
{
    const struct world *world = &pool->world;
    int code = MPI_SUCCESS;
    pool->loop.open = true;
    int failed = join_deques(job, group);
    if (lend != NULL)
        code = join_leaders(world, job, lend, &failed);
    if (world->nodes > 1 && code == MPI_SUCCESS)
        code = rpi_message_broadcast(job->result, job->result_size, world->root, world->comm);
    pool->loop.open = false;
    if (rpi_mpi_check(code, "a message with results of a worklist", &pool->last) == RP_OK &&
        failed != 0) {
        rpi_error_set(&pool->last, RP_ERR_TASK, "combine() failed with code %d", failed);
        pool->last.task_code = failed;
    }
}
