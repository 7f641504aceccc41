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

/* Why a tree could not take a node. */
static void note_failure(const struct tree *tree, rp_error *error)
{
    if (error->status != RP_OK)
        return;
    rpi_error_set(error, tree->code != 0 ? RP_ERR_TASK : RP_ERR_MEMORY,
                  tree->code != 0 ? "combine failed with code %d" : "no memory for partial results",
                  tree->code);
    error->task_code = tree->code;
}

static void add_all(struct tree *tree, const struct tree_node *nodes, const char *values,
                    int64_t count, rp_error *error)
{
    for (int64_t i = 0; i < count; i++) {
        if (!rpi_tree_add(tree, nodes[i], values + (size_t)i * tree->value_size)) {
            note_failure(tree, error);
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

/* Of those that have come to the meeting, and have not died since. */
static void gather(const struct handover *handover, struct tree *all, rp_error *error)
{
    rp_pool *pool = handover->pool;
    const struct tree *own = handover->tree;
    add_all(all, own->nodes, own->values, own->count, error);
    for (int rank = 0; rank < pool->world.ranks && error->status == RP_OK; rank++) {
        struct offer offer = offer_of(pool, rank);
        bool there = offer.meeting == pool->world.meeting.number && !rpi_rank_lost(pool, rank);
        if (rank != pool->world.rank && there && offer.count > 0)
            add_peer(all, &offer, error);
    }
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
static bool conclude(const struct handover *handover, rp_error *error)
{
    struct tree all =
        rpi_tree_begin(handover->tree->value_size, handover->tree->join, handover->tree->closure);
    gather(handover, &all, error);
    bool sound = error->status == RP_OK;
    bool complete = leaves_of(&all, handover->leaves) == handover->leaves;
    if (sound && !complete)
        queue_missing(handover->pool, error);
    else if (sound && handover->leaves == 0)
        memcpy(handover->result, handover->identity, all.value_size);
    else if (sound && rpi_tree_settle(&all) && rpi_tree_finish(&all))
        memcpy(handover->result, rpi_tree_value(&all, 0), all.value_size);
    else
        note_failure(&all, error);
    rpi_tree_end(&all);
    return !complete;
}

rp_status rpi_hand_over(struct handover *handover, bool *again)
{
    rp_pool *pool = handover->pool;
    rp_error error;
    rpi_error_clear(&error);
    *again = false;
    write_offer(handover, false);
    if (meet(pool, CALL_REDUCED, &error) != RP_OK)
        return pool->last.status;
    if (pool->world.rank == pool->world.root) {
        pool->loop.open = true; /* combine is the program's: no other call on the pool from it */
        *again = conclude(handover, &error);
        pool->loop.open = false;
        write_offer(handover, *again); /* the others' are still being read until now */
    }
    if (meet(pool, CALL_PUBLISHED, &error) != RP_OK)
        return pool->last.status;
    struct offer root = offer_of(pool, pool->world.root);
    *again = root.again;
    if (!root.again && pool->world.rank != pool->world.root &&
        !rpi_peer_read(&root.self, root.result, handover->result, handover->tree->value_size))
        rpi_error_set(&error, RP_ERR_LOST, "the root's result could not be read");
    /* The root must not go away with it before all have it. */
    return meet(pool, CALL_PUBLISHED, &error);
}
