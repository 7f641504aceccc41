#include "comm/vote_summary.h"

#include "base/error.h"
#include "comm/failures.h"

#include <stdlib.h>
#include <string.h>

/* A node's message to the root; the node's payload follows. */
struct report {
    struct summary summary;
    struct failure_count failure_count;
};

/* The root's answer; the broadcast payload follows. */
struct answer {
    struct decision decision;
    char mailbox[MAILBOX_BYTES];
};

_Static_assert(sizeof(struct report) <= HUB_HEAD_BYTES && sizeof(struct answer) <= HUB_HEAD_BYTES,
               "the hub has memory for them");

static bool report_valid(const struct report *report, int node_ranks)
{
    return rpi_summary_valid(&report->summary) && report->summary.first.rank >= 0 &&
           report->failure_count.count >= 0 && report->failure_count.count < node_ranks &&
           report->failure_count.rank >= -1;
}

/* Returns the message of a node, or NULL if there is none. If it is invalid, the rank that sent it
 * counts as dead. */
static const struct hub_message *report_find(struct agreement *agreement, int node,
                                             struct report *report)
{
    const struct piggyback *piggyback = agreement->piggyback;
    const struct hub_map *map = &agreement->hub->map;
    const struct hub_message *message = rpi_hub_received(agreement->hub, node, agreement->number);
    if (message == NULL)
        return NULL;
    bool valid = message->count >= sizeof *report;
    if (valid) {
        memcpy(report, message->bytes, sizeof *report);
        valid = report_valid(report, hub_ranks_on(map, node));
    }
    bool loaded = valid && !message->cut && message->count > sizeof *report && piggyback != NULL &&
                  piggyback->unload != NULL;
    if (loaded)
        valid = piggyback->unload(piggyback->closure, node,
                                  (const char *)message->bytes + sizeof *report,
                                  message->count - sizeof *report);
    if (valid)
        return message;
    rpi_tcp_links_reject(&agreement->hub->tcp_links, message->sender);
    return NULL;
}

/* Records that there was no memory for the payload of a node. */
static void summary_join_cut(struct summary *known, int sender)
{
    struct summary cut = rpi_summary_begin();
    cut.failed = known->first;
    cut.failed.rank = sender;
    rpi_error_set(&cut.failed.vote.error, RP_ERR_MEMORY,
                  "no memory for the data of the node of rank %d", sender);
    rpi_summary_join(known, &cut);
}

/* Adds the summary and the deaths of a node, whether or not its report arrived. A node may notice a
 * death before the TCP link breaks. */
static void report_join(struct agreement *agreement, int node, struct summary *known,
                        struct failure_count *failure_count)
{
    struct report report = {.failure_count = {0, -1}};
    const struct hub_message *message = report_find(agreement, node, &report);
    int broken = rpi_hub_lost(agreement->hub, node);
    if (message != NULL)
        rpi_summary_join(known, &report.summary);
    else
        report.failure_count = (struct failure_count){0, -1};
    if (message != NULL && message->cut)
        summary_join_cut(known, message->sender);
    if (broken > report.failure_count.count)
        report.failure_count =
            (struct failure_count){broken, rpi_hub_lowest_lost(agreement->hub, node)};
    if (node != agreement->hub->map.node)
        rpi_failure_count_add(failure_count, &report.failure_count);
}

static void answer_send(struct agreement *agreement, const struct decision *decision)
{
    const struct piggyback *piggyback = agreement->piggyback;
    struct answer answer = {.decision = *decision};
    size_t broadcast_bytes = 0;
    const void *broadcast =
        piggyback != NULL && piggyback->broadcast != NULL && decision->error.status == RP_OK
            ? piggyback->broadcast(piggyback->closure, &broadcast_bytes)
            : NULL;
    memcpy(answer.mailbox, agreement->mailbox, MAILBOX_BYTES);
    rpi_hub_answer(agreement->hub, agreement->number, &answer, sizeof answer, broadcast,
                   broadcast_bytes);
}

/* On the root: collects the reports of all nodes, decides, and answers. */
static struct decision root_decide(struct agreement *agreement, struct summary known)
{
    enum call call = known.first.vote.call;
    rpi_summary_sign(&known);
    rpi_hub_await(agreement->hub, agreement->number);
    struct failure_count failure_count = rpi_failure_count_of_node(agreement);
    for (int node = 0; node < agreement->nodes; node++)
        report_join(agreement, node, &known, &failure_count);
    struct decision decision =
        rpi_apply_failures(agreement, &failure_count, call, rpi_summary_judge(&known));
    answer_send(agreement, &decision);
    return decision;
}

static bool decision_valid(const struct decision *decision, int ranks)
{
    unsigned char flags[2];
    memcpy(&flags[0], &decision->out_of_step, 1);
    memcpy(&flags[1], &decision->cut_off, 1);
    return rpi_error_valid(&decision->error) && flags[0] <= 1 && flags[1] <= 1 &&
           decision->lost >= 0 && decision->lost < ranks;
}

/* This node cannot receive the payload that the other nodes get. */
static struct decision decision_without_broadcast(void)
{
    struct decision decision = {.out_of_step = true};
    rpi_error_set(&decision.error, RP_ERR_MEMORY, "no memory for the root's data on this node");
    return decision;
}

static struct decision answer_take(struct agreement *agreement, const struct hub_message *message)
{
    const struct piggyback *piggyback = agreement->piggyback;
    const struct hub_map *map = &agreement->hub->map;
    struct answer answer;
    if (message == NULL)
        return rpi_decision_all_over(map->root);
    bool valid = message->count >= sizeof answer;
    if (valid) {
        memcpy(&answer, message->bytes, sizeof answer);
        valid = decision_valid(&answer.decision, map->ranks);
    }
    if (valid && message->cut)
        return decision_without_broadcast();
    if (valid && piggyback != NULL && piggyback->receive != NULL && message->count > sizeof answer)
        valid = piggyback->receive(piggyback->closure, (const char *)message->bytes + sizeof answer,
                                   message->count - sizeof answer);
    if (!valid) {
        rpi_tcp_links_reject(&agreement->hub->tcp_links, map->root);
        return rpi_decision_all_over(map->root);
    }
    memcpy(agreement->mailbox, answer.mailbox, MAILBOX_BYTES);
    return answer.decision;
}

/* On other nodes: sends the report to the root and receives the answer. */
static struct decision root_ask(struct agreement *agreement, struct summary known)
{
    const struct piggyback *piggyback = agreement->piggyback;
    size_t bytes = 0;
    void *load = piggyback != NULL && piggyback->load != NULL
                     ? piggyback->load(piggyback->closure, &bytes)
                     : NULL;
    struct report report = {.summary = known,
                            .failure_count = rpi_failure_count_of_node(agreement)};
    rpi_summary_sign(&report.summary);
    const struct hub_message *message = rpi_hub_ask(agreement->hub, agreement->number, &report,
                                                    sizeof report, load, load != NULL ? bytes : 0);
    struct decision decision = answer_take(agreement, message);
    free(load);
    return decision;
}

struct decision rpi_agree_over_hub(struct agreement *agreement, struct summary summary)
{
    struct hub *hub = agreement->hub;
    if (rpi_root_lost(agreement))
        return rpi_decision_all_over(hub->map.root);
    return hub->map.rank == hub->map.root ? root_decide(agreement, summary)
                                          : root_ask(agreement, summary);
}
