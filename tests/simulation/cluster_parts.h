/* The parts of the model of cluster_model.h. */
#ifndef TESTS_SIMULATION_CLUSTER_PARTS_H
#define TESTS_SIMULATION_CLUSTER_PARTS_H

#include "cluster_model.h"

#include "sched/batch_policy.h"
#include "sched/supply_policy.h"

enum kind {
    REQUEST,
    BATCH,
    RESULT, /* or another message of which only the cost matters */
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
    double speed, seconds;
};

enum {
    BATCHES = 4 /* that a node may hold */
};

/* Units that were requested: in transfer until `ready`, then computed until `ends`. */
struct batch {
    bool used;
    uint32_t units;
    double ready, ends; /* ends 0: not begun */
};

/* Who requests batches: the agent of a node, or the dispatcher of a group. */
struct consumer {
    int node, server; /* where it runs; whom it asks */
    bool group;
    struct throughput speed;
    double guess, delivery, requested_at;
    uint32_t requested, last, issued;
    struct batch batches[BATCHES];
    double wants; /* seconds of a request that has to wait for units; 0: none */
    bool closing, finished, dismissed;
};

/* A dispatcher: of the root, or of a group. Its consumers have successive numbers. */
struct server {
    int node, first, consumers, unfinished;
    int own; /* the consumer by which it gets its units; -1: it is the root's */
    struct batch_policy policy;
    uint32_t left;
    bool closed; /* its consumers have been closed */
};

struct node {
    struct message *first, *last; /* in the order of arrival */
    double *free_at;              /* of each rank */
    double item;                  /* seconds of an item of the last batch */
    double next, heard;           /* times of the next step, of the last message */
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

/* Receives the next message that has arrived by the time of the node's agent; NULL: none has. */
struct message *node_next_message(struct node *node);
void model_free_message(struct model *model, struct message *message);

/* Waits by backoff from `now` until a message arrives, or for most_seconds; returns when that
 * ends. */
double await_message(double now, double arrives);
double backoff_seconds(double most_seconds);

/* The ranks of a node get units; returns when they have finished all. */
double node_compute(struct model *model, struct node *node, uint32_t units, double now);

/* A dispatcher answers a request of a consumer. */
void server_answer(struct model *model, struct server *server, int consumer, double seconds);

/* The agent of a node takes a step. */
void node_step(struct model *model, struct node *node);

#endif
