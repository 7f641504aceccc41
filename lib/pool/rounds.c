#include "pool/rounds.h"

#include "base/error.h"
#include "pool/survival.h"

#include <stdlib.h>
#include <string.h>

/* What a node has to say of some units. */
enum entry_kind {
    ENTRY_FINISHED,
    ENTRY_GIVEN_UP,
    ENTRY_AT_HAND /* of a rank when it died, and not finished */
};

struct entry {
    struct span span;
    enum entry_kind kind;
    int rank; /* at whose hand */
};

/* All that a node has to say. */
struct account {
    struct entry *entries;
    size_t count, capacity;
};

/* The root's note. */
struct round_note {
    uint32_t meeting;
    bool again;
};

void rpi_rounds_end(rp_pool *pool)
{
    struct rounds *rounds = &pool->rounds;
    if (rounds->ledger != NULL)
        rpi_ledger_end(rounds->ledger);
    free(rounds->ledger);
    rpi_cover_end(&rounds->have);
    *rounds = (struct rounds){.number = 0};
}

void rpi_rounds_begin(rp_pool *pool, uint32_t units, struct round_terms terms, rp_error *error)
{
    struct rounds *rounds = &pool->rounds;
    if (!pool->in_rounds)
        return;
    rpi_rounds_end(pool);
    rounds->terms = terms;
    rounds->lost = pool->world.meeting.lost;
    rpi_error_clear(&rounds->worst);
    if (pool->world.rank != pool->world.root)
        return;
    rounds->ledger = calloc(1, sizeof *rounds->ledger);
    if (rounds->ledger == NULL || !rpi_ledger_begin(rounds->ledger, units, pool->world.ranks,
                                                    pool->world.nodes, DEATHS_IN_A_ROW))
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for what %d nodes do", pool->world.nodes);
}

/* ---- what a node has to say ------------------------------------------------------------------ */

static void add_entry(struct account *account, struct span span, enum entry_kind kind, int rank)
{
    if (span_empty(span))
        return;
    if (account->count == account->capacity) {
        size_t capacity = account->capacity > 0 ? 2 * account->capacity : 64;
        struct entry *entries = realloc(account->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return; /* what nobody hears of is done again */
        account->entries = entries;
        account->capacity = capacity;
    }
    account->entries[account->count++] = (struct entry){span, kind, rank};
}

/* One lane of the node. */
static void add_lane(const rp_pool *pool, uint32_t lane, bool logs, struct span *scratch,
                     struct account *account)
{
    struct board *board = pool->board;
    if (atomic_load_explicit(&board->lane[lane].job, memory_order_acquire) != board->job)
        return;
    uint32_t entries = rpi_log_read(rpi_board_log(board, lane), board->log_capacity, scratch);
    for (uint32_t i = 0; i < entries && logs; i++)
        add_entry(account, scratch[i], ENTRY_FINISHED, -1);
    if (rpi_rank_lost(pool, (int)lane))
        add_entry(account, rpi_recovery_hand(board, lane, scratch, entries), ENTRY_AT_HAND,
                  rpi_living_rank(&pool->world.living, (int)lane));
}

static struct account account_of(rp_pool *pool)
{
    struct account account = {.entries = NULL};
    struct board *board = pool->board;
    const struct round_terms *terms = &pool->rounds.terms;
    bool here = pool->world.node == pool->world.root_node;
    struct span *scratch = malloc(board->log_capacity * sizeof *scratch), given_up = {0, 0};
    rpi_survival_attend(pool);
    for (uint32_t lane = 0; lane < board->lanes && scratch != NULL; lane++)
        add_lane(pool, lane, !terms->partial && (here || !terms->delivers), scratch, &account);
    while (rpi_estate_next_given_up(rpi_board_estate(board), &given_up))
        add_entry(&account, given_up, ENTRY_GIVEN_UP, -1);
    free(scratch);
    return account;
}

static void *load(void *closure, size_t *bytes)
{
    struct account account = account_of(closure);
    *bytes = account.count * sizeof *account.entries;
    return account.entries;
}

/* On the root: what comes of units there, and nowhere else, where results travel to it, stays. */
static void unload(void *closure, int node, const void *bytes, size_t count)
{
    rp_pool *pool = closure;
    struct ledger *ledger = pool->rounds.ledger;
    for (size_t i = 0; i < count / sizeof(struct entry); i++) {
        struct entry entry;
        memcpy(&entry, (const char *)bytes + i * sizeof entry, sizeof entry);
        if (entry.kind == ENTRY_AT_HAND)
            rpi_ledger_blame(ledger, entry.rank, entry.span);
        else if (entry.kind == ENTRY_GIVEN_UP)
            rpi_ledger_give_up(ledger, entry.span);
        else
            rpi_ledger_finish(ledger, node, entry.span);
    }
}

/* ---- what the root makes of it --------------------------------------------------------------- */

static void report_given_up(const rp_pool *pool, rp_error *error)
{
    struct span span = {0, 0};
    if (!rpi_rounds_next_given_up(pool, &span))
        return;
    rpi_survival_accuse(error, units_to_items(&pool->loop.units, span).begin, DEATHS_IN_A_ROW);
}

/* Is anything left to be done? */
static bool conclude(rp_pool *pool, rp_error *error)
{
    struct rounds *rounds = &pool->rounds;
    const struct world *world = &pool->world;
    struct account account = account_of(pool);
    unload(pool, world->node, account.entries, account.count * sizeof *account.entries);
    free(account.entries);
    for (int node = 0; node < world->nodes; node++) {
        if (!rpi_star_lives(&world->star, node))
            rpi_ledger_bury(rounds->ledger, node);
    }
    if (!rpi_ledger_close(rounds->ledger, rounds->terms.partial ? &rounds->have : NULL))
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for what ranks that died have left");
    else
        report_given_up(pool, error);
    if (rounds->terms.partial && rounds->ledger->entries == 0 && error->status == RP_OK)
        rpi_error_set(error, RP_ERR_LOST, "partial results of a rank could not be read");
    bool stops = error->status != RP_OK && (!rounds->terms.keeps_going || error->item < 0);
    return rounds->ledger->entries > 0 && !stops;
}

void rpi_rounds_tell(rp_pool *pool, bool again)
{
    struct round_note note = {.meeting = pool->world.meeting.number + 1, .again = again};
    memcpy(rpi_root_note(pool), &note, sizeof note);
}

bool rpi_rounds_told(const rp_pool *pool)
{
    struct round_note note;
    memcpy(&note, rpi_root_note(pool), sizeof note);
    return note.meeting == pool->world.meeting.number && note.again;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* May the job go on after this? Remembers it in that case. */
static bool may_go_on(rp_pool *pool)
{
    struct rounds *rounds = &pool->rounds;
    const rp_error *last = &pool->last;
    if (last->status == RP_OK)
        return true;
    if (rounds->worst.status == RP_OK || last->item < rounds->worst.item)
        rounds->worst = *last;
    return rounds->terms.keeps_going && last->item >= 0 &&
           pool->world.meeting.lost_step.status == RP_OK;
}

/* What has gone wrong with the lowest item is how the job has gone. */
static bool finish(rp_pool *pool)
{
    const rp_error *worst = &pool->rounds.worst;
    if (worst->status != RP_OK && (pool->last.status == RP_OK || worst->item < pool->last.item))
        pool->last = *worst;
    return false;
}

bool rpi_rounds_follow(rp_pool *pool, bool missing)
{
    struct rounds *rounds = &pool->rounds;
    bool root = pool->world.rank == pool->world.root, again = false;
    if (!may_go_on(pool))
        return false;
    if (rounds->terms.partial ? !missing : pool->world.meeting.lost == rounds->lost)
        return finish(pool);
    rounds->lost = pool->world.meeting.lost;
    struct cargo cargo = {.load = load, .unload = unload, .closure = pool};
    struct ballot accounted = rpi_ballot(CALL_ACCOUNTED), resumed = rpi_ballot(CALL_RESUMED);
    pool->world.meeting.cargo = &cargo;
    rp_status status = rpi_pool_meet(pool, &accounted);
    pool->world.meeting.cargo = NULL;
    if (status != RP_OK)
        return false;
    if (root)
        again = conclude(pool, &resumed.error);
    if (root)
        rpi_rounds_tell(pool, again);
    rpi_pool_meet(pool, &resumed);
    if (!may_go_on(pool))
        return false;
    rounds->number++;
    return rpi_rounds_told(pool) || finish(pool);
}

bool rpi_rounds_next_given_up(const rp_pool *pool, struct span *span)
{
    const struct ledger *ledger = pool->rounds.ledger;
    uint32_t begin = span->high;
    bool found = false;
    for (uint32_t i = 0; ledger != NULL && i < ledger->given_up.count; i++) {
        struct span lost = ledger->given_up.spans[i];
        if (lost.low >= begin && (!found || lost.low < span->low)) {
            *span = lost;
            found = true;
        }
    }
    return found;
}
