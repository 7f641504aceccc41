#include "worklist/lend.h"

#include "base/clock.h"
#include "base/error.h"
#include "observe/hooks.h"
#include "resilience/survival.h"
#include "worklist/bound.h"
#include "worklist/lend_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages -------------------------------------------------------------------------------- */

static bool lend_valid(const struct node_link *link, int from, const void *message, bool to_root,
                       bool to_node)
{
    const struct lend *lend = (const struct lend *)link;
    const struct loan_message *received = message;
    if (received->link.kind == LOAN_PROGRESS)
        return (to_root && received->done >= 0 && received->waiting >= 0) ||
               (to_node && received->seconds > 0);
    if (from == lend->pool->world.node)
        return false;
    switch (received->link.kind) {
    case LOAN_ASK:
        return received->request == LOAN_REQUEST_NOW || received->request == LOAN_REQUEST_LATER;
    case LOAN_ITEMS:
        return received->items >= 1 && received->items <= lend->most;
    case LOAN_BOUND:
        return (to_root || to_node) && lend->bound != NULL;
    case LOAN_NONE:
    case LOAN_BACK:
        return true;
    default:
        return false;
    }
}

/* ---- bundles --------------------------------------------------------------------------------- */

static struct loan_bundle *bundle_make(const struct lend *lend, int node, uint32_t items)
{
    size_t bytes = sizeof(struct loan_bundle) + (size_t)items * lend->owner.entry_size;
    struct loan_bundle *bundle =
        aligned_alloc(DEQUE_APART, (bytes + DEQUE_APART - 1) / DEQUE_APART * DEQUE_APART);
    if (bundle != NULL)
        *bundle = (struct loan_bundle){.node = node, .items = items};
    return bundle;
}

static struct deque_entry *bundle_entry(const struct lend *lend, struct loan_bundle *bundle,
                                        uint32_t index)
{
    return (struct deque_entry *)(bundle->entries + (size_t)index * lend->owner.entry_size);
}

static void bundle_add(struct loan_bundle **list, struct loan_bundle *bundle)
{
    bundle->next = *list;
    *list = bundle;
}

static struct loan_bundle *bundle_remove(struct loan_bundle **place)
{
    struct loan_bundle *bundle = *place;
    *place = bundle->next;
    return bundle;
}

static void bundles_free(struct loan_bundle **list)
{
    while (*list != NULL)
        free(bundle_remove(list));
}

static void lend_free_sent(struct lend *lend)
{
    for (struct loan_bundle **place = &lend->leaving; *place != NULL;) {
        if ((*place)->pending > 0)
            place = &(*place)->next;
        else
            free(bundle_remove(place));
    }
}

/* ---- lending --------------------------------------------------------------------------------- */

/* Steals half of what each deque of the node shares. What exceeds a loan goes back. */
static uint32_t lend_collect(struct lend *lend, struct loan_bundle *bundle)
{
    struct deque_group *group = lend->group;
    rpi_deque_reclaim(&lend->owner);
    for (uint32_t i = 0; i < group->ranks; i++) {
        struct split_deque *deque = rpi_deque_group_at(group, i);
        if (rpi_deque_shared(deque) > 0 && lend->owner.top - lend->owner.high < lend->most)
            rpi_deque_steal(&lend->owner, deque);
    }
    uint32_t items = rpi_deque_remove(&lend->owner, bundle->entries, lend->most);
    rpi_deque_offer(&lend->owner);
    if (rpi_deque_group_shares(group)) /* a rank may have looked while they were locked or here */
        rpi_deque_group_shared(group, lend->pool->work_queue);
    return items;
}

static int lend_send_items(struct lend *lend, struct loan_bundle *bundle)
{
    bundle_add(&lend->leaving, bundle);
    int code =
        lend_send(lend, bundle->node, LOAN_ITEMS, (struct loan_message){.items = bundle->items});
    return code == MPI_SUCCESS
               ? rpi_node_link_payload(&lend->link, bundle->node, CHANNEL_OF_LOANS, bundle->entries,
                                       (size_t)bundle->items * lend->owner.entry_size,
                                       &bundle->pending)
               : code;
}

/* Does the node have more items than its ranks take? */
static bool lend_surplus(const struct lend *lend)
{
    return !deque_group_wanted(lend->group) && rpi_deque_group_shares(lend->group);
}

/* Answers a node; *answered: it did, since there are items to lend or the other must not wait. */
static int lend_answer(struct lend *lend, int node, bool *answered)
{
    bool later = lend->loans.peers[node].wanted == LOAN_REQUEST_LATER;
    struct loan_bundle *bundle = NULL;
    if (!lend->closed && lend_surplus(lend)) {
        bundle = bundle_make(lend, node, lend->most);
        if (bundle == NULL)
            return MPI_ERR_NO_MEM;
        bundle->items = lend_collect(lend, bundle);
    }
    if (bundle != NULL && bundle->items == 0) {
        free(bundle);
        bundle = NULL;
    }
    *answered = bundle != NULL || !later || lend->closed;
    if (!*answered)
        return MPI_SUCCESS;
    rpi_loans_answer(&lend->loans, node, bundle != NULL);
    return bundle != NULL ? lend_send_items(lend, bundle)
                          : lend_send(lend, node, LOAN_NONE, (struct loan_message){0});
}

static int lend_answer_all(struct lend *lend)
{
    int code = MPI_SUCCESS, node;
    bool answered = true;
    while (code == MPI_SUCCESS && answered && (node = rpi_loans_next_wanted(&lend->loans)) >= 0)
        code = lend_answer(lend, node, &answered);
    return code;
}

/* ---- borrowing ------------------------------------------------------------------------------- */

/* Asks other nodes, if ranks of this one wait and find nothing here. */
static int lend_ask(struct lend *lend)
{
    enum loan_request request = LOAN_REQUEST_NONE;
    int code = MPI_SUCCESS, node;
    if (lend->closed || lend->arriving != NULL || !deque_group_wanted(lend->group) ||
        rpi_deque_group_shares(lend->group))
        return MPI_SUCCESS;
    double now = rpi_clock_seconds();
    while (code == MPI_SUCCESS && (node = rpi_loans_ask(&lend->loans, now, &request)) >= 0)
        code = lend_send(lend, node, LOAN_ASK, (struct loan_message){.request = request});
    return code;
}

static int lend_give_back(struct lend *lend, int node)
{
    return lend_send(lend, node, LOAN_BACK, (struct loan_message){0});
}

static int lend_receive_items(struct lend *lend, int from, uint32_t items)
{
    struct loan_bundle *bundle = bundle_make(lend, from, items);
    if (bundle == NULL)
        return MPI_ERR_NO_MEM;
    bundle_add(&lend->arriving, bundle);
    lend->borrowed++;
    rpi_loans_fed(&lend->loans, rpi_clock_seconds());
    int code = rpi_node_link_expect(&lend->link, from, CHANNEL_OF_LOANS, bundle->entries,
                                    (size_t)items * lend->owner.entry_size, &bundle->pending);
    if (code == MPI_SUCCESS && (lend->closed || rpi_loans_borrow(&lend->loans, from)))
        code = lend_give_back(lend, from);
    return code;
}

static bool bundle_valid(const struct lend *lend, struct loan_bundle *bundle)
{
    bool valid = true;
    for (uint32_t i = 0; i < bundle->items && valid; i++) {
        const struct deque_entry *entry = bundle_entry(lend, bundle, i);
        valid = entry->seed < lend->job->n && entry->deaths <= DEATHS_IN_A_ROW &&
                entry->alone <= DEQUE_BATCH && bound_item_valid(lend->job, entry->item);
    }
    return valid;
}

/* Moves entries to the link's deque while there is room. True: all. */
static bool lend_feed(struct lend *lend, struct loan_bundle *bundle)
{
    struct deque_entry *place;
    uint32_t before = bundle->items;
    while (bundle->items > 0 && (place = deque_next(&lend->owner)) != NULL) {
        deque_copy(place, bundle_entry(lend, bundle, --bundle->items), lend->owner.entry_size);
        deque_push(&lend->owner);
    }
    if (bundle->items < before) {
        rpi_deque_offer(&lend->owner);
        rpi_eventcount_notify_all(&lend->pool->work_queue->signal);
    }
    return bundle->items == 0;
}

/* Gives to the ranks what has arrived. */
static void lend_feed_arrived(struct lend *lend)
{
    for (struct loan_bundle **place = &lend->arriving; *place != NULL;) {
        struct loan_bundle *bundle = *place;
        bool arrived = bundle->pending == 0;
        if (arrived && !bundle_valid(lend, bundle))
            rpi_node_link_reject(&lend->link, bundle->node);
        if (arrived && (lend->closed || lend_feed(lend, bundle)))
            free(bundle_remove(place));
        else
            place = &bundle->next;
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

/* If the node has no items: gives its first loan back or, on the root, ends the job. */
static int lend_settle(struct lend *lend)
{
    int lender;
    if (lend->closed || lend->arriving != NULL || !rpi_deque_group_drained(lend->group))
        return MPI_SUCCESS;
    switch (rpi_loans_end(&lend->loans, rpi_clock_seconds(), &lender)) {
    case LOAN_END_RETURN:
        return lend_give_back(lend, lender);
    case LOAN_END_OF_ALL:
        lend->closed = true;
        return rpi_node_link_close_all(&lend->link);
    default:
        return MPI_SUCCESS;
    }
}

/* No more items come: all is done, or the job was stopped. */
static int lend_close(struct lend *lend)
{
    int lender;
    lend->closed = true;
    if (!work_queue_stopped(lend->pool->work_queue))
        rpi_deque_group_end(lend->group, lend->pool->work_queue);
    return rpi_loans_drop(&lend->loans, &lender) ? lend_give_back(lend, lender) : MPI_SUCCESS;
}

static int lend_finish(struct lend *lend)
{
    struct loan_message message = {.link = {.kind = LINK_FINISHED}};
    if (!lend->closed || lend->link.finish_sent || !loans_settled(&lend->loans) ||
        lend->arriving != NULL)
        return MPI_SUCCESS;
    lend->moved = true;
    return rpi_node_link_finish(&lend->link, &message.link);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int lend_read_own(struct lend *lend, int from, const struct loan_message *message)
{
    bool fine = true;
    switch (message->link.kind) {
    case LOAN_ASK:
        fine = rpi_loans_wanted(&lend->loans, from, (enum loan_request)message->request);
        break;
    case LOAN_NONE:
        fine = rpi_loans_answered(&lend->loans, from);
        break;
    case LOAN_ITEMS:
        fine = rpi_loans_answered(&lend->loans, from);
        if (fine)
            return lend_receive_items(lend, from, message->items);
        break;
    case LOAN_BACK:
        fine = rpi_loans_returned(&lend->loans, from);
        break;
    case LOAN_BOUND:
        rpi_lend_read_bound(lend, message->best);
        break;
    default:
        rpi_lend_read_progress(lend, from, message);
    }
    if (!fine)
        rpi_node_link_reject(&lend->link, from);
    return MPI_SUCCESS;
}

static int lend_read(struct node_link *link, int from, const void *message)
{
    struct lend *lend = (struct lend *)link;
    const struct loan_message *received = message;
    if (received->link.kind != LOAN_BACK) /* the sender may not ask again for some time */
        lend->moved = true;
    switch (received->link.kind) {
    case LINK_STOP:
        return rpi_node_link_stop_all(link);
    case LINK_CLOSED:
        return lend_close(lend);
    default:
        return received->link.kind < LINK_KINDS ? MPI_SUCCESS : lend_read_own(lend, from, received);
    }
}

/* Seconds between steps: after one that moved something or while transfers are in progress, and at
 * most; in between longer and longer. A node that pauses before it asks again expects no message. A
 * step costs some 20 us of a core that computes. */
static void lend_pace(struct lend *lend)
{
    const double shortest = 0.1e-3, longest = 4e-3;
    struct node_link *link = &lend->link;
    bool pauses = lend->loans.open == 0 && deque_group_wanted(lend->group);
    const double longer = pauses ? 4 : 1.5;
    bool busy = lend->moved || link->finish_sent || !channel_idle(link->channel);
    link->sleep = busy ? shortest : fmin(fmax(shortest, link->sleep * longer), longest);
    lend->moved = false;
}

static int lend_step(struct node_link *link)
{
    static int (*const parts[])(struct lend * lend) = {
        lend_answer_all,     lend_settle,          lend_ask,
        rpi_lend_send_bound, rpi_lend_send_report, lend_finish,
    };
    struct lend *lend = (struct lend *)link;
    int code = MPI_SUCCESS;
    lend_free_sent(lend);
    lend_feed_arrived(lend);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && code == MPI_SUCCESS; i++)
        code = parts[i](lend);
    lend_pace(lend);
    return code;
}

/* Ranks do not survive deaths here. */
static int lend_gone(struct node_link *link, int node)
{
    (void)link;
    (void)node;
    return MPI_SUCCESS;
}

static const struct node_link_ops lend_ops = {
    .message_bytes = sizeof(struct loan_message),
    .serves_root = true,
    .among_nodes = true,
    .valid = lend_valid,
    .read = lend_read,
    .step = lend_step,
    .gone = lend_gone,
};

/* ---- making, running ------------------------------------------------------------------------- */

/* The same on all nodes, unlike the capacity of deques. */
static uint32_t lend_most(const struct deque_owner *owner)
{
    const uint32_t bytes = UINT32_C(256) << 10;
    return bytes > owner->entry_size ? bytes / owner->entry_size : 1;
}

static bool lend_make_parts(struct lend *lend)
{
    const struct world *world = &lend->pool->world;
    struct split_deque *deque = rpi_deque_group_at(lend->group, lend->group->ranks);
    bool root = world->rank == world->root;
    if (root)
        lend->reported = calloc((size_t)world->nodes, 2 * sizeof *lend->reported);
    lend->result = malloc(rpi_bound_result_bytes(lend->job));
    return rpi_loans_make(&lend->loans, world->node, world->nodes, root) && lend->result != NULL &&
           rpi_deque_own(&lend->owner, deque) && (!root || lend->reported != NULL);
}

rp_status rpi_lend_make(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group,
                        struct lend **lend, rp_error *error)
{
    *lend = NULL;
    if (pool->world.nodes == 1 || !leads_node(pool))
        return RP_OK;
    struct lend *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the loans of a worklist");
    *made = (struct lend){.pool = pool,
                          .job = job,
                          .group = group,
                          .bound = rpi_bound_shared(job, group),
                          .best = NO_INCUMBENT};
    if (!lend_make_parts(made))
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the loans of a worklist");
    else if (rpi_node_link_init(&made->link, pool, &lend_ops, 0, error) == RP_OK)
        made->most = lend_most(&made->owner);
    if (error->status != RP_OK) {
        rpi_lend_drop(made);
        return error->status;
    }
    *lend = made;
    return RP_OK;
}

void rpi_lend_begin(struct lend *lend)
{
    rpi_node_link_open(&lend->link);
    if (lend->link.on_root && lend->pool->observe->progress != NULL)
        rpi_node_link_check(&lend->link, rpi_lend_request_reports(lend));
    rpi_node_link_start(&lend->link);
}

void rpi_lend_end(struct lend *lend, struct vote *vote)
{
    rpi_node_link_end(&lend->link, vote);
    lend->pool->traffic.batches += lend->borrowed;
}

/* After a failure MPI may still access the bundles, so they are not freed. */
void rpi_lend_drop(struct lend *lend)
{
    if (lend == NULL)
        return;
    if (lend->link.channel == NULL || channel_idle(lend->link.channel)) {
        bundles_free(&lend->arriving);
        bundles_free(&lend->leaving);
    }
    rpi_deque_disown(&lend->owner);
    rpi_loans_free(&lend->loans);
    free(lend->reported);
    free(lend->result);
    rpi_node_link_free(&lend->link);
    free(lend);
}
