#include "distrib/batch_server.h"

#include "resilience/survival.h"

#include <stdlib.h>
#include <string.h>

/* Where ranks survive deaths, the results of a batch are buffered until it is complete, so that an
 * incomplete batch changes no results. */
struct delivery {
    struct delivery *next;
    struct dispatched_element to;
    size_t bytes;
    char data[];
};

static int dispatcher_place_result(struct dispatcher *dispatcher, int node,
                                   struct dispatched_element to, size_t bytes)
{
    return rpi_node_link_expect(dispatcher->link, node, CHANNEL_TO_ROOT, to.at, bytes,
                                to.travelling);
}

static int dispatcher_buffer_result(struct dispatcher *dispatcher, int node,
                                    struct dispatched_element to, size_t bytes)
{
    struct delivery *delivery = malloc(sizeof *delivery + bytes);
    if (delivery == NULL)
        return MPI_ERR_NO_MEM;
    *delivery =
        (struct delivery){.next = dispatcher->nodes[node].deliveries, .to = to, .bytes = bytes};
    dispatcher->nodes[node].deliveries = delivery;
    to.at = delivery->data;
    return dispatcher_place_result(dispatcher, node, to, bytes);
}

static struct unit_range dispatcher_node_share(const struct world *world, uint32_t units, int node)
{
    int first = world->node_first[node], behind = world->node_first[node + 1];
    return (struct unit_range){(uint32_t)rp_block(units, world->ranks, first).begin,
                               (uint32_t)rp_block(units, world->ranks, behind - 1).end};
}

/* Returns the arrays whose elements are sent to a node with its batches. */
static uint32_t dispatcher_inputs(const struct array *arrays, int count,
                                  const struct staging *staging)
{
    uint32_t inputs = 0;
    for (int i = 0; i < count; i++)
        inputs |= staging->staged[i] && !arrays[i].output ? UINT32_C(1) << i : 0;
    return inputs;
}

/* For how many nodes a node that this one serves asks. */
static int dispatcher_members(const struct dispatcher *dispatcher, int node)
{
    const struct node_link *link = dispatcher->link;
    return link->on_root ? groups_members(&link->groups, node) : 1;
}

static void dispatcher_init_node(struct dispatcher *dispatcher, int node, int count,
                                 const struct staging *staging)
{
    struct dispatch_node *known = &dispatcher->dispatch.node[node];
    int members = dispatcher_members(dispatcher, node);
    dispatcher->nodes[node].inputs = dispatcher_inputs(dispatcher->arrays, count, staging);
    known->most = rpi_staging_of_group(staging, &dispatcher->units, members).most;
    for (int i = 0; i < members; i++)
        known->ranks += (uint32_t)world_ranks_on(dispatcher->world,
                                                 groups_member(&dispatcher->link->groups, node, i));
}

static uint32_t dispatcher_begun_on(const struct dispatcher *dispatcher, int node)
{
    uint32_t units = 0;
    for (int i = 0; i < dispatcher_members(dispatcher, node); i++)
        units += unit_range_length(
            dispatcher_node_share(dispatcher->world, dispatcher->begun,
                                  groups_member(&dispatcher->link->groups, node, i)));
    return units;
}

/* All nodes but the root's stage the same. */
static void dispatcher_init_nodes(struct dispatcher *dispatcher, int count,
                                  const struct staging *own)
{
    const struct node_link *link = dispatcher->link;
    struct access far[MOST_ARRAYS];
    rpi_arrays_access_remote(dispatcher->arrays, count, far);
    struct staging others = link->on_root ? rpi_staging_plan(far, count, &dispatcher->units) : *own;
    for (int i = 0; i < link->child_count; i++) {
        int node = link->children[i];
        dispatcher_init_node(dispatcher, node, count,
                             node == dispatcher->world->node ? own : &others);
    }
    rpi_batch_policy_begin(&dispatcher->dispatch);
    for (int i = 0; i < link->child_count; i++)
        rpi_batch_policy_issue(&dispatcher->dispatch, link->children[i],
                               dispatcher_begun_on(dispatcher, link->children[i]));
}

/* With a static schedule, what is left are shares of the nodes. The units of dead nodes go to
 * others. */
bool rpi_dispatcher_record_initial(struct dispatcher *dispatcher, const struct job *job)
{
    const struct world *world = dispatcher->world;
    struct accounting *accounting = dispatcher->accounting;
    struct unit_range left = {job->begun, job->units.count};
    bool shares = job->choice.schedule == RP_SCHEDULE_STATIC && !unit_range_empty(left);
    bool noted = shares || rpi_accounting_leave(accounting, left, -1);
    for (int i = 0; i < world->nodes && noted; i++) {
        bool lives = rpi_hub_lives(&world->hub, i);
        struct unit_range begun = dispatcher_node_share(world, job->begun, i);
        if (lives)
            rpi_accounting_give(accounting, i, begun, 0);
        else
            noted = rpi_accounting_leave(accounting, begun, -1);
        if (shares)
            noted = noted && rpi_accounting_leave(accounting,
                                                  dispatcher_node_share(world, job->units.count, i),
                                                  lives ? i : -1);
    }
    return noted;
}

static struct dispatched_element dispatcher_array_element(struct dispatcher *dispatcher, int index,
                                                          int64_t item)
{
    const struct array *array = &dispatcher->arrays[index];
    return (struct dispatched_element){(char *)array->base + (size_t)item * array->size,
                                       &dispatcher->travelling};
}

struct dispatcher *rpi_dispatcher_make(struct node_link *link, const struct array *arrays,
                                       int count, const struct staging *own, const struct job *job,
                                       struct accounting *accounting)
{
    const struct world *world = &link->pool->world;
    size_t nodes = (size_t)world->nodes;
    struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    if (dispatcher == NULL)
        return NULL;
    *dispatcher = (struct dispatcher){
        .link = link,
        .world = world,
        .begun = job->begun,
        .element = dispatcher_array_element,
        .receive = link->pool->ops->elects ? dispatcher_buffer_result : dispatcher_place_result,
        .dispatch = {.least =
                         job->choice.chunk > 0 ? rpi_units_for(&job->units, job->choice.chunk) : 1,
                     .nodes = world->nodes,
                     .node = calloc(nodes, sizeof *dispatcher->dispatch.node)},
        .nodes = calloc(nodes, sizeof *dispatcher->nodes),
        .arrays = arrays,
        .units = job->units,
        .accounting = accounting,
    };
    if (dispatcher->dispatch.node == NULL || dispatcher->nodes == NULL) {
        rpi_dispatcher_drop(dispatcher);
        return NULL;
    }
    dispatcher_init_nodes(dispatcher, count, own);
    return dispatcher;
}

static void node_drop_deliveries(struct dispatched_node *node)
{
    while (node->deliveries != NULL) {
        struct delivery *delivery = node->deliveries;
        node->deliveries = delivery->next;
        free(delivery);
    }
}

void rpi_dispatcher_drop(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    for (int i = 0; dispatcher->nodes != NULL && i < dispatcher->dispatch.nodes; i++)
        node_drop_deliveries(&dispatcher->nodes[i]);
    free(dispatcher->dispatch.node);
    free(dispatcher->nodes);
    free(dispatcher);
}

static int dispatcher_send_batch(struct dispatcher *dispatcher, int node, struct remainder units)
{
    rp_range items = units_to_items(&dispatcher->units, units.unit_range);
    struct agent_message message = {.link = {.kind = MESSAGE_BATCH},
                                    .attempt = (int)units.attempt,
                                    .units = units.unit_range,
                                    .first = items.begin,
                                    .items = items.end - items.begin,
                                    .arrays = dispatcher->nodes[node].inputs};
    rpi_accounting_give(dispatcher->accounting, node, units.unit_range, units.attempt);
    int code = rpi_node_link_send(dispatcher->link, node, &message.link);
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((message.arrays >> i & 1) == 0)
            continue;
        struct dispatched_element from = dispatcher->element(dispatcher, i, message.first);
        code = rpi_node_link_payload(dispatcher->link, node, CHANNEL_FROM_ROOT, from.at,
                                     (size_t)message.items * dispatcher->arrays[i].size,
                                     from.travelling);
    }
    return code;
}

/* Closes a node if nothing is left for it, so that its ranks stop waiting for units. */
static int dispatcher_close_node(struct dispatcher *dispatcher, int node)
{
    const struct link_peer *peer = &dispatcher->link->peers[node];
    bool exhausted =
        !dispatcher->more && rpi_accounting_next(dispatcher->accounting, node, INT64_MAX) < 0;
    bool closes = exhausted && !peer->closed && !peer->finished;
    return closes ? rpi_node_link_close(dispatcher->link, node) : MPI_SUCCESS;
}

/* Closes all nodes for which nothing is left. Takes time in proportion to their number, so call it
 * only when units that any node could get have been used up. */
static int dispatcher_close_exhausted(struct dispatcher *dispatcher)
{
    const struct node_link *link = dispatcher->link;
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS && !dispatcher->more; i++)
        code = dispatcher_close_node(dispatcher, link->children[i]);
    return code;
}

/* Have all other nodes finished? */
static bool dispatcher_only_root_left(const struct dispatcher *dispatcher)
{
    int own = dispatcher->world->node;
    return dispatcher->link->unfinished == !dispatcher->link->peers[own].finished;
}

/* Returns how many attempts the units sent to this node may have had; -1: it gets none now. The
 * root's node gets suspects only when all others have finished. */
static int64_t dispatcher_attempts_allowed(const struct dispatcher *dispatcher, int node)
{
    if (node == dispatcher->world->node)
        return dispatcher_only_root_left(dispatcher) ? INT64_MAX : 0;
    return rpi_accounting_allows(dispatcher->accounting, node);
}

/* Limits the units in a batch of suspects, except for the root's node, which cannot die as a
 * whole. */
static uint32_t dispatcher_batch_limit(const struct dispatcher *dispatcher, int node,
                                       const struct remainder *left)
{
    uint32_t staged = dispatcher->dispatch.node[node].most, most = rpi_accounting_most(left);
    return node == dispatcher->world->node || most > staged ? staged : most;
}

/* Takes units for a node; an empty range if there are none for it now. *used_up: they were the last
 * of an entry of the account for all nodes. */
static struct remainder dispatcher_next_units(struct dispatcher *dispatcher, int node,
                                              double seconds, bool *used_up)
{
    int64_t attempts = dispatcher_attempts_allowed(dispatcher, node);
    int64_t place = dispatcher->link->stopped
                        ? -1
                        : rpi_accounting_next(dispatcher->accounting, node, attempts);
    if (place < 0)
        return (struct remainder){.attempt = 0};
    struct remainder *left = &dispatcher->accounting->left[place], taken = *left;
    uint32_t length = unit_range_length(left->unit_range),
             most = dispatcher_batch_limit(dispatcher, node, left);
    uint32_t units = left->node == node
                         ? length
                         : rpi_batch_policy_next(&dispatcher->dispatch, node, length, seconds);
    left->unit_range.low += units < most ? units : most;
    taken.unit_range.high = left->unit_range.low;
    *used_up = left->node < 0 && unit_range_empty(left->unit_range);
    return taken;
}

static int dispatcher_answer(struct dispatcher *dispatcher, int node, double seconds)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    bool used_up = false;
    struct remainder units = dispatcher_next_units(dispatcher, node, seconds, &used_up);
    bool none = unit_range_empty(units.unit_range);
    asking->seconds = seconds;
    asking->wants += none;
    int code = none ? MPI_SUCCESS : dispatcher_send_batch(dispatcher, node, units);
    if (code == MPI_SUCCESS && used_up)
        return dispatcher_close_exhausted(dispatcher);
    return code == MPI_SUCCESS ? dispatcher_close_node(dispatcher, node) : code;
}

int rpi_dispatcher_open(struct dispatcher *dispatcher)
{
    if (dispatcher->link->pool->ops->elects)
        return MPI_SUCCESS; /* agents request their first batch */
    const struct node_link *link = dispatcher->link;
    int code = dispatcher_close_exhausted(dispatcher);
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS && dispatcher->begun == 0; i++)
        code = dispatcher_answer(dispatcher, link->children[i], 0);
    return code;
}

/* Answers the requests that had to wait. */
static int dispatcher_answer_pending(struct dispatcher *dispatcher, int node)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    int code = MPI_SUCCESS, wants = asking->wants;
    asking->wants = 0;
    for (int i = 0; i < wants && !dispatcher->link->peers[node].closed && code == MPI_SUCCESS; i++)
        code = dispatcher_answer(dispatcher, node, asking->seconds);
    return code;
}

int rpi_dispatcher_resume(struct dispatcher *dispatcher)
{
    const struct node_link *link = dispatcher->link;
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS; i++)
        code = dispatcher_answer_pending(dispatcher, link->children[i]);
    return code;
}

int rpi_dispatcher_end(struct dispatcher *dispatcher)
{
    dispatcher->more = false;
    return dispatcher_close_exhausted(dispatcher);
}

/* The leader's link keeps the order, so all results of the batch that are in buffers have arrived:
 * copies them into place. */
static void dispatcher_store(struct dispatcher *dispatcher, int node, struct unit_range units)
{
    for (const struct delivery *at = dispatcher->nodes[node].deliveries; at != NULL; at = at->next)
        memcpy(at->to.at, at->data, at->bytes);
    node_drop_deliveries(&dispatcher->nodes[node]);
    rpi_accounting_record(dispatcher->accounting, units);
}

/* The living ranks of a node without an agent can only resume in the next round, so this one ends
 * early: no more units are issued. */
int rpi_dispatcher_give_up(struct dispatcher *dispatcher, int node)
{
    int own = dispatcher->world->node, code = MPI_SUCCESS;
    node_drop_deliveries(&dispatcher->nodes[node]);
    if (rpi_hub_lives(&dispatcher->world->hub, node)) {
        dispatcher->accounting->entries = 0;
        code = dispatcher_close_exhausted(dispatcher);
    }
    if (code == MPI_SUCCESS && dispatcher_only_root_left(dispatcher))
        code = dispatcher_answer_pending(dispatcher, own);
    return code;
}

/* ---- messages -------------------------------------------------------------------------------- */

static int dispatcher_receive_result(struct dispatcher *dispatcher, int from,
                                     const struct agent_message *message)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((message->arrays >> i & 1) == 0)
            continue;
        size_t bytes = (size_t)message->items * dispatcher->arrays[i].size;
        code = dispatcher->receive(dispatcher, from,
                                   dispatcher->element(dispatcher, i, message->first), bytes);
    }
    return code;
}

/* Issues no more units, and tells all nodes to stop. */
static int dispatcher_stop(struct dispatcher *dispatcher)
{
    dispatcher->accounting->entries = 0;
    return rpi_node_link_stop_all(dispatcher->link);
}

int rpi_dispatcher_read(struct dispatcher *dispatcher, int from,
                        const struct agent_message *message)
{
    switch (message->link.kind) {
    case LINK_HELLO: /* the other nodes may have left nothing for it */
        return dispatcher_close_node(dispatcher, from);
    case LINK_STOP:
        return dispatcher_stop(dispatcher);
    case MESSAGE_DELIVERED:
        dispatcher_store(dispatcher, from, message->units);
        return MPI_SUCCESS;
    case MESSAGE_CLEAR:
        rpi_accounting_clear(dispatcher->accounting, from, (uint32_t)message->items);
        return dispatcher_answer_pending(dispatcher, from);
    case MESSAGE_DIED:
        rpi_accounting_attribute(dispatcher->accounting, (int)message->first, message->units);
        return MPI_SUCCESS;
    case MESSAGE_REQUEST:
        rpi_batch_policy_learn(&dispatcher->dispatch, from, message->speed);
        return dispatcher_answer(dispatcher, from, message->seconds);
    case MESSAGE_RESULT:
        return dispatcher_receive_result(dispatcher, from, message);
    default:
        return MPI_SUCCESS;
    }
}
