/* Time and messages of the model: which node takes the next step, and what has arrived. */
#include "cluster_parts.h"

#include "base/backoff.h"
#include "base/clock.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>

/* The clock of the node that runs, for backoff.c, and its ways to wait. */
static double model_clock;

int sched_yield(void)
{
    return 0;
}

double rpi_clock_seconds(void)
{
    return model_clock;
}

void rpi_sleep(double seconds)
{
    model_clock += seconds;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Sleeps as base/eventcount.c of the simulation does, by backoff, in which a sleep ends late. */
double backoff_seconds(double most_seconds)
{
    struct backoff backoff = {.spin = false};
    model_clock = 0;
    while (model_clock < most_seconds)
        rpi_backoff_wait(&backoff);
    return model_clock;
}

double await_message(double now, double arrives)
{
    const double look = 1e-6;
    struct backoff backoff = {.spin = true};
    model_clock = now + look;
    while (model_clock < arrives) {
        rpi_backoff_wait(&backoff);
        model_clock += look;
    }
    return model_clock;
}

/* ---- the next node: a heap by time ----------------------------------------------------------- */

static bool heap_before(const struct model *model, int a, int b)
{
    return model->nodes[model->heap[a]].next < model->nodes[model->heap[b]].next;
}

static void heap_swap(struct model *model, int a, int b)
{
    int node = model->heap[a];
    model->heap[a] = model->heap[b];
    model->heap[b] = node;
    model->nodes[model->heap[a]].place = a;
    model->nodes[model->heap[b]].place = b;
}

void model_settle(struct model *model, int at)
{
    for (; at > 0 && heap_before(model, at, (at - 1) / 2); at = (at - 1) / 2)
        heap_swap(model, at, (at - 1) / 2);
    for (int child; (child = 2 * at + 1) < model->heap_size; at = child) {
        if (child + 1 < model->heap_size && heap_before(model, child + 1, child))
            child++;
        if (!heap_before(model, child, at))
            break;
        heap_swap(model, child, at);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static struct message *message_new(struct model *model)
{
    struct message *message = model->unused;
    if (message != NULL)
        model->unused = message->next;
    else
        message = malloc(sizeof *message);
    model->short_of_memory = model->short_of_memory || message == NULL;
    return message;
}

/* Inserts a message before those that arrive later, of which there are few. */
static void inbox_add(struct node *node, struct message *message)
{
    struct message **at = &node->first;
    if (node->last != NULL && node->last->arrives <= message->arrives)
        at = &node->last->next;
    while (*at != NULL && (*at)->arrives <= message->arrives)
        at = &(*at)->next;
    message->next = *at;
    *at = message;
    if (message->next == NULL)
        node->last = message;
}

static void root_count(struct model *model, int from, int to, size_t bytes, int messages)
{
    const size_t header = 128;
    if (from == to || (from != 0 && to != 0))
        return;
    model->outcome.messages += messages;
    model->outcome.bytes += (int64_t)(bytes + header);
}

/* A node that sleeps until a message arrives finds it at one of its steps. */
static void model_wake(struct model *model, struct node *node, double arrives)
{
    if (node->asleep <= 0)
        return;
    double steps = ceil((arrives - node->cpu) / node->asleep);
    double found = node->cpu + (steps > 1 ? steps : 1) * node->asleep;
    if (found < node->next) {
        node->next = found;
        model_settle(model, node->place);
    }
}

void node_send(struct model *model, int from, int to, struct message sent, size_t bytes,
               int payloads)
{
    const struct cluster *cluster = model->cluster;
    struct node *sender = &model->nodes[from], *receiver = &model->nodes[to];
    struct message *message = message_new(model);
    if (message == NULL)
        return;
    double latency = from == to ? 0 : cluster->latency;
    sender->cpu += cluster->send * (1 + payloads);
    sender->requests += 1 + payloads;
    sent.payloads = payloads;
    if (sender->link_free < sender->cpu)
        sender->link_free = sender->cpu;
    if (from != to)
        sender->link_free += (double)bytes / cluster->bandwidth;
    sent.arrives = sender->cpu + latency;
    sent.payload = sender->link_free + latency;
    *message = sent;
    inbox_add(receiver, message);
    model_wake(model, receiver, message->arrives);
    root_count(model, from, to, bytes, 1 + payloads);
}

struct message *node_next_message(struct node *node, double looks)
{
    struct message *message = node->first;
    if (message == NULL || message->arrives > node->cpu + looks)
        return NULL;
    if (node->cpu < message->arrives)
        node->cpu = message->arrives;
    node->first = message->next;
    if (node->first == NULL)
        node->last = NULL;
    return message;
}

void model_free_message(struct model *model, struct message *message)
{
    message->next = model->unused;
    model->unused = message;
}
