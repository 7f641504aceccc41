#include "comm/agreement.h"

#include "base/error.h"
#include "comm/completion.h"
#include "comm/failures.h"
#include "comm/mpi_error.h"
#include "comm/vote_summary.h"

#include <stdalign.h>

/* The slot of a rank in node memory. */
struct slot {
    struct statement statement;
    _Atomic uint32_t number; /* agreement that the statement is for */
};

/* Shared words:
 * arrived   arrivals over all agreements; acq_rel fetch_add after the vote is stored. The rank that
 *           makes it number * node_ranks signals `arrivals`. The leader reads it with acquire, so
 *           it sees all votes. Once a rank has died it stays below that, and every arrival signals.
 * number    of a slot: the last agreement that its rank joined; release, after the vote.
 * led_by    node rank of the leader of the current agreement; stored before `released`.
 * failed    whether a rank of this node has reported an error; stored before `released`.
 * released  number of the last finished agreement. The leader stores it with release after the
 *           decision, then signals `releases`.
 * Only its rank rewrites a vote, for the next agreement, after this one's release. Only the leader
 * rewrites the decision, after all ranks have joined the next agreement and thus read it. The
 * leader is the first living rank; if it dies before the release, the next one leads from the
 * start. */
struct agreement_segment {
    alignas(128) struct eventcount arrivals;
    _Atomic uint32_t arrived;
    alignas(128) struct eventcount releases;
    _Atomic uint32_t released;
    alignas(128) struct decision decision;
    int led_by;
    bool failed;
    struct slot slots[];
};

size_t rpi_agreement_bytes(int node_ranks)
{
    return sizeof(struct agreement_segment) + (size_t)node_ranks * sizeof(struct slot);
}

size_t rpi_agreement_summaries_bytes(void)
{
    return 2 * sizeof(struct summary);
}

struct vote rpi_vote(enum call call)
{
    struct vote vote = {.call = call};
    rpi_error_clear(&vote.error);
    return vote;
}

static bool slot_joined(const struct agreement *agreement, int node_rank)
{
    return atomic_load_explicit(&agreement->place->slots[node_rank].number, memory_order_acquire) ==
           agreement->number;
}

/* Summarizes the votes of this node's ranks. */
static struct summary votes_summarize(const struct agreement *agreement)
{
    struct summary summary = rpi_summary_begin();
    for (int i = 0; i < agreement->node_ranks; i++) {
        if (slot_joined(agreement, i))
            rpi_summary_add(&summary, &agreement->place->slots[i].statement);
    }
    return summary;
}

/* Sends the known summary to one leader and receives another's. */
static int summaries_swap(struct agreement *agreement, int to, int from)
{
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    struct summary *known = &agreement->summaries[0], *received = &agreement->summaries[1];
    int code =
        MPI_Irecv(received, sizeof *received, MPI_BYTE, from, 0, agreement->leaders, &requests[0]);
    if (code == MPI_SUCCESS)
        code = MPI_Isend(known, sizeof *known, MPI_BYTE, to, 0, agreement->leaders, &requests[1]);
    if (code == MPI_SUCCESS)
        code = rpi_complete(2, requests, agreement->spin);
    if (code == MPI_SUCCESS && !rpi_summary_valid(received))
        rpi_mpi_reject("node", from);
    if (code == MPI_SUCCESS)
        rpi_summary_join(known, received);
    return code;
}

/* The leaders exchange the summaries of their nodes. Each step doubles the number of known nodes,
 * so each leader sends log2(nodes) messages (dissemination barrier: Hensgen, Finkel, Manber: Two
 * algorithms for barrier synchronization, 1988). A gathering collective takes as many messages as
 * there are nodes. */
static struct decision summaries_exchange(struct agreement *agreement, const struct summary *mine)
{
    struct decision decision = {.out_of_step = true};
    struct summary *known = &agreement->summaries[0];
    int code = MPI_SUCCESS, node = 0, nodes = agreement->nodes;
    *known = *mine;
    rpi_summary_sign(known);
    if (nodes > 1)
        MPI_Comm_rank(agreement->leaders, &node);
    for (int64_t distance = 1; distance < nodes && code == MPI_SUCCESS; distance *= 2)
        code = summaries_swap(agreement, (int)((node + distance) % nodes),
                              (int)((node - distance + nodes) % nodes));
    if (rpi_mpi_check(code, "a message between nodes", &decision.error) == RP_OK)
        decision = rpi_summary_judge(known);
    return decision;
}

/* Returns the vote of a rank of this node that reports a lost node, or NULL. */
static const struct vote *vote_find_cut_off(const struct agreement *agreement)
{
    for (int i = 0; i < agreement->node_ranks; i++) {
        const struct vote *vote = &agreement->place->slots[i].statement.vote;
        if (slot_joined(agreement, i) && vote->cut_off)
            return vote;
    }
    return NULL;
}

/* Returns the decision of all nodes, or of this node alone if another node is lost. */
static struct decision agreement_decide(struct agreement *agreement)
{
    const struct vote *cut_off = vote_find_cut_off(agreement);
    if (cut_off != NULL)
        return (struct decision){.error = cut_off->error, .out_of_step = true, .cut_off = true};
    struct summary summary = votes_summarize(agreement);
    agreement->place->failed = summary.failed.rank >= 0;
    if (agreement->hub != NULL)
        return rpi_agree_over_hub(agreement, summary);
    struct decision decision = summaries_exchange(agreement, &summary);
    if (agreement->liveness == NULL)
        return decision;
    struct failure_count failure_count = rpi_failure_count_of_node(agreement);
    return rpi_apply_failures(agreement, &failure_count, summary.first.vote.call, decision);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Have all living ranks arrived? */
static bool arrivals_complete(const struct agreement *agreement)
{
    uint32_t everyone = agreement->number * (uint32_t)agreement->node_ranks;
    if (atomic_load_explicit(&agreement->place->arrived, memory_order_acquire) == everyone)
        return true;
    bool complete = agreement->liveness != NULL;
    for (int i = 0; i < agreement->node_ranks && complete; i++)
        complete = slot_joined(agreement, i) || rpi_liveness_lost(agreement->liveness, i);
    return complete;
}

static bool agreement_released(const struct agreement *agreement)
{
    return atomic_load_explicit(&agreement->place->released, memory_order_acquire) ==
           agreement->number;
}

/* Is this the first living rank of the node? With a hub, the root leads its node. */
static bool rank_leads(const struct agreement *agreement)
{
    bool leads = true;
    if (agreement->hub != NULL && agreement->root >= 0 && !rpi_root_lost(agreement))
        return agreement->node_rank == agreement->root;
    for (int i = 0; i < agreement->node_rank && leads; i++)
        leads = agreement->liveness != NULL && rpi_liveness_lost(agreement->liveness, i);
    return leads;
}

/* The limit on a sleep matters only after a death, or if a wake-up were lost. */
static void agreement_sleep(struct agreement *agreement, struct eventcount *signal, uint32_t seen)
{
    const double longest_sleep = 0.1;
    rpi_eventcount_wait(signal, seen, agreement->spin, longest_sleep);
    if (agreement->liveness != NULL)
        rpi_liveness_look(agreement->liveness);
    /* Nodes may have to repeat a question that the root has answered before. */
    if (agreement->hub != NULL && agreement->node_rank == agreement->root)
        rpi_tcp_links_step(&agreement->hub->tcp_links);
}

/* Waits for all arrivals, then decides and releases the other ranks. */
static void agreement_lead(struct agreement *agreement)
{
    struct agreement_segment *place = agreement->place;
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&place->arrivals);
        if (agreement_released(agreement))
            return; /* by a leader that then died */
        if (arrivals_complete(agreement))
            break;
        agreement_sleep(agreement, &place->arrivals, seen);
    }
    place->decision = agreement_decide(agreement);
    place->led_by = agreement->node_rank;
    atomic_store_explicit(&place->released, agreement->number, memory_order_release);
    rpi_eventcount_notify_all(&place->releases);
}

static void agreement_arrive(struct agreement *agreement, const struct vote *mine)
{
    struct agreement_segment *place = agreement->place;
    struct slot *slot = &place->slots[agreement->node_rank];
    uint32_t everyone = ++agreement->number * (uint32_t)agreement->node_ranks;
    slot->statement = (struct statement){.rank = agreement->rank, .vote = *mine};
    atomic_store_explicit(&slot->number, agreement->number, memory_order_release);
    uint32_t before = atomic_fetch_add_explicit(&place->arrived, 1, memory_order_acq_rel);
    if (before + 1 == everyone || agreement->lost > 0)
        rpi_eventcount_notify_all(&place->arrivals);
}

/* Returns when the agreement is finished. */
static void agreement_await_release(struct agreement *agreement)
{
    struct agreement_segment *place = agreement->place;
    for (;;) {
        uint32_t seen = rpi_eventcount_key(&place->releases);
        if (agreement_released(agreement))
            return;
        if (rank_leads(agreement))
            agreement_lead(agreement);
        else
            agreement_sleep(agreement, &place->releases, seen);
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
    if (agreement->out_of_step.status != RP_OK) {
        *error = agreement->out_of_step;
        return error->status;
    }
    struct agreement_segment *place = agreement->place;
    agreement_arrive(agreement, mine);
    agreement_await_release(agreement);
    *error = place->decision.error;
    agreement->lost = place->decision.lost;
    if (place->decision.out_of_step) {
        agreement->out_of_step = *error;
        agreement->out_of_step.status = RP_ERR_STATE;
        agreement->cut_off = place->decision.cut_off;
    }
    return error->status;
}
