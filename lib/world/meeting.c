#include "world/meeting.h"

#include "base/error.h"
#include "world/completion.h"
#include "world/meeting_star.h"
#include "world/mourning.h"
#include "world/mpi_error.h"

#include <stdalign.h>

/* A rank's place in node memory. */
struct seat {
    struct statement statement;
    _Atomic uint32_t number; /* of the meeting it is for */
};

/* Shared words:
 * arrived   ranks that came, over all meetings; acq_rel fetch_add after the ballot is stored. The
 *           one that makes it number * node_ranks signals `arrivals`; the leader reads it with
 *           acquire, so it sees all ballots. Once a rank has died it stays below that, and all
 *           signal.
 * number    of a seat: the last meeting its rank came to; release, after the ballot.
 * led_by    who leads to its end the meeting that is about to be over; stored before `released`.
 * released  number of the last meeting that is over; the leader stores it with release after the
 *           verdict, then signals `releases`.
 * A ballot is rewritten only by its rank for the next meeting, after this one's release; the
 * verdict only by the leader after all came to the next meeting, when all have read it. The leader
 * is the first rank that lives: if it dies before the release, the next one begins anew. */
struct meeting_place {
    alignas(128) struct signal_word arrivals;
    _Atomic uint32_t arrived;
    alignas(128) struct signal_word releases;
    _Atomic uint32_t released;
    alignas(128) struct verdict verdict;
    int led_by;
    struct seat seats[];
};

size_t rpi_meeting_bytes(int node_ranks)
{
    return sizeof(struct meeting_place) + (size_t)node_ranks * sizeof(struct seat);
}

size_t rpi_meeting_summaries_bytes(void)
{
    return 2 * sizeof(struct summary);
}

struct ballot rpi_ballot(enum call call)
{
    struct ballot ballot = {.call = call};
    rpi_error_clear(&ballot.error);
    return ballot;
}

static bool came(const struct meeting *meeting, int node_rank)
{
    return atomic_load_explicit(&meeting->place->seats[node_rank].number, memory_order_acquire) ==
           meeting->number;
}

/* What the ranks of this node have to say. */
static struct summary summarize(const struct meeting *meeting)
{
    struct summary summary = rpi_summary_begin();
    for (int i = 0; i < meeting->node_ranks; i++) {
        if (came(meeting, i))
            rpi_summary_add(&summary, &meeting->place->seats[i].statement);
    }
    return summary;
}

/* Tells a leader what is known here, and learns what is known at another. */
static int swap(struct meeting *meeting, int to, int from)
{
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    struct summary *known = &meeting->summaries[0], *heard = &meeting->summaries[1];
    int code = MPI_Irecv(heard, sizeof *heard, MPI_BYTE, from, 0, meeting->leaders, &requests[0]);
    if (code == MPI_SUCCESS)
        code = MPI_Isend(known, sizeof *known, MPI_BYTE, to, 0, meeting->leaders, &requests[1]);
    if (code == MPI_SUCCESS)
        code = rpi_complete(2, requests, meeting->spin);
    if (code == MPI_SUCCESS)
        rpi_summary_join(known, heard);
    return code;
}

/* The leaders tell each other what their nodes said. Each time twice as many nodes are known of, so
 * log2(nodes) messages of a leader reach all (Hensgen, Finkel, Manber: Two algorithms for barrier
 * synchronization, 1988); a collective that gathers takes as many messages as there are nodes. */
static struct verdict exchange(struct meeting *meeting, const struct summary *mine)
{
    struct verdict verdict = {.lost_step = true};
    struct summary *known = &meeting->summaries[0];
    int code = MPI_SUCCESS, node = 0, nodes = meeting->nodes;
    *known = *mine;
    rpi_summary_sign(known);
    if (nodes > 1)
        MPI_Comm_rank(meeting->leaders, &node);
    for (int64_t distance = 1; distance < nodes && code == MPI_SUCCESS; distance *= 2)
        code = swap(meeting, (int)((node + distance) % nodes),
                    (int)((node - distance + nodes) % nodes));
    if (rpi_mpi_check(code, "a message between nodes", &verdict.error) == RP_OK)
        verdict = rpi_summary_judge(known);
    return verdict;
}

/* What a rank of this node says of a node that is lost, or NULL. */
static const struct ballot *find_cut_off(const struct meeting *meeting)
{
    for (int i = 0; i < meeting->node_ranks; i++) {
        const struct ballot *ballot = &meeting->place->seats[i].statement.ballot;
        if (came(meeting, i) && ballot->cut_off)
            return ballot;
    }
    return NULL;
}

/* The verdict of all nodes; or, when one of them will not come any more, of this one alone. */
static struct verdict decide(struct meeting *meeting)
{
    const struct ballot *cut_off = find_cut_off(meeting);
    if (cut_off != NULL)
        return (struct verdict){.error = cut_off->error, .lost_step = true, .cut_off = true};
    struct summary summary = summarize(meeting);
    if (meeting->star != NULL)
        return rpi_meet_over_star(meeting, summary);
    struct verdict verdict = exchange(meeting, &summary);
    if (meeting->living == NULL)
        return verdict;
    struct toll toll = rpi_toll_of_node(meeting);
    return rpi_mourn(meeting, &toll, summary.first.ballot.call, verdict);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Has everybody come who lives? */
static bool complete(const struct meeting *meeting)
{
    uint32_t everyone = meeting->number * (uint32_t)meeting->node_ranks;
    if (atomic_load_explicit(&meeting->place->arrived, memory_order_acquire) == everyone)
        return true;
    bool complete = meeting->living != NULL;
    for (int i = 0; i < meeting->node_ranks && complete; i++)
        complete = came(meeting, i) || rpi_living_lost(meeting->living, i);
    return complete;
}

static bool released(const struct meeting *meeting)
{
    return atomic_load_explicit(&meeting->place->released, memory_order_acquire) == meeting->number;
}

/* Is this the first rank of the node that lives? Between nodes that survive the root speaks for its
 * own. */
static bool leads(const struct meeting *meeting)
{
    bool leads = true;
    if (meeting->star != NULL && meeting->root >= 0 && !rpi_root_lost(meeting))
        return meeting->node_rank == meeting->root;
    for (int i = 0; i < meeting->node_rank && leads; i++)
        leads = meeting->living != NULL && rpi_living_lost(meeting->living, i);
    return leads;
}

/* The bound on a sleep matters only where somebody died, or if a wake-up were lost. */
static void wait_for(struct meeting *meeting, struct signal_word *signal, uint32_t seen)
{
    const double longest_sleep = 0.1;
    rpi_signal_wait(signal, seen, meeting->spin, longest_sleep);
    if (meeting->living != NULL)
        rpi_living_look(meeting->living);
    /* Others may have to ask again what was answered before. */
    if (meeting->star != NULL && meeting->node_rank == meeting->root)
        rpi_wires_step(&meeting->star->wires);
}

/* Leads the meeting to its end when all have come. */
static void lead(struct meeting *meeting)
{
    struct meeting_place *place = meeting->place;
    for (;;) {
        uint32_t seen = rpi_signal_seen(&place->arrivals);
        if (released(meeting))
            return; /* by one who then died */
        if (complete(meeting))
            break;
        wait_for(meeting, &place->arrivals, seen);
    }
    place->verdict = decide(meeting);
    place->led_by = meeting->node_rank;
    atomic_store_explicit(&place->released, meeting->number, memory_order_release);
    rpi_signal_all(&place->releases);
}

static void arrive(struct meeting *meeting, const struct ballot *mine)
{
    struct meeting_place *place = meeting->place;
    struct seat *seat = &place->seats[meeting->node_rank];
    uint32_t everyone = ++meeting->number * (uint32_t)meeting->node_ranks;
    seat->statement = (struct statement){.rank = meeting->rank, .ballot = *mine};
    atomic_store_explicit(&seat->number, meeting->number, memory_order_release);
    uint32_t before = atomic_fetch_add_explicit(&place->arrived, 1, memory_order_acq_rel);
    if (before + 1 == everyone || meeting->lost > 0)
        rpi_signal_all(&place->arrivals);
}

/* Returns when the meeting is over. */
static void stay(struct meeting *meeting)
{
    struct meeting_place *place = meeting->place;
    for (;;) {
        uint32_t seen = rpi_signal_seen(&place->releases);
        if (released(meeting))
            return;
        if (leads(meeting))
            lead(meeting);
        else
            wait_for(meeting, &place->releases, seen);
    }
}

int rpi_meeting_led_by(const struct meeting *meeting)
{
    return meeting->place->led_by;
}

rp_status rpi_meet(struct meeting *meeting, const struct ballot *mine, rp_error *error)
{
    if (meeting->lost_step.status != RP_OK) {
        *error = meeting->lost_step;
        return error->status;
    }
    struct meeting_place *place = meeting->place;
    arrive(meeting, mine);
    stay(meeting);
    *error = place->verdict.error;
    meeting->lost = place->verdict.lost;
    if (place->verdict.lost_step) {
        meeting->lost_step = *error;
        meeting->lost_step.status = RP_ERR_STATE;
        meeting->cut_off = place->verdict.cut_off;
    }
    return error->status;
}
