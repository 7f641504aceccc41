#include "resilience/rounds.h"

#include "base/buffer.h"
#include "base/error.h"
#include "resilience/survival.h"

#include <stdlib.h>
#include <string.h>

/* State of some units, as a node reports it. */
enum entry_kind {
    ENTRY_FINISHED,
    ENTRY_GIVEN_UP,
    ENTRY_IN_PROGRESS /* on a rank when it died */
};

struct entry {
    struct unit_range unit_range;
    enum entry_kind kind;
    int rank; /* the dead rank of an ENTRY_IN_PROGRESS, else -1 */
};

/* The root's message to all ranks, in its mailbox. */
struct round_message {
    uint32_t agreement;
    bool again;
};

void rpi_rounds_end(rp_pool *pool)
{
    struct rounds *rounds = &pool->survival->rounds;
    rpi_accounting_end(&rounds->accounting);
    rpi_interval_set_end(&rounds->have);
    *rounds = (struct rounds){.number = 0};
}

void rpi_rounds_begin(rp_pool *pool, uint32_t units, struct round_terms terms, rp_error *error)
{
    struct rounds *rounds = &pool->survival->rounds;
    rpi_rounds_end(pool);
    rounds->terms = terms;
    rounds->lost = pool->world.agreement.lost;
    rpi_error_clear(&rounds->worst);
    if (pool->world.rank != pool->world.root)
        return;
    if (!rpi_accounting_begin(&rounds->accounting, units, pool->world.ranks, pool->world.nodes,
                              DEATHS_IN_A_ROW))
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to account for the work of %d nodes",
                      pool->world.nodes);
}

/* ---- the account of a node ------------------------------------------------------------------- */

/* Units for whose entry there is no memory are computed again. */
static void account_add(rp_buffer *account, struct unit_range unit_range, enum entry_kind kind,
                        int rank)
{
    struct entry entry = {unit_range, kind, rank};
    if (!unit_range_empty(unit_range))
        rp_buffer_append(account, &entry, sizeof entry);
}

/* Adds the entries of one lane. `logged` is scratch memory for its completion log. */
static void account_add_lane(const rp_pool *pool, uint32_t lane, bool logs,
                             struct unit_range *logged, rp_buffer *account)
{
    struct work_queue *work_queue = pool->work_queue;
    if (!lane_prepared(work_queue, lane))
        return;
    uint32_t entries = rpi_completion_log_read(rpi_work_queue_log(work_queue, lane),
                                               work_queue->log_capacity, logged);
    for (uint32_t i = 0; i < entries && logs; i++)
        account_add(account, logged[i], ENTRY_FINISHED, -1);
    if (rank_lost(pool, (int)lane))
        account_add(account, rpi_recovery_lost_chunk(work_queue, lane, logged, entries),
                    ENTRY_IN_PROGRESS, rpi_liveness_rank(&pool->world.liveness, (int)lane));
}

/* Makes the report of this node, a list of entries. If results are delivered to the root, other
 * nodes report no finished units: only results that have arrived count, and the root records those
 * itself. */
static void *account_load(void *closure, size_t *bytes)
{
    rp_pool *pool = closure;
    rp_buffer account;
    struct work_queue *work_queue = pool->work_queue;
    const struct round_terms *terms = &pool->survival->rounds.terms;
    bool here = pool->world.node == pool->world.root_node;
    struct unit_range *logged = malloc(work_queue->log_capacity * sizeof *logged),
                      given_up = {0, 0};
    rpi_buffer_init(&account);
    rpi_survival_look(pool);
    for (uint32_t lane = 0; lane < work_queue->lanes && logged != NULL; lane++)
        account_add_lane(pool, lane, !terms->partial && (here || !terms->delivers), logged,
                         &account);
    while (rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(work_queue), &given_up))
        account_add(&account, given_up, ENTRY_GIVEN_UP, -1);
    free(logged);
    *bytes = account.size;
    return account.data;
}

/* Is an account that another node sent valid? */
static bool account_valid(const rp_pool *pool, int node, const void *bytes, size_t count)
{
    const struct world *world = &pool->world;
    uint32_t units = pool->survival->rounds.accounting.units;
    bool valid = count % sizeof(struct entry) == 0;
    for (size_t i = 0; i < count / sizeof(struct entry) && valid; i++) {
        struct entry entry;
        memcpy(&entry, (const char *)bytes + i * sizeof entry, sizeof entry);
        bool in_progress = entry.kind == ENTRY_IN_PROGRESS;
        valid = entry.unit_range.low < entry.unit_range.high && entry.unit_range.high <= units &&
                (unsigned)entry.kind <= ENTRY_IN_PROGRESS &&
                (!in_progress || (entry.rank >= 0 && entry.rank < world->ranks &&
                                  world->node_of[entry.rank] == node));
    }
    return valid;
}

/* On the root: processes the account of a node. */
static bool account_unload(void *closure, int node, const void *bytes, size_t count)
{
    rp_pool *pool = closure;
    struct accounting *accounting = &pool->survival->rounds.accounting;
    if (!account_valid(pool, node, bytes, count))
        return false;
    for (size_t i = 0; i < count / sizeof(struct entry); i++) {
        struct entry entry;
        memcpy(&entry, (const char *)bytes + i * sizeof entry, sizeof entry);
        if (entry.kind == ENTRY_IN_PROGRESS)
            rpi_accounting_attribute(accounting, entry.rank, entry.unit_range);
        else if (entry.kind == ENTRY_GIVEN_UP)
            rpi_accounting_give_up(accounting, entry.unit_range);
        else
            rpi_accounting_finish(accounting, node, entry.unit_range);
    }
    return true;
}

/* ---- on the root ----------------------------------------------------------------------------- */

static void rounds_report_given_up(const rp_pool *pool, rp_error *error)
{
    struct unit_range unit_range = {0, 0};
    if (!rpi_accounting_next_given_up(&pool->survival->rounds.accounting, &unit_range))
        return;
    rpi_survival_error(error, units_to_items(&pool->loop.units, unit_range).begin, DEATHS_IN_A_ROW);
}

/* Is another round needed? */
static bool rounds_conclude(rp_pool *pool, rp_error *error)
{
    struct rounds *rounds = &pool->survival->rounds;
    const struct world *world = &pool->world;
    size_t bytes;
    void *account = account_load(pool, &bytes);
    account_unload(pool, world->node, account, bytes);
    free(account);
    for (int node = 0; node < world->nodes; node++) {
        if (!rpi_hub_lives(&world->hub, node))
            rpi_accounting_lose_node(&rounds->accounting, node);
    }
    if (!rpi_accounting_close(&rounds->accounting, rounds->terms.partial ? &rounds->have : NULL))
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to account for the work of dead ranks");
    else
        rounds_report_given_up(pool, error);
    if (rounds->terms.partial && rounds->accounting.entries == 0 && error->status == RP_OK)
        rpi_error_set(error, RP_ERR_LOST, "partial results of a rank could not be read");
    bool stops = error->status != RP_OK && (!rounds->terms.keeps_going || error->item < 0);
    return rounds->accounting.entries > 0 && !stops;
}

void rpi_rounds_send(rp_pool *pool, bool again)
{
    struct round_message message = {.agreement = pool->world.agreement.number + 1, .again = again};
    memcpy(rpi_root_mailbox(pool), &message, sizeof message);
}

bool rpi_rounds_received(const rp_pool *pool)
{
    struct round_message message;
    memcpy(&message, rpi_root_mailbox(pool), sizeof message);
    return message.agreement == pool->world.agreement.number && message.again;
}

/* ---- on every rank --------------------------------------------------------------------------- */

/* May the job go on after the last agreement? Keeps its error if so. */
static bool rounds_may_continue(rp_pool *pool)
{
    struct rounds *rounds = &pool->survival->rounds;
    const rp_error *last = &pool->last;
    if (last->status == RP_OK)
        return true;
    if (rounds->worst.status == RP_OK || last->item < rounds->worst.item)
        rounds->worst = *last;
    return rounds->terms.keeps_going && last->item >= 0 &&
           pool->world.agreement.out_of_step.status == RP_OK;
}

/* The result of the job is the error of the lowest item in any round. */
static bool rounds_finish(rp_pool *pool)
{
    const rp_error *worst = &pool->survival->rounds.worst;
    if (worst->status != RP_OK && (pool->last.status == RP_OK || worst->item < pool->last.item))
        pool->last = *worst;
    return false;
}

bool rpi_rounds_follow(rp_pool *pool, bool missing)
{
    struct rounds *rounds = &pool->survival->rounds;
    bool root = pool->world.rank == pool->world.root, again = false;
    if (!rounds_may_continue(pool))
        return false;
    if (pool->enough > 0 ||
        (rounds->terms.partial ? !missing : pool->world.agreement.lost == rounds->lost))
        return rounds_finish(pool);
    rounds->lost = pool->world.agreement.lost;
    struct piggyback piggyback = {.load = account_load, .unload = account_unload, .closure = pool};
    struct vote accounted = rpi_vote(CALL_ACCOUNTED), resumed = rpi_vote(CALL_RESUMED);
    pool->world.agreement.piggyback = &piggyback;
    rp_status status = rpi_pool_agree(pool, &accounted);
    pool->world.agreement.piggyback = NULL;
    if (status != RP_OK)
        return false;
    if (root)
        again = rounds_conclude(pool, &resumed.error);
    if (root)
        rpi_rounds_send(pool, again);
    rpi_pool_agree(pool, &resumed);
    if (!rounds_may_continue(pool))
        return false;
    rounds->number++;
    return rpi_rounds_received(pool) || rounds_finish(pool);
}
