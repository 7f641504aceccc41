#include "comm/agreement.h"

#include "base/error.h"
#include "comm/vote_summary.h"

#include <stdalign.h>
#include <string.h>

enum {
    APART_BYTES = 128
};

/* The slot of a rank in node memory. A vote without error and data writes its first lines only. */
struct slot {
    alignas(APART_BYTES) _Atomic uint32_t number; /* agreement that the rest is for */
    bool failed, cut_off;
    struct statement statement;
    char data[VOTE_DATA_BYTES];
    rp_error error; /* if `failed` */
};

/* Shared words:
 * arrivals  its sequence counts arrivals, over all agreements; each comes after the rank has stored
 *           its vote, so the leader, which reads it with acquire, sees all votes. The arrival that
 *           makes it number * node_ranks wakes the leader. Once a rank has died it stays below
 *           that, and every arrival does.
 * number    of a slot: the last agreement that its rank joined; release, after the rest of the
 *           slot, which is the rank's vote. Only `error` may be older, if `failed` is false, and
 *           `data` behind its size.
 * releases  its sequence is the number of the last finished agreement. The leader increments it
 *           after it has stored the decision and what else is here, and wakes the other ranks.
 * led_by    node rank of the leader of the current agreement.
 * failed    whether a rank of this node has reported an error.
 * data_*    the size and the ranks of `data`, and the data of the votes by rank; stored if every
 *           vote of the leader's node has data.
 * Only its rank rewrites a slot, for the next agreement, after this one's release; `host` of its
 * statement it writes before the first. Only the leader rewrites the decision and `data`, after all
 * ranks have joined the next agreement and thus read them. The error of the decision is read, and
 * written, only if its status is not RP_OK. The leader is the first living rank; if it dies before
 * the release, the next one leads from the start.
 *
 * What every rank reads after the release is in the same cache line. */
struct agreement_segment {
    alignas(APART_BYTES) struct eventcount arrivals;
    alignas(APART_BYTES) struct eventcount releases;
    int led_by;
    bool failed;
    int data_bytes, data_rank;
    struct decision decision;
    alignas(APART_BYTES) char data[VOTES_DATA_BYTES];
    struct slot slots[];
};

size_t rpi_agreement_bytes(int node_ranks)
{
    return sizeof(struct agreement_segment) + (size_t)node_ranks * sizeof(struct slot);
}

void rpi_agreement_join(struct agreement *agreement)
{
    struct statement *statement = &agreement->place->slots[agreement->node_rank].statement;
    statement->rank = agreement->rank;
    rpi_host_name(statement->host, sizeof statement->host);
}

void rpi_vote_begin(struct vote *vote, enum call call)
{
    vote->call = call;
    vote->cut_off = false;
    vote->data_bytes = 0;
    vote->data_rank = -1;
    memset(vote->terms, 0, sizeof vote->terms);
    rpi_error_clear(&vote->error);
}

struct vote rpi_vote(enum call call)
{
    struct vote vote;
    rpi_vote_begin(&vote, call);
    return vote;
}

char *rpi_vote_data(struct vote *vote, int ranks, int64_t bytes, int data_rank)
{
    int64_t all = data_rank < 0 ? bytes * ranks : bytes;
    if (bytes < 1 || bytes > VOTE_DATA_BYTES || all > VOTES_DATA_BYTES)
        return NULL;
    vote->data_bytes = (int)bytes;
    vote->data_rank = data_rank;
    memset(vote->data, 0, (size_t)bytes);
    return vote->data;
}

static bool slot_joined(const struct agreement *agreement, int node_rank)
{
    return atomic_load_explicit(&agreement->place->slots[node_rank].number, memory_order_acquire) ==
           agreement->number;
}

/* ---- data ------------------------------------------------------------------------------------ */

/* The place of a rank's data, or NULL if it has none. */
static char *data_of_rank(const struct agreement *agreement, int rank)
{
    struct agreement_segment *place = agreement->place;
    if (place->data_rank < 0)
        return place->data + (size_t)rank * (size_t)place->data_bytes;
    return rank == place->data_rank ? place->data : NULL;
}

const char *rpi_agreement_data(const struct agreement *agreement, int rank)
{
    return data_of_rank(agreement, rank);
}

/* Collects the data of this node's votes. */
static void data_collect(struct agreement *agreement, const struct summary *summary)
{
    struct agreement_segment *place = agreement->place;
    place->data_bytes = summary->first.data_bytes;
    place->data_rank = summary->first.data_rank;
    for (int i = 0; i < agreement->node_ranks; i++) {
        const struct slot *slot = &place->slots[i];
        char *to = slot_joined(agreement, i) ? data_of_rank(agreement, slot->statement.rank) : NULL;
        if (to != NULL)
            memcpy(to, slot->data, (size_t)place->data_bytes);
    }
}

/* Copies the data of a node's ranks to or from their places. Returns their size. */
static size_t data_copy(const struct agreement *agreement, int node, char *to, const char *from)
{
    size_t bytes = (size_t)agreement->place->data_bytes, done = 0;
    for (int i = agreement->node_first[node]; i < agreement->node_first[node + 1]; i++) {
        char *data = data_of_rank(agreement, agreement->by_node[i]);
        if (data == NULL)
            continue;
        if (to != NULL)
            memcpy(to + done, data, bytes);
        if (from != NULL)
            memcpy(data, from + done, bytes);
        done += bytes;
    }
    return done;
}

size_t rpi_agreement_data_pack(const struct agreement *agreement, int node, char *to)
{
    return data_copy(agreement, node, to, NULL);
}

size_t rpi_agreement_data_unpack(struct agreement *agreement, int node, const char *from)
{
    return data_copy(agreement, node, NULL, from);
}

size_t rpi_agreement_data_size(const struct agreement *agreement, int node)
{
    return data_copy(agreement, node, NULL, NULL);
}

/* ---- the decision ---------------------------------------------------------------------------- */

/* Summarizes the votes of this node's ranks. */
static void votes_summarize(const struct agreement *agreement, struct summary *summary)
{
    rpi_summary_begin(summary);
    for (int i = 0; i < agreement->node_ranks; i++) {
        const struct slot *slot = &agreement->place->slots[i];
        if (slot_joined(agreement, i))
            rpi_summary_add(summary, &slot->statement, slot->failed ? &slot->error : NULL);
    }
}

/* Returns the slot of a rank of this node that reports a lost node, or NULL. */
static const struct slot *slot_find_cut_off(const struct agreement *agreement)
{
    for (int i = 0; i < agreement->node_ranks; i++) {
        const struct slot *slot = &agreement->place->slots[i];
        if (slot_joined(agreement, i) && slot->cut_off)
            return slot;
    }
    return NULL;
}

/* Makes the decision of all nodes, or of this node alone if another node is lost. */
static void agreement_decide(struct agreement *agreement)
{
    struct agreement_segment *place = agreement->place;
    struct summary *summary = &agreement->summaries->known;
    votes_summarize(agreement, summary);
    place->failed = summary->failed >= 0;
    const struct slot *cut_off = place->failed ? slot_find_cut_off(agreement) : NULL;
    if (cut_off != NULL) {
        decision_end(&place->decision);
        place->decision.cut_off = true;
        place->decision.error = cut_off->error;
        return;
    }
    if (rpi_summary_has_data(summary))
        data_collect(agreement, summary);
    agreement->ops->decide(agreement, summary, &place->decision);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Have all living ranks arrived? */
static bool arrivals_complete(const struct agreement *agreement)
{
    uint32_t everyone = agreement->number * (uint32_t)agreement->node_ranks;
    if (rpi_eventcount_key(&agreement->place->arrivals) == everyone)
        return true;
    bool complete = true;
    for (int i = 0; i < agreement->node_ranks && complete; i++)
        complete = slot_joined(agreement, i) || agreement->ops->lost(agreement, i);
    return complete;
}

static bool agreement_released(const struct agreement *agreement)
{
    return rpi_eventcount_key(&agreement->place->releases) == agreement->number;
}

/* The limit on a sleep matters only after a death, or if a wake-up were lost. What did not come
 * within it is not likely to come soon. Returns whether the signal has changed. */
static bool agreement_sleep(struct agreement *agreement, struct eventcount *signal, uint32_t seen,
                            bool soon)
{
    const double longest_sleep = 0.1;
    if (soon)
        rpi_eventcount_wait_soon(signal, seen, agreement->spin, longest_sleep);
    else
        rpi_eventcount_wait(signal, seen, false, longest_sleep);
    agreement->ops->look(agreement);
    return rpi_eventcount_key(signal) != seen;
}

/* Waits for all arrivals, then decides and releases the other ranks. */
static void agreement_lead(struct agreement *agreement)
{
    struct agreement_segment *place = agreement->place;
    for (bool soon = true;;) {
        uint32_t seen = rpi_eventcount_key(&place->arrivals);
        if (agreement_released(agreement))
            return; /* by a leader that then died */
        if (arrivals_complete(agreement))
            break;
        soon = agreement_sleep(agreement, &place->arrivals, seen, soon);
    }
    agreement_decide(agreement);
    place->led_by = agreement->node_rank;
    rpi_eventcount_notify_all(&place->releases);
}

static void slot_write(struct slot *slot, const struct vote *mine)
{
    slot->failed = mine->error.status != RP_OK;
    slot->cut_off = mine->cut_off;
    slot->statement.call = mine->call;
    slot->statement.data_bytes = mine->data_bytes;
    slot->statement.data_rank = mine->data_rank;
    memcpy(slot->statement.terms, mine->terms,
           (size_t)rpi_call_terms(mine->call) * sizeof *mine->terms);
    memcpy(slot->data, mine->data, (size_t)mine->data_bytes);
    if (slot->failed)
        slot->error = mine->error;
}

static void agreement_arrive(struct agreement *agreement, const struct vote *mine)
{
    struct agreement_segment *place = agreement->place;
    struct slot *slot = &place->slots[agreement->node_rank];
    uint32_t everyone = ++agreement->number * (uint32_t)agreement->node_ranks;
    slot_write(slot, mine);
    atomic_store_explicit(&slot->number, agreement->number, memory_order_release);
    if (rpi_eventcount_advance(&place->arrivals) == everyone || agreement->lost > 0)
        rpi_eventcount_wake_all(&place->arrivals);
}

/* Returns when the agreement is finished. */
static void agreement_await_release(struct agreement *agreement)
{
    struct agreement_segment *place = agreement->place;
    for (bool soon = true;;) {
        uint32_t seen = rpi_eventcount_key(&place->releases);
        if (agreement_released(agreement))
            return;
        if (agreement->ops->leads(agreement))
            agreement_lead(agreement);
        else
            soon = agreement_sleep(agreement, &place->releases, seen, soon);
    }
}

int rpi_agreement_leader(const struct agreement *agreement)
{
    return agreement->place->led_by;
}

bool rpi_agreement_failed_here(const struct agreement *agreement)
{
    return agreement->place->failed;
}

rp_status rpi_agree(struct agreement *agreement, const struct vote *mine, rp_error *error)
{
    agreement->complete = false;
    if (agreement->out_of_step.status != RP_OK) {
        *error = agreement->out_of_step;
        return error->status;
    }
    const struct decision *decision = &agreement->place->decision;
    agreement_arrive(agreement, mine);
    agreement_await_release(agreement);
    agreement->lost = decision->lost;
    if (decision->error.status == RP_OK) {
        agreement->complete = decision->complete;
        rpi_error_clear(error);
        return RP_OK;
    }
    *error = decision->error;
    if (decision->out_of_step) {
        agreement->out_of_step = *error;
        agreement->out_of_step.status = RP_ERR_STATE;
        agreement->cut_off = decision->cut_off;
    }
    return error->status;
}
