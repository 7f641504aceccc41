#include "pool/handover.h"

#include "base/error.h"
#include "pool/survival.h"
#include "world/peer_memory.h"

#include <stdlib.h>
#include <string.h>

/* What a rank's note says. */
struct offer {
    uint32_t meeting; /* for which it was written: others have died before */
    bool again;       /* the root's: something is missing */
    struct peer self;
    int64_t count;
    uint64_t nodes, values, result;
};

static struct offer offer_of(const rp_pool *pool, int rank)
{
    struct offer offer;
    memcpy(&offer, rpi_note(pool, rank), sizeof offer);
    return offer;
}

/* Writes this rank's note. */
static void write_offer(const struct handover *handover, bool again)
{
    rp_pool *pool = handover->pool;
    struct offer mine = {.meeting = pool->world.meeting.number + 1,
                         .again = again,
                         .self = rpi_peer_self(),
                         .count = handover->tree->count,
                         .nodes = (uint64_t)(uintptr_t)handover->tree->nodes,
                         .values = (uint64_t)(uintptr_t)handover->tree->values,
                         .result = (uint64_t)(uintptr_t)handover->result};
    memcpy(rpi_note(pool, pool->world.node_rank), &mine, sizeof mine);
}

static rp_status meet(rp_pool *pool, enum call call, const rp_error *error)
{
    struct ballot ballot = rpi_ballot(call);
    ballot.error = *error;
    return rpi_pool_meet(pool, &ballot);
}

static void add_all(struct tree *tree, const struct tree_node *nodes, const char *values,
                    int64_t count, rp_error *error)
{
    for (int64_t i = 0; i < count; i++) {
        if (!rpi_tree_add(tree, nodes[i], values + (size_t)i * tree->value_size)) {
            if (error->status == RP_OK)
                rpi_tree_explain(tree, error);
            return;
        }
    }
}

/* Reads what another rank holds. If that has died, nothing is added. */
static void add_peer(struct tree *tree, const struct offer *offer, rp_error *error)
{
    size_t node_bytes = (size_t)offer->count * sizeof(struct tree_node);
    size_t value_bytes = (size_t)offer->count * tree->value_size;
    struct tree_node *nodes = malloc(node_bytes + 1);
    char *values = malloc(value_bytes + 1);
    if (nodes == NULL || values == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for partial results");
    else if (rpi_peer_read(&offer->self, offer->nodes, nodes, node_bytes) &&
             rpi_peer_read(&offer->self, offer->values, values, value_bytes))
        add_all(tree, nodes, values, offer->count, error);
    free(nodes);
    free(values);
}

/* How many leaves do the nodes cover? */
static int64_t leaves_of(const struct tree *tree, int64_t leaves)
{
    int64_t covered = 0;
    for (int64_t i = 0; i < tree->count; i++) {
        int64_t first = tree->nodes[i].index << tree->nodes[i].level;
        int64_t length = INT64_C(1) << tree->nodes[i].level;
        covered += first + length <= leaves ? length : leaves - first;
    }
    return covered;
}

/* Of another rank of the node: has it come to the meeting, has it not died since, and has
 * it something? */
static bool there(const rp_pool *pool, int node_rank, const struct offer *offer)
{
    return node_rank != pool->world.node_rank && offer->meeting == pool->world.meeting.number &&
           !rpi_rank_lost(pool, node_rank) && offer->count > 0;
}

static void gather(const struct handover *handover, struct tree *all, rp_error *error)
{
    rp_pool *pool = handover->pool;
    const struct tree *own = handover->tree;
    add_all(all, own->nodes, own->values, own->count, error);
    for (int i = 0; i < pool->world.node_ranks && error->status == RP_OK; i++) {
        struct offer offer = offer_of(pool, i);
        if (there(pool, i, &offer))
            add_peer(all, &offer, error);
    }
}

/* ---- between nodes --------------------------------------------------------------------------- */

/* What the root needs while nodes bring it what they hold. */
struct collection {
    const struct handover *handover;
    struct tree all;
    rp_error error;
    bool complete; /* there is a result to be given out */
};

/* What a node holds: for each of its ranks a number, so many nodes, and their values. Nothing is
 * joined on the way: what fails in that could not be told any more. */
static size_t holding_bytes(const struct handover *handover, int64_t count)
{
    return sizeof count + (size_t)count * (sizeof(struct tree_node) + handover->tree->value_size);
}

static bool copy_holding(const struct handover *handover, int node_rank, const struct offer *offer,
                         char *to)
{
    const struct tree *own = handover->tree;
    size_t node_bytes = (size_t)offer->count * sizeof *own->nodes;
    size_t value_bytes = (size_t)offer->count * own->value_size;
    char *nodes = to + sizeof offer->count, *values = nodes + node_bytes;
    memcpy(to, &offer->count, sizeof offer->count);
    if (node_rank != handover->pool->world.node_rank)
        return rpi_peer_read(&offer->self, offer->nodes, nodes, node_bytes) &&
               rpi_peer_read(&offer->self, offer->values, values, value_bytes);
    memcpy(nodes, own->nodes, node_bytes);
    memcpy(values, own->values, value_bytes);
    return true;
}

static void *load(void *closure, size_t *bytes)
{
    const struct collection *collection = closure;
    const struct handover *handover = collection->handover;
    const rp_pool *pool = handover->pool;
    char *holdings = NULL;
    *bytes = 0;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        struct offer offer = offer_of(pool, i);
        bool mine = i == pool->world.node_rank && offer.count > 0;
        size_t more = holding_bytes(handover, offer.count);
        char *grown = mine || there(pool, i, &offer) ? realloc(holdings, *bytes + more) : NULL;
        if (grown == NULL)
            continue; /* what is not brought is computed again */
        holdings = grown;
        if (copy_holding(handover, i, &offer, holdings + *bytes))
            *bytes += more;
    }
    return holdings;
}

/* combine is the program's: no other call on the pool from it. */
static void unload(void *closure, int node, const void *bytes, size_t count)
{
    struct collection *collection = closure;
    struct tree *all = &collection->all;
    const char *at = bytes, *end = at + count;
    (void)node;
    collection->handover->pool->loop.open = true;
    while (at < end && collection->error.status == RP_OK) {
        int64_t held;
        memcpy(&held, at, sizeof held);
        struct tree_node *nodes = malloc((size_t)held * sizeof *nodes + 1);
        const char *values = at + sizeof held + (size_t)held * sizeof *nodes;
        if (nodes == NULL) {
            rpi_error_set(&collection->error, RP_ERR_MEMORY, "no memory for partial results");
            break;
        }
        memcpy(nodes, at + sizeof held, (size_t)held * sizeof *nodes);
        add_all(all, nodes, values, held, &collection->error);
        free(nodes);
        at += holding_bytes(collection->handover, held);
    }
    collection->handover->pool->loop.open = false;
}

static const void *give(void *closure, size_t *bytes)
{
    const struct collection *collection = closure;
    *bytes = collection->complete ? collection->handover->tree->value_size : 0;
    return collection->complete ? collection->handover->result : NULL;
}

/* The result, to all of this node, who wait. */
static void receive(void *closure, const void *result, size_t bytes)
{
    const struct collection *collection = closure;
    const struct handover *handover = collection->handover;
    const rp_pool *pool = handover->pool;
    memcpy(handover->result, result, bytes);
    for (int i = 0; i < pool->world.node_ranks; i++) {
        struct offer offer = offer_of(pool, i);
        if (i != pool->world.node_rank && !rpi_rank_lost(pool, i))
            rpi_peer_write(&offer.self, offer.result, result, bytes);
    }
}

static rp_status meet_with(struct collection *collection, enum call call)
{
    struct meeting *meeting = &collection->handover->pool->world.meeting;
    struct cargo cargo = {.load = call == CALL_REDUCED ? load : NULL,
                          .unload = unload,
                          .gift = call == CALL_PUBLISHED ? give : NULL,
                          .receive = receive,
                          .closure = collection};
    meeting->cargo = &cargo;
    rp_status status = meet(collection->handover->pool, call, &collection->error);
    meeting->cargo = NULL;
    return status;
}

/* What is there, for the pool's rounds. */
static void note_what_is_there(const struct handover *handover, const struct tree *all,
                               rp_error *error)
{
    struct cover *have = &handover->pool->rounds.have;
    rpi_cover_end(have);
    for (int64_t i = 0; i < all->count; i++) {
        int64_t first = all->nodes[i].index << all->nodes[i].level;
        int64_t behind = first + (INT64_C(1) << all->nodes[i].level);
        if (behind > handover->leaves)
            behind = handover->leaves;
        int64_t unit_leaves = handover->units.unit_items / handover->leaf;
        if (unit_leaves < 1)
            unit_leaves = 1;
        rpi_cover_add(have, (struct span){(uint32_t)(first / unit_leaves),
                                          (uint32_t)((behind + unit_leaves - 1) / unit_leaves)});
    }
    if (have->short_of_memory)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to note what partial results there are");
}

/* What died with its ranks is queued again: all others wait for the root, and take nothing. */
static void queue_missing(rp_pool *pool, rp_error *error)
{
    rpi_survival_attend(pool);
    if (!rpi_recovery_needed(pool->board))
        rpi_error_set(error, RP_ERR_LOST, "partial results of a rank could not be read");
    else
        rpi_recover(pool->board, (uint32_t)pool->world.node_rank, rpi_survival_attend, pool);
}

/* On the root: joins all into the result, or finds that something is missing. */
static bool conclude(const struct handover *handover, struct tree *all, rp_error *error)
{
    gather(handover, all, error);
    bool sound = error->status == RP_OK;
    bool complete = leaves_of(all, handover->leaves) == handover->leaves;
    if (sound && !complete && handover->pool->in_rounds)
        note_what_is_there(handover, all, error);
    else if (sound && !complete)
        queue_missing(handover->pool, error);
    else if (sound && handover->leaves == 0)
        memcpy(handover->result, handover->identity, all->value_size);
    else if (sound && rpi_tree_settle(all) && rpi_tree_finish(all))
        memcpy(handover->result, rpi_tree_value(all, 0), all->value_size);
    else if (sound)
        rpi_tree_explain(all, error);
    return !complete;
}

/* The result is on the root, or something is missing. Others read the root's memory
 * where they can. */
static rp_status give_out(struct collection *collection, bool *again)
{
    const struct handover *handover = collection->handover;
    rp_pool *pool = handover->pool;
    rp_error error;
    rpi_error_clear(&error);
    if (meet_with(collection, CALL_PUBLISHED) != RP_OK)
        return pool->last.status;
    struct offer root;
    memcpy(&root, rpi_root_note(pool), sizeof root);
    *again = root.again;
    bool reads = pool->world.node == pool->world.root_node && pool->world.rank != pool->world.root;
    if (!root.again && reads &&
        !rpi_peer_read(&root.self, root.result, handover->result, handover->tree->value_size))
        rpi_error_set(&error, RP_ERR_LOST, "the root's result could not be read");
    /* The root must not go away with it before all have it. */
    return meet(pool, CALL_PUBLISHED, &error);
}

rp_status rpi_hand_over(struct handover *handover, bool *again)
{
    rp_pool *pool = handover->pool;
    const struct tree *own = handover->tree;
    struct collection collection = {
        .handover = handover, .all = rpi_tree_begin(own->value_size, own->join, own->closure)};
    rpi_error_clear(&collection.error);
    *again = false;
    write_offer(handover, false);
    rp_status status = meet_with(&collection, CALL_REDUCED);
    if (status == RP_OK && pool->world.rank == pool->world.root) {
        pool->loop.open = true; /* combine is the program's: no other call on the pool from it */
        *again = conclude(handover, &collection.all, &collection.error);
        collection.complete = !*again && collection.error.status == RP_OK;
        pool->loop.open = false;
        write_offer(handover, *again); /* the others' are still being read until now */
    }
    if (status == RP_OK)
        status = give_out(&collection, again);
    rpi_tree_end(&collection.all);
    return status;
}
