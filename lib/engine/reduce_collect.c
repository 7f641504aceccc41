#include "engine/reduce_collect.h"

#include "base/error.h"
#include "comm/cma.h"
#include "resilience/survival.h"

#include <stdlib.h>
#include <string.h>

/* What a rank writes into its mailbox. */
struct offer {
    uint32_t agreement; /* that it is for; an offer for an earlier one is from a dead rank */
    bool again;         /* on the root: partial results are missing */
    struct peer self;
    int64_t count;
    uint64_t nodes, values, result;
};

static struct offer offer_read(const rp_pool *pool, int rank)
{
    struct offer offer;
    memcpy(&offer, rpi_mailbox(pool, rank), sizeof offer);
    return offer;
}

/* Writes this rank's offer into its mailbox. */
static void offer_write(const struct partial_results *partial_results, bool again)
{
    rp_pool *pool = partial_results->pool;
    struct offer mine = {.agreement = pool->world.agreement.number + 1,
                         .again = again,
                         .self = rpi_peer_self(),
                         .count = partial_results->tree->count,
                         .nodes = (uint64_t)(uintptr_t)partial_results->tree->nodes,
                         .values = (uint64_t)(uintptr_t)partial_results->tree->values,
                         .result = (uint64_t)(uintptr_t)partial_results->result};
    memcpy(rpi_mailbox(pool, pool->world.node_rank), &mine, sizeof mine);
}

static rp_status collection_agree_on(rp_pool *pool, enum call call, const rp_error *error)
{
    struct vote vote = rpi_vote(call);
    vote.error = *error;
    return rpi_pool_agree(pool, &vote);
}

/* The number of leaves that the nodes cover. */
static int64_t tree_leaves_covered(const struct tree *tree, int64_t leaves)
{
    int64_t covered = 0;
    for (int64_t i = 0; i < tree->count; i++) {
        int64_t first = tree->nodes[i].index << tree->nodes[i].level;
        int64_t length = INT64_C(1) << tree->nodes[i].level;
        covered += first + length <= leaves ? length : leaves - first;
    }
    return covered;
}

/* True if another rank of the node took part in the last agreement, is not known to have died
 * since, and has partial results. */
static bool offer_valid(const rp_pool *pool, int node_rank, const struct offer *offer)
{
    return node_rank != pool->world.node_rank && offer->agreement == pool->world.agreement.number &&
           !rank_lost(pool, node_rank) && offer->count > 0;
}

/* ---- partial results on their way ------------------------------------------------------------ */

/* State of a collection. The root joins in `all` the partial results that nodes send. */
struct collection {
    const struct partial_results *partial_results;
    struct tree all;
    rp_error error;
    bool complete; /* the result is ready to be broadcast */
};

/* A node's payload has, for each of its ranks, a count and that many packed tree nodes. A node
 * joins nothing before it sends, because it could no longer report a failure of combine(). */
static size_t collection_payload_bytes(const struct partial_results *partial_results, int64_t count)
{
    return sizeof count + rpi_tree_packed_bytes(partial_results->tree->value_size, count);
}

static bool collection_copy(const struct partial_results *partial_results, int node_rank,
                            const struct offer *offer, char *to)
{
    const struct tree *own = partial_results->tree;
    size_t node_bytes = (size_t)offer->count * sizeof *own->nodes;
    char *nodes = to + sizeof offer->count;
    memcpy(to, &offer->count, sizeof offer->count);
    if (node_rank != partial_results->pool->world.node_rank)
        return rpi_peer_read(&offer->self, offer->nodes, nodes, node_bytes) &&
               rpi_peer_read(&offer->self, offer->values, nodes + node_bytes,
                             (size_t)offer->count * own->value_size);
    rpi_tree_pack(own, 0, offer->count, nodes);
    return true;
}

/* Appends the partial results of a rank of this node to a payload. What cannot be read, because the
 * rank has died, or for want of memory, is computed again. */
static void collection_append(const struct partial_results *partial_results, int node_rank,
                              char **payload, size_t *bytes)
{
    rp_pool *pool = partial_results->pool;
    struct offer offer = offer_read(pool, node_rank);
    bool mine = node_rank == pool->world.node_rank && offer.count > 0;
    size_t more = collection_payload_bytes(partial_results, offer.count);
    char *grown =
        mine || offer_valid(pool, node_rank, &offer) ? realloc(*payload, *bytes + more) : NULL;
    if (grown == NULL)
        return;
    *payload = grown;
    if (collection_copy(partial_results, node_rank, &offer, grown + *bytes))
        *bytes += more;
    else
        rpi_liveness_confirm(&pool->world.liveness, node_rank);
}

static void *collection_load(void *closure, size_t *bytes)
{
    const struct collection *collection = closure;
    char *payload = NULL;
    *bytes = 0;
    for (int i = 0; i < collection->partial_results->pool->world.node_ranks; i++)
        collection_append(collection->partial_results, i, &payload, bytes);
    return payload;
}

/* Validates the payload of a node. */
static bool collection_payload_valid(const struct partial_results *partial_results, const char *at,
                                     size_t left)
{
    const size_t each = rpi_tree_packed_bytes(partial_results->tree->value_size, 1);
    int64_t node_count = 0;
    bool valid = true;
    while (left > 0 && valid) {
        valid = left >= sizeof node_count;
        if (valid)
            memcpy(&node_count, at, sizeof node_count);
        valid = valid && node_count >= 0 &&
                (uint64_t)node_count <= (left - sizeof node_count) / each &&
                rpi_tree_packed_valid(at + sizeof node_count, node_count, partial_results->leaves);
        size_t bytes = valid ? collection_payload_bytes(partial_results, node_count) : 0;
        at += bytes;
        left -= bytes;
    }
    return valid;
}

static bool collection_unload(void *closure, int node, const void *bytes, size_t count)
{
    struct collection *collection = closure;
    const char *at = bytes, *end = at + count;
    (void)node;
    if (!collection_payload_valid(collection->partial_results, bytes, count))
        return false;
    while (at < end && collection->error.status == RP_OK) {
        int64_t node_count;
        memcpy(&node_count, at, sizeof node_count);
        if (!rpi_tree_add_packed(&collection->all, at + sizeof node_count, node_count))
            rpi_tree_explain(&collection->all, &collection->error);
        at += collection_payload_bytes(collection->partial_results, node_count);
    }
    return true;
}

/* On the root: adds those of its own node, one rank at a time to save memory. */
static void collection_add_own_node(struct collection *collection)
{
    const struct world *world = &collection->partial_results->pool->world;
    for (int i = 0; i < world->node_ranks; i++) {
        char *payload = NULL;
        size_t bytes = 0;
        collection_append(collection->partial_results, i, &payload, &bytes);
        collection_unload(collection, world->node, payload, bytes);
        free(payload);
    }
}

static const void *collection_provide_result(void *closure, size_t *bytes)
{
    const struct collection *collection = closure;
    *bytes = collection->complete ? collection->partial_results->tree->value_size : 0;
    return collection->complete ? collection->partial_results->result : NULL;
}

/* Receives the result and writes it into the memory of the other ranks of this node, which wait for
 * it in the agreement. */
static bool collection_receive_result(void *closure, const void *result, size_t bytes)
{
    const struct collection *collection = closure;
    const struct partial_results *partial_results = collection->partial_results;
    const rp_pool *pool = partial_results->pool;
    if (bytes != partial_results->tree->value_size)
        return false;
    memcpy(partial_results->result, result, bytes);
    for (int i = 0; i < pool->world.node_ranks; i++) {
        struct offer offer = offer_read(pool, i);
        if (i != pool->world.node_rank && !rank_lost(pool, i))
            rpi_peer_write(&offer.self, offer.result, result, bytes);
    }
    return true;
}

static rp_status collection_agree(struct collection *collection, enum call call)
{
    struct agreement *agreement = &collection->partial_results->pool->world.agreement;
    struct piggyback piggyback = {.load = call == CALL_REDUCED ? collection_load : NULL,
                                  .unload = collection_unload,
                                  .broadcast =
                                      call == CALL_PUBLISHED ? collection_provide_result : NULL,
                                  .receive = collection_receive_result,
                                  .closure = collection};
    agreement->piggyback = &piggyback;
    rp_status status =
        collection_agree_on(collection->partial_results->pool, call, &collection->error);
    agreement->piggyback = NULL;
    return status;
}

/* Records which units the partial results cover, for the pool's rounds. */
static void collection_note_units(const struct partial_results *partial_results,
                                  const struct tree *all, rp_error *error)
{
    struct interval_set *have = &partial_results->pool->survival->rounds.have;
    rpi_interval_set_end(have);
    for (int64_t i = 0; i < all->count; i++) {
        int64_t first = all->nodes[i].index << all->nodes[i].level;
        int64_t behind = first + (INT64_C(1) << all->nodes[i].level);
        if (behind > partial_results->leaves)
            behind = partial_results->leaves;
        int64_t unit_leaves = partial_results->units.unit_items / partial_results->leaf;
        if (unit_leaves < 1)
            unit_leaves = 1;
        rpi_interval_set_add(
            have, (struct unit_range){(uint32_t)(first / unit_leaves),
                                      (uint32_t)((behind + unit_leaves - 1) / unit_leaves)});
    }
    if (have->short_of_memory)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to note what partial results there are");
}

/* Requeues the units whose partial results were lost with dead ranks. The other ranks wait for the
 * root meanwhile and claim nothing. */
static void collection_requeue_missing(rp_pool *pool, rp_error *error)
{
    rpi_survival_look(pool);
    if (!rpi_work_queue_needs_recovery(pool->work_queue))
        rpi_error_set(error, RP_ERR_LOST, "partial results of a rank could not be read");
    else
        rpi_recover(pool->work_queue, (uint32_t)pool->world.node_rank, rpi_survival_look, pool);
}

/* On the root: joins all partial results into the result. True if some are missing. */
static bool collection_conclude(struct collection *collection)
{
    const struct partial_results *partial_results = collection->partial_results;
    struct tree *all = &collection->all;
    rp_error *error = &collection->error;
    collection_add_own_node(collection);
    bool sound = error->status == RP_OK;
    bool complete = partial_results->pool->enough > 0 ||
                    tree_leaves_covered(all, partial_results->leaves) == partial_results->leaves;
    if (sound && !complete && partial_results->pool->in_rounds)
        collection_note_units(partial_results, all, error);
    else if (sound && !complete)
        collection_requeue_missing(partial_results->pool, error);
    else if (sound && all->count == 0)
        memcpy(partial_results->result, partial_results->identity, all->value_size);
    else if (sound && rpi_tree_settle(all) && rpi_tree_finish(all))
        memcpy(partial_results->result, rpi_tree_value(all, 0), all->value_size);
    else if (sound)
        rpi_tree_explain(all, error);
    return !complete;
}

/* Distributes the result, or the fact that something is missing. Ranks on the root's node read the
 * result from the root's memory. */
static rp_status collection_distribute(struct collection *collection, bool *again)
{
    const struct partial_results *partial_results = collection->partial_results;
    rp_pool *pool = partial_results->pool;
    rp_error error;
    rpi_error_clear(&error);
    if (collection_agree(collection, CALL_PUBLISHED) != RP_OK)
        return pool->last.status;
    struct offer root;
    memcpy(&root, rpi_root_mailbox(pool), sizeof root);
    *again = root.again;
    bool reads = pool->world.node == pool->world.root_node && pool->world.rank != pool->world.root;
    if (!root.again && reads &&
        !rpi_peer_read(&root.self, root.result, partial_results->result,
                       partial_results->tree->value_size))
        rpi_error_set(&error, RP_ERR_LOST, "the root's result could not be read");
    /* The root must not leave before all ranks have read the result. */
    return collection_agree_on(pool, CALL_PUBLISHED, &error);
}

rp_status rpi_collect_partial_results(struct partial_results *partial_results, bool *again)
{
    rp_pool *pool = partial_results->pool;
    const struct tree *own = partial_results->tree;
    struct collection collection = {.partial_results = partial_results,
                                    .all =
                                        rpi_tree_begin(own->value_size, own->join, own->closure)};
    rpi_error_clear(&collection.error);
    *again = false;
    offer_write(partial_results, false);
    rp_status status = collection_agree(&collection, CALL_REDUCED);
    if (status == RP_OK && pool->world.rank == pool->world.root) {
        *again = collection_conclude(&collection);
        collection.complete = !*again && collection.error.status == RP_OK;
        /* Only now: until here the root reads the offers of the others. */
        offer_write(partial_results, *again);
    }
    if (status == RP_OK)
        status = collection_distribute(&collection, again);
    rpi_tree_end(&collection.all);
    return status;
}
