/* The parts of the model of cluster_model.h. */
#ifndef TESTS_SIMULATION_CLUSTER_PARTS_H
#define TESTS_SIMULATION_CLUSTER_PARTS_H

#include "cluster_model.h"

#include "sched/batch_policy.h"
#include "sched/supply_policy.h"

enum kind {
    REQUEST,
    BATCH,
    RESULT,
    DELIVERED, /* all results of a batch have been sent */
    CLOSED,
    FINISHED,
    OVER
};

struct message {
    struct message *next;
    double arrives, payload; /* time of arrival; of its last payload */
    enum kind kind;
    int consumer;
    uint32_t units;
    int of;       /* the place of the group's batch that the units are from */
    int payloads; /* that follow */
    double speed, seconds;
};

enum {
    BATCHES = 4 /* that a node may hold */
};

/* Units that were requested: in transfer until `ready`, then computed until `ends`, or by a group
 * until all are delivered. */
struct batch {
    bool used, here; /* here: its payloads are, as a step has seen */
    uint32_t units;
    double ready, ends; /* ends 0: not begun */
    int of;
    uint32_t left, delivered; /* of a group: units that no node has got; whose results are here */
    int order;                /* of a group: in which it came */
};

/* Who requests batches: the agent of a node, or the dispatcher of a group. */
struct consumer {
    int node, server; /* where it runs; whom it asks */
    bool group;
    struct throughput speed;
    double guess, delivery, requested_at;
    uint32_t requested, last, issued;
    struct batch batches[BATCHES];
    bool wants;   /* a request waits for units */
    double waits; /* `seconds` of that request */
    int received; /* batches */
    bool closing, finished, dismissed;
};

/* A dispatcher: of the root, or of a group. Its consumers have successive numbers. */
struct server {
    int node, first, consumers, unfinished;
    int own; /* the consumer by which it gets its units; -1: it is the root's */
    struct batch_policy policy;
    uint32_t left; /* on the root */
    bool closed;   /* its consumers have been closed */
};

struct node {
    struct message *first, *last; /* in the order of arrival */
    double *free_at;              /* of each rank */
    double item;                  /* seconds of an item of the last batch */
    double next, heard;           /* times of the next step, of the last message */
    double begun;                 /* time of this step */
    bool between;                 /* its rank 0 takes the step between two items */
    int requests;                 /* of MPI, to test in the next step */
    double asleep;         /* seconds between steps that wait for a message; 0: not waiting */
    double link_free, cpu; /* when its link is free; its agent's clock */
    double over;           /* time of the end of its agent; 0: not yet */
    int agent, dispatcher, server; /* consumers: of the node, of the group; server here; -1: none */
    int place;                     /* in the heap */
};

struct model {
    const struct cluster *cluster;
    const struct modelled_job *job;
    struct node *nodes;
    double *free_at; /* of all ranks */
    double *times;   /* of each node, in agreements; and as many to work with */
    struct consumer *consumers;
    int consumer_count;
    struct server *servers;
    int server_count;
    struct dispatch_node *dispatched;
    int *heap, heap_size;
    int over;
    uint64_t random;
    struct message *unused;
    struct outcome outcome;
    bool short_of_memory;
};

/* Moves the node at this place of the heap to where its time belongs. */
void model_settle(struct model *model, int at);

/* Sends a message and `payloads` payloads of `bytes` in all, at the time of the sender's agent. */
void node_send(struct model *model, int from, int to, struct message sent, size_t bytes,
               int payloads);

/* Receives the next message that arrives while the node's agent looks for one, for `looks` seconds;
 * NULL: none does. */
struct message *node_next_message(struct node *node, double looks);
void model_free_message(struct model *model, struct message *message);

/* Waits by backoff from `now` until a message arrives, or for most_seconds; returns when that
 * ends. */
double await_message(double now, double arrives);
double backoff_seconds(double most_seconds);

/* The ranks of a node get units; returns when they have finished all. */
double node_compute(struct model *model, struct node *node, uint32_t units, double now);

/* Payloads of a batch or its results: the root's own node accesses the arrays themselves. */
int consumer_payloads(const struct consumer *consumer, int payloads);

/* A dispatcher answers a request of a consumer. */
void server_answer(struct model *model, struct server *server, int consumer, double seconds);

/* A group got units: answers the requests that had to wait for them. */
void server_supply(struct model *model, struct server *server);

/* Closes all consumers once nothing is left for any. */
void server_close(struct model *model, struct server *server);

/* The agent of a node takes a step. */
void node_step(struct model *model, struct node *node);

#endif
