#include "world/meeting.h"

#include "base/error.h"
#include "world/completion.h"
#include "world/mpi_error.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of the calls and of their terms, for people. What a datatype, an operation or many counts
 * stand for is a number that only says whether they are the same. */
static const struct {
    const char *name;
    const char *terms[BALLOT_TERMS];
} calls[CALLS] = {
    [CALL_OPEN] = {"rp_open or rp_create", {NULL}},
    [CALL_CLOSE] = {"rp_close", {NULL}},
    [CALL_BARRIER] = {"rp_barrier", {NULL}},
    [CALL_AGREE] = {"rp_agree", {NULL}},
    [CALL_ALLOC] = {"rp_alloc", {"bytes"}},
    [CALL_ALLOC_DONE] = {"rp_alloc", {NULL}},
    [CALL_FREE] = {"rp_free", {"the allocation's number"}},
    [CALL_NODE_SYNC] = {"rp_node_sync", {NULL}},
    [CALL_LOOP_OPEN] = {"rp_loop_open",
                        {"n", "the schedule", "the slice", "retries", "max_failures",
                         "item_seconds (its bits)"}},
    [CALL_LOOP_ROUND] = {"rp_loop_next", {NULL}},
    [CALL_LOOP_CLOSE] = {"rp_loop_close", {NULL}},
    [CALL_MAP] = {"rp_map",
                  {"n", "the schedule", "the slice", "in_size", "in_place", "out_size", "out_place",
                   "a range function", "on_failure", "the seed", "retries", "max_failures",
                   "item_seconds (its bits)"}},
    [CALL_REDUCE] = {"rp_reduce",
                     {"n", "the schedule", "the slice", "in_size", "in_place", "result_size",
                      "leaf", "the seed", "retries", "max_failures", "item_seconds (its bits)"}},
    [CALL_REDUCED] = {"rp_reduce", {NULL}},
    [CALL_STREAM] = {"rp_stream",
                     {"unordered", "root_only_serves", "window_items", "window_bytes",
                      "the schedule", "the slice", "on_failure", "the seed", "retries",
                      "max_failures", "item_seconds (its bits)"}},
    [CALL_REACHED] = {"rp_map or rp_reduce", {NULL}},
    [CALL_PREPARED] = {"rp_map, rp_reduce or rp_stream", {NULL}},
    [CALL_PUBLISHED] = {"rp_reduce", {NULL}},
    [CALL_ACCOUNTED] = {"rp_loop_next, rp_map or rp_reduce", {NULL}},
    [CALL_RESUMED] = {"rp_loop_next, rp_map or rp_reduce", {NULL}},
    [CALL_SPREAD] = {"rp_map", {NULL}},
    [CALL_BROADCAST] = {"rp_broadcast",
                        {"n", "root", "the element's size", "the element's type",
                         "data's allocation", "data's offset"}},
    [CALL_SCATTER] = {"rp_scatter", {"n", "root", "the element's size", "the element's type"}},
    [CALL_SCATTERV] = {"rp_scatterv",
                       {"the sum of counts", "root", "the element's size", "the element's type",
                        "a checksum of counts"}},
    [CALL_GATHER] = {"rp_gather", {"n", "root", "the element's size", "the element's type"}},
    [CALL_GATHERV] = {"rp_gatherv",
                      {"the sum of counts", "root", "the element's size", "the element's type",
                       "a checksum of counts"}},
    [CALL_ALLGATHER] = {"rp_allgather",
                        {"n", NULL, "the element's size", "the element's type", "all's allocation",
                         "all's offset"}},
    [CALL_STAGED] = {"rp_allgather", {NULL}},
    [CALL_REDUCE_RANKS] = {"rp_reduce_ranks",
                           {"n", "root", "the element's size", "the element's type", "op"}},
    [CALL_ALLREDUCE_RANKS] = {"rp_allreduce_ranks",
                              {"n", NULL, "the element's size", "the element's type", "op"}},
    [CALL_EXSCAN_RANKS] = {"rp_exscan_ranks",
                           {"n", NULL, "the element's size", "the element's type", "op"}},
    [CALL_MOVED] = {"a collective", {NULL}},
    [CALL_GRID_OPEN] = {"rp_grid_open", {"rows", "columns", "cell_size", "halo"}},
    [CALL_GRID_OPENED] = {"rp_grid_open", {NULL}},
    [CALL_GRID_CLOSE] = {"rp_grid_close", {"the grid's number", "exchanges begun"}},
    [CALL_GRID_ALLOC] = {"rp_grid_alloc", {"the grid's number"}},
    [CALL_GRID_SCATTER] = {"rp_grid_scatter", {"the grid's number", "root", "the field's number"}},
    [CALL_GRID_GATHER] = {"rp_grid_gather", {"the grid's number", "root", "the field's number"}},
    [CALL_GRID_MOVED] = {"rp_grid_scatter or rp_grid_gather", {NULL}},
    [CALL_FILE_CREATE] = {"rp_file_create", {"a checksum of path"}},
    [CALL_FILE_CREATED] = {"rp_file_create", {NULL}},
    [CALL_FILE_APPEND] = {"rp_file_append", {"the file's number"}},
    [CALL_FILE_CLOSE] = {"rp_file_close", {"the file's number"}},
    [CALL_FILE_MOVED] = {"rp_file_append or rp_file_close", {NULL}},
    [CALL_COLLECT] = {"rp_collect",
                      {"n", "the schedule", "the slice", "in_size", "in_place", "on_failure",
                       "the seed", "retries", "max_failures", "item_seconds (its bits)"}},
    [CALL_RESULTS_GATHER] = {"rp_results_gather", {"the results' number", "root"}},
    [CALL_RESULTS_WRITE] = {"rp_results_write", {"the results' number"}},
    [CALL_RESULTS_MOVED] = {"rp_results_gather or rp_results_write", {NULL}},
    [CALL_RECORD] = {"rp_record", {"on"}},
    [CALL_STATS] = {"rp_stats or rp_stats_print", {NULL}},
    [CALL_TIMELINE] = {"rp_timeline", {NULL}},
    [CALL_TRACE] = {"rp_trace", {NULL}},
    [CALL_TOLD] = {"rp_record, rp_stats, rp_timeline or rp_trace", {NULL}},
};

/* Those that go on without the dead. */
static const bool survives[CALLS] = {
    [CALL_CLOSE] = true,      [CALL_BARRIER] = true,    [CALL_AGREE] = true,
    [CALL_FREE] = true,       [CALL_NODE_SYNC] = true,  [CALL_LOOP_OPEN] = true,
    [CALL_LOOP_CLOSE] = true, [CALL_MAP] = true,        [CALL_REDUCE] = true,
    [CALL_REDUCED] = true,    [CALL_REACHED] = true,    [CALL_PREPARED] = true,
    [CALL_PUBLISHED] = true,  [CALL_LOOP_ROUND] = true, [CALL_ACCOUNTED] = true,
    [CALL_RESUMED] = true,    [CALL_SPREAD] = true,     [CALL_STREAM] = true,
};

/* A rank's ballot with its rank, as it is compared within and between nodes. */
struct statement {
    int rank; /* -1: nobody's */
    struct ballot ballot;
};

/* A rank's place in node memory. */
struct seat {
    struct statement statement;
    _Atomic uint32_t number; /* of the meeting it is for */
};

/* What a node has to say. */
struct summary {
    struct statement first;     /* its lowest rank's */
    struct statement different; /* of the lowest rank that does not agree with `first` */
    struct statement failed;    /* of the lowest rank that found something wrong */
};

/* What all hear. */
struct verdict {
    rp_error error;
    bool lost_step, cut_off;
    int lost; /* ranks that have died */
};

/* Shared words:
 * arrived   ranks that came, over all meetings; acq_rel fetch_add after the ballot is stored. The
 *           one that makes it number * node_ranks signals `arrivals`; the leader reads it with
 *           acquire, so it sees all ballots. Once a rank has died it stays below that, and all signal.
 * number    of a seat: the last meeting its rank came to; release, after the ballot.
 * led_by    who leads to its end the meeting that is about to be over; stored before `released`.
 * released  number of the last meeting that is over; the leader stores it with release after the
 *           verdict, then signals `releases`.
 * A ballot is rewritten only by its rank for the next meeting, after this one's release; the
 * verdict only by the leader after all came to the next meeting, when all have read it. The leader is the
 * first rank that lives: if it dies before the release, the next one begins anew. */
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

const char *rpi_call_name(enum call call)
{
    return calls[call].name;
}

struct ballot rpi_ballot(enum call call)
{
    struct ballot ballot = {.call = call};
    rpi_error_clear(&ballot.error);
    return ballot;
}

static bool agree(const struct statement *a, const struct statement *b)
{
    return a->ballot.call == b->ballot.call &&
           memcmp(a->ballot.terms, b->ballot.terms, sizeof a->ballot.terms) == 0;
}

static void keep_lowest(struct statement *kept, const struct statement *candidate)
{
    if (candidate->rank >= 0 && (kept->rank < 0 || candidate->rank < kept->rank))
        *kept = *candidate;
}

/* What concerns the whole call comes before what concerns an item, the lowest item before others. The
 * order is total, so that the worst of all is the same in whatever order they are compared. */
static void keep_worst(struct statement *kept, const struct statement *candidate)
{
    int64_t kept_item = kept->rank >= 0 ? kept->ballot.error.item : INT64_MAX;
    int64_t item = candidate->rank >= 0 ? candidate->ballot.error.item : INT64_MAX;
    if (item == kept_item)
        keep_lowest(kept, candidate);
    else if (item < kept_item)
        *kept = *candidate;
}

static bool other_call(const struct statement *a, const struct statement *b)
{
    return a->rank >= 0 && a->ballot.call != b->ballot.call;
}

/* Keeps what differs most from `reference`: another call
 * before another term, then the lowest rank. */
static void keep_most_different(struct statement *kept, const struct statement *candidate,
                                const struct statement *reference)
{
    if (candidate->rank < 0 || agree(candidate, reference))
        return;
    bool kept_call = other_call(kept, reference);
    bool candidate_call = other_call(candidate, reference);
    if (kept->rank < 0 || kept_call == candidate_call)
        keep_lowest(kept, candidate);
    else if (candidate_call)
        *kept = *candidate;
}

static bool came(const struct meeting *meeting, int node_rank)
{
    return atomic_load_explicit(&meeting->place->seats[node_rank].number, memory_order_acquire) ==
           meeting->number;
}

static struct summary summarize(const struct meeting *meeting)
{
    struct summary summary = {.first.rank = -1, .different.rank = -1, .failed.rank = -1};
    for (int i = 0; i < meeting->node_ranks; i++) {
        const struct statement *statement = &meeting->place->seats[i].statement;
        if (!came(meeting, i))
            continue;
        keep_lowest(&summary.first, statement);
        keep_most_different(&summary.different, statement, &summary.first);
        if (statement->ballot.error.status != RP_OK)
            keep_worst(&summary.failed, statement);
    }
    return summary;
}

static void describe(const struct statement *statement, int term, char *text, size_t size)
{
    const struct ballot *ballot = &statement->ballot;
    int length =
        snprintf(text, size, "rank %d called %s", statement->rank, calls[ballot->call].name);
    if (term >= 0)
        snprintf(text + length, size - (size_t)length, " with %s = %" PRId64,
                 calls[ballot->call].terms[term], ballot->terms[term]);
}

static int differing_term(const struct ballot *a, const struct ballot *b)
{
    int term = 0;
    while (term < BALLOT_TERMS - 1 && a->terms[term] == b->terms[term])
        term++;
    return term;
}

static struct verdict mismatch(const struct statement *first, const struct statement *different)
{
    bool lost_step = other_call(different, first);
    int term = lost_step ? -1 : differing_term(&first->ballot, &different->ballot);
    char one[128], other[128];
    describe(first, term, one, sizeof one);
    describe(different, term, other, sizeof other);
    struct verdict verdict = {.lost_step = lost_step};
    rpi_error_set(&verdict.error, RP_ERR_MISMATCH, "%s, but %s", one, other);
    verdict.error.rank = different->rank;
    memcpy(verdict.error.host, different->ballot.error.host, sizeof verdict.error.host);
    return verdict;
}

/* Adds what other nodes said to what is known. In whatever order that is done, and however often, the
 * same comes out: the first rank of a node is also the lowest of its ranks that differ from another
 * node's, if it differs at all, so a summary has all it takes. */
static void join(struct summary *known, const struct summary *heard)
{
    struct summary both = {.first = known->first, .different.rank = -1, .failed = known->failed};
    keep_lowest(&both.first, &heard->first);
    keep_most_different(&both.different, &known->first, &both.first);
    keep_most_different(&both.different, &known->different, &both.first);
    keep_most_different(&both.different, &heard->first, &both.first);
    keep_most_different(&both.different, &heard->different, &both.first);
    keep_worst(&both.failed, &heard->failed);
    *known = both;
}

/* Judges what all said: the same result wherever it is computed. */
static struct verdict judge(const struct summary *all)
{
    const struct statement *different = &all->different, *failed = &all->failed;
    if (other_call(different, &all->first) || (different->rank >= 0 && failed->rank < 0))
        return mismatch(&all->first, different);
    struct verdict verdict = {.error = failed->ballot.error};
    if (failed->rank < 0)
        rpi_error_clear(&verdict.error);
    else if (verdict.error.rank < 0)
        verdict.error.rank = failed->rank;
    return verdict;
}

/* If this node's ranks turn out to differ from others, all nodes must name the same host. */
static void sign(struct summary *summary)
{
    rpi_error_host(&summary->first.ballot.error);
    rpi_error_host(&summary->different.ballot.error);
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
        join(known, heard);
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
    sign(known);
    if (nodes > 1)
        MPI_Comm_rank(meeting->leaders, &node);
    for (int64_t distance = 1; distance < nodes && code == MPI_SUCCESS; distance *= 2)
        code = swap(meeting, (int)((node + distance) % nodes),
                    (int)((node - distance + nodes) % nodes));
    if (rpi_mpi_check(code, "a message between nodes", &verdict.error) == RP_OK)
        verdict = judge(known);
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

static bool root_lost(const struct meeting *meeting)
{
    return meeting->living != NULL && meeting->root >= 0 &&
           rpi_living_lost(meeting->living, meeting->root);
}

/* Ranks that have died, and the one to name: the root, or else the lowest. */
struct losses {
    int count, rank; /* -1: all live */
};

static void add_losses(struct losses *losses, const struct losses *more)
{
    losses->count += more->count;
    if (more->rank >= 0 && (losses->rank < 0 || more->rank < losses->rank))
        losses->rank = more->rank;
}

/* Of this node. */
static struct losses own_losses(const struct meeting *meeting)
{
    const struct living *living = meeting->living;
    struct losses losses = {0, -1};
    for (int i = 0; i < meeting->node_ranks; i++) {
        if (rpi_living_lost(living, i))
            add_losses(&losses, &(struct losses){1, rpi_living_rank(living, i)});
    }
    if (root_lost(meeting))
        losses.rank = rpi_living_rank(living, meeting->root);
    return losses;
}

static struct verdict all_over(int rank)
{
    struct verdict verdict = {.lost_step = true};
    rpi_error_set(&verdict.error, RP_ERR_LOST, "rank %d has died: the others cannot go on", rank);
    verdict.error.rank = rank;
    return verdict;
}

/* Streams survive on one node only. */
static bool goes_on(const struct meeting *meeting, enum call call)
{
    return survives[call] && (call != CALL_STREAM || meeting->star == NULL);
}

/* What a verdict becomes when somebody has died. */
static struct verdict mourn(const struct meeting *meeting, const struct losses *losses,
                            enum call call, struct verdict verdict)
{
    int rank = losses->rank;
    bool over = rank >= 0 && (root_lost(meeting) || !meeting->survives);
    verdict.lost = losses->count;
    if (rank < 0 || verdict.lost_step || (!over && goes_on(meeting, call)))
        return verdict;
    if (over)
        verdict = all_over(rank);
    else
        rpi_error_set(&verdict.error, RP_ERR_LOST, "rank %d has died: %s needs all ranks", rank,
                      calls[call].name);
    verdict.error.rank = rank;
    verdict.lost = losses->count;
    return verdict;
}

/* ---- nodes whose ranks survive ---------------------------------------------------------------- */

/* What a node says over the star; its cargo follows. */
struct report {
    struct summary summary;
    struct losses losses;
};

/* Of a node that the root has heard, or not. A node may know of a death before the wire breaks. */
static void hear_node(struct meeting *meeting, int node, struct summary *known,
                      struct losses *losses)
{
    const struct cargo *cargo = meeting->cargo;
    const struct star_map *map = &meeting->star->map;
    const struct star_word *word = rpi_star_said(meeting->star, node, meeting->number);
    struct report report = {.losses = {0, -1}};
    int broken = rpi_star_lost(meeting->star, node);
    if (word != NULL && word->count >= sizeof report) {
        memcpy(&report, word->bytes, sizeof report);
        join(known, &report.summary);
    }
    if (broken > report.losses.count)
        report.losses = (struct losses){broken, rpi_star_lowest_lost(meeting->star, node)};
    if (node != map->node)
        add_losses(losses, &report.losses);
    if (word != NULL && cargo != NULL && cargo->unload != NULL && word->count > sizeof report)
        cargo->unload(cargo->closure, node, (const char *)word->bytes + sizeof report,
                      word->count - sizeof report);
}

/* On the root: hears all nodes, judges, and tells them. */
static struct verdict preside(struct meeting *meeting, struct summary known)
{
    const struct cargo *cargo = meeting->cargo;
    struct star *star = meeting->star;
    enum call call = known.first.ballot.call;
    sign(&known);
    rpi_star_await(star, meeting->number);
    struct losses losses = own_losses(meeting);
    for (int node = 0; node < meeting->nodes; node++)
        hear_node(meeting, node, &known, &losses);
    struct verdict verdict = mourn(meeting, &losses, call, judge(&known));
    size_t gift_bytes = 0;
    const void *gift = cargo != NULL && cargo->gift != NULL && verdict.error.status == RP_OK
                           ? cargo->gift(cargo->closure, &gift_bytes)
                           : NULL;
    char answer[sizeof verdict + NOTE_BYTES];
    memcpy(answer, &verdict, sizeof verdict);
    memcpy(answer + sizeof verdict, meeting->note, NOTE_BYTES);
    rpi_star_answer(star, meeting->number, answer, sizeof answer, gift, gift_bytes);
    return verdict;
}

/* On other nodes: tells the root, and hears what it says. */
static struct verdict consult(struct meeting *meeting, struct summary known)
{
    const struct cargo *cargo = meeting->cargo;
    struct verdict verdict;
    const size_t head = sizeof verdict + NOTE_BYTES;
    size_t bytes = 0;
    void *load = cargo != NULL && cargo->load != NULL ? cargo->load(cargo->closure, &bytes) : NULL;
    struct report report = {.summary = known, .losses = own_losses(meeting)};
    sign(&report.summary);
    const struct star_word *answer = rpi_star_ask(meeting->star, meeting->number, &report,
                                                  sizeof report, load, load != NULL ? bytes : 0);
    if (answer == NULL || answer->count < head)
        verdict = all_over(meeting->star->map.root);
    else
        memcpy(&verdict, answer->bytes, sizeof verdict);
    if (answer != NULL && answer->count >= head) {
        const char *text = answer->bytes;
        memcpy(meeting->note, text + sizeof verdict, NOTE_BYTES);
        if (cargo != NULL && cargo->receive != NULL && answer->count > head)
            cargo->receive(cargo->closure, text + head, answer->count - head);
    }
    free(load);
    return verdict;
}

static struct verdict decide_in_star(struct meeting *meeting)
{
    struct star *star = meeting->star;
    struct summary summary = summarize(meeting);
    if (root_lost(meeting))
        return all_over(star->map.root);
    return star->map.rank == star->map.root ? preside(meeting, summary) : consult(meeting, summary);
}

/* The verdict of all nodes; or, when one of them will not come any more, of this one alone. */
static struct verdict decide(struct meeting *meeting)
{
    const struct ballot *cut_off = find_cut_off(meeting);
    if (cut_off != NULL)
        return (struct verdict){.error = cut_off->error, .lost_step = true, .cut_off = true};
    if (meeting->star != NULL)
        return decide_in_star(meeting);
    struct summary summary = summarize(meeting);
    struct verdict verdict = exchange(meeting, &summary);
    if (meeting->living == NULL)
        return verdict;
    struct losses losses = own_losses(meeting);
    return mourn(meeting, &losses, summary.first.ballot.call, verdict);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

bool rpi_call_survives(enum call call)
{
    return survives[call];
}

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

/* Is this the first rank of the node that lives? Between nodes that survive the root speaks for its own. */
static bool leads(const struct meeting *meeting)
{
    bool leads = true;
    if (meeting->star != NULL && meeting->root >= 0 && !root_lost(meeting))
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
