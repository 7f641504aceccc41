/* Agreements between nodes whose ranks survive deaths, over the TCP hub: the root collects the
 * summaries of all nodes, decides, and answers. */
#include "base/error.h"
#include "comm/failures.h"
#include "comm/topology.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A node's message to the root. As many bytes of `data` as it says are sent; the node's payload
 * follows them. */
struct report {
    struct summary summary;
    struct failure_count failure_count;
    uint32_t data_bytes;
    char data[VOTES_DATA_BYTES];
};

/* The root's answer; likewise, with the broadcast payload. */
struct answer {
    struct decision decision;
    char mailbox[MAILBOX_BYTES];
    uint32_t data_bytes;
    char data[VOTES_DATA_BYTES];
};

_Static_assert(sizeof(struct report) <= HUB_HEAD_BYTES && sizeof(struct answer) <= HUB_HEAD_BYTES,
               "the hub has memory for them");

static bool report_valid(const struct report *report, int node_ranks)
{
    return rpi_summary_valid(&report->summary) && report->summary.first.rank >= 0 &&
           report->failure_count.count >= 0 && report->failure_count.count < node_ranks &&
           report->failure_count.rank >= -1;
}

/* Copies a message without its payload, whose offset it returns, or 0 if the message is too short:
 * `head` bytes, of which `data_bytes` is the last word, and the data behind them. */
static size_t message_take(const struct hub_message *message, void *to, size_t head,
                           const uint32_t *data_bytes)
{
    if (message->count < head)
        return 0;
    memcpy(to, message->bytes, head);
    if (*data_bytes > VOTES_DATA_BYTES || *data_bytes > message->count - head)
        return 0;
    memcpy((char *)to + head, (const char *)message->bytes + head, *data_bytes);
    return head + *data_bytes;
}

/* Stores the data of a node's ranks, if they are like the known ones. Returns false if they have
 * another size. */
static bool report_store_data(struct agreement *agreement, int node, const struct report *report)
{
    const struct summary *known = &agreement->summaries->known;
    if (!rpi_summary_has_data(known) || !rpi_summary_has_data(&report->summary) ||
        !rpi_summary_data_alike(known, &report->summary))
        return true;
    if (report->data_bytes != rpi_agreement_data_size(agreement, node))
        return false;
    rpi_agreement_data_unpack(agreement, node, report->data);
    return true;
}

/* Returns the message of a node, or NULL if there is none. If it is invalid, its node counts as
 * dead. */
static const struct hub_message *report_find(struct agreement *agreement, int node,
                                             struct report *report)
{
    const struct piggyback *piggyback = agreement->piggyback;
    const struct world *world = agreement->hub->world;
    const struct hub_message *message = rpi_hub_received(agreement->hub, node, agreement->number);
    if (message == NULL)
        return NULL;
    size_t end = message_take(message, report, offsetof(struct report, data), &report->data_bytes);
    bool valid = end > 0 && report_valid(report, world_ranks_on(world, node)) &&
                 report_store_data(agreement, node, report);
    bool loaded = valid && !message->cut && message->count > end && piggyback != NULL &&
                  piggyback->unload != NULL;
    if (loaded)
        valid = piggyback->unload(piggyback->closure, node, (const char *)message->bytes + end,
                                  message->count - end);
    if (valid)
        return message;
    rpi_tcp_links_reject(&agreement->hub->tcp_links, message->sender);
    return NULL;
}

/* Records that there was no memory for the payload of a node. */
static void summary_join_cut(struct summary *known, int sender)
{
    struct summary cut = {.first = known->first, .different.rank = -1, .failed = sender};
    rpi_error_set(&cut.error, RP_ERR_MEMORY, "no memory for the data of the node of rank %d",
                  sender);
    rpi_summary_join(known, &cut);
}

/* Adds the summary and the deaths of a node, whether or not its report arrived. */
static void report_join(struct agreement *agreement, int node, struct summary *known,
                        struct failure_count *failure_count)
{
    struct report report;
    struct hub *hub = agreement->hub;
    const struct world *world = hub->world;
    struct failure_count all = {world_ranks_on(world, node),
                                world->by_node[world->node_first[node]]};
    const struct hub_message *message = report_find(agreement, node, &report);
    if (message != NULL) {
        rpi_summary_join(known, &report.summary);
        rpi_tcp_links_report_lost(&hub->tcp_links, node, report.failure_count.count);
    }
    if (message != NULL && message->cut)
        summary_join_cut(known, message->sender);
    if (!rpi_hub_lives(hub, node))
        rpi_failure_count_add(failure_count, &all);
    else if (message != NULL)
        rpi_failure_count_add(failure_count, &report.failure_count);
}

static bool decision_brings_data(const struct decision *decision)
{
    return decision->error.status == RP_OK && decision->complete;
}

static void answer_send(struct agreement *agreement, const struct decision *decision)
{
    const struct piggyback *piggyback = agreement->piggyback;
    struct answer answer = {.decision = *decision};
    size_t data_bytes = 0;
    for (int node = 0; decision_brings_data(decision) && node < agreement->nodes; node++)
        data_bytes += rpi_agreement_data_pack(agreement, node, answer.data + data_bytes);
    answer.data_bytes = (uint32_t)data_bytes;
    size_t broadcast_bytes = 0;
    const void *broadcast =
        piggyback != NULL && piggyback->broadcast != NULL && decision->error.status == RP_OK
            ? piggyback->broadcast(piggyback->closure, &broadcast_bytes)
            : NULL;
    memcpy(answer.mailbox, agreement->mailbox, MAILBOX_BYTES);
    rpi_hub_answer(agreement->hub, agreement->number, &answer,
                   offsetof(struct answer, data) + data_bytes, broadcast, broadcast_bytes);
}

/* On the root: collects the reports of all nodes, decides, and answers. */
static void root_decide(struct agreement *agreement, struct summary *known,
                        struct decision *decision)
{
    enum call call = known->first.call;
    rpi_hub_await(agreement->hub, agreement->number);
    struct failure_count failure_count = rpi_failure_count_of_node(agreement);
    for (int node = 0; node < agreement->nodes; node++)
        report_join(agreement, node, known, &failure_count);
    rpi_summary_judge(known, decision);
    rpi_apply_failures(agreement, &failure_count, call, decision);
    answer_send(agreement, decision);
}

static bool decision_valid(const struct decision *decision, int ranks)
{
    unsigned char flags[3];
    memcpy(&flags[0], &decision->out_of_step, 1);
    memcpy(&flags[1], &decision->cut_off, 1);
    memcpy(&flags[2], &decision->complete, 1);
    return rpi_error_valid(&decision->error) && flags[0] <= 1 && flags[1] <= 1 && flags[2] <= 1 &&
           decision->lost >= 0 && decision->lost < ranks;
}

/* Is there a decision in this answer, with all data if it says so? Stores the data. */
static bool answer_valid(struct agreement *agreement, const struct answer *answer)
{
    size_t bytes = 0;
    if (!decision_valid(&answer->decision, agreement->ranks))
        return false;
    if (!decision_brings_data(&answer->decision))
        return true;
    if (!rpi_summary_has_data(&agreement->summaries->known))
        return false;
    for (int node = 0; node < agreement->nodes; node++)
        bytes += rpi_agreement_data_size(agreement, node);
    if (answer->data_bytes != bytes)
        return false;
    const char *from = answer->data;
    for (int node = 0; node < agreement->nodes; node++)
        from += rpi_agreement_data_unpack(agreement, node, from);
    return true;
}

/* This node cannot receive the payload that the other nodes get. */
static void decision_without_broadcast(struct decision *decision)
{
    decision_end(decision);
    rpi_error_set(&decision->error, RP_ERR_MEMORY, "no memory for the root's data on this node");
}

static void answer_take(struct agreement *agreement, const struct hub_message *message,
                        struct decision *decision)
{
    const struct piggyback *piggyback = agreement->piggyback;
    const struct world *world = agreement->hub->world;
    struct answer answer;
    if (message == NULL) {
        rpi_decision_all_over(decision, world->root);
        return;
    }
    size_t end = message_take(message, &answer, offsetof(struct answer, data), &answer.data_bytes);
    bool valid = end > 0 && answer_valid(agreement, &answer);
    if (valid && message->cut) {
        decision_without_broadcast(decision);
        return;
    }
    if (valid && piggyback != NULL && piggyback->receive != NULL && message->count > end)
        valid = piggyback->receive(piggyback->closure, (const char *)message->bytes + end,
                                   message->count - end);
    if (!valid) {
        rpi_tcp_links_reject(&agreement->hub->tcp_links, world->root);
        rpi_decision_all_over(decision, world->root);
        return;
    }
    memcpy(agreement->mailbox, answer.mailbox, MAILBOX_BYTES);
    *decision = answer.decision;
}

/* On other nodes: sends the report to the root and receives the answer. */
static void root_ask(struct agreement *agreement, const struct summary *known,
                     struct decision *decision)
{
    const struct piggyback *piggyback = agreement->piggyback;
    size_t bytes = 0;
    void *load = piggyback != NULL && piggyback->load != NULL
                     ? piggyback->load(piggyback->closure, &bytes)
                     : NULL;
    struct report report = {.summary = *known,
                            .failure_count = rpi_failure_count_of_node(agreement)};
    if (rpi_summary_has_data(known))
        report.data_bytes =
            (uint32_t)rpi_agreement_data_pack(agreement, agreement->node, report.data);
    const struct hub_message *message =
        rpi_hub_ask(agreement->hub, agreement->number, &report,
                    offsetof(struct report, data) + report.data_bytes, load,
                    load != NULL ? bytes : 0);
    answer_take(agreement, message, decision);
    free(load);
}

static void tcp_decide(struct agreement *agreement, struct summary *known,
                       struct decision *decision)
{
    const struct world *world = agreement->hub->world;
    if (rpi_root_lost(agreement))
        rpi_decision_all_over(decision, world->root);
    else if (world->rank == world->root)
        root_decide(agreement, known, decision);
    else
        root_ask(agreement, known, decision);
}

/* The root leads its node. Elsewhere all ranks before the one that has the TCP link are dead. */
static bool tcp_leads(const struct agreement *agreement)
{
    if (agreement->root < 0)
        return rpi_tcp_links_lead(&agreement->hub->tcp_links);
    return rpi_root_lost(agreement) ? rpi_node_rank_first(agreement)
                                    : agreement->node_rank == agreement->root;
}

/* Nodes may have to repeat a question that the root has answered before. */
static void tcp_look(struct agreement *agreement)
{
    rpi_liveness_look(agreement->liveness);
    if (agreement->node_rank == agreement->root)
        rpi_tcp_links_step(&agreement->hub->tcp_links);
}

const struct agreement_ops rpi_agreement_tcp = {rpi_node_rank_lost, tcp_leads, tcp_look,
                                                tcp_decide};
