/* Batch client: requests batches from a dispatcher, receives their inputs, and sends the results
 * when a batch is finished. There are two: of a node, whose ranks compute the batches
 * (distrib/node_batches.c), and of a group, whose dispatcher divides them among nodes
 * (distrib/group_leader.c). Each defines what becomes of a batch in between. */
#ifndef RANKPOOL_DISTRIB_BATCH_CLIENT_H
#define RANKPOOL_DISTRIB_BATCH_CLIENT_H

#include "data/staging.h"
#include "distrib/message.h"
#include "engine/job.h"
#include "sched/supply_policy.h"

enum batch_state {
    BATCH_NONE,
    BATCH_ARRIVING, /* receiving its inputs into the stage */
    BATCH_OFFERED,  /* its units are with ranks or nodes, or can be taken by them */
    BATCH_SHIPPING  /* sending its results to the dispatcher */
};

struct batch {
    enum batch_state state;
    struct unit_range units;
    uint32_t attempt; /* deaths of ranks that held it; more than 0: a batch of suspects */
    int64_t first, items;
    double came_at;     /* its message */
    int travelling;     /* payload transfers in progress */
    uint32_t delivered; /* of a group: units of which the nodes have sent all results */
};

struct batch_client;

/* Functions that return int return an MPI error code. */
struct batch_client_ops {
    /* Fills in the units that the client has, and its speed. */
    void (*supply)(const struct batch_client *client, struct supply *supply);
    /* Is there room to record another batch? May be NULL. */
    bool (*has_room)(const struct batch_client *client);
    /* Before results are sent: completes the statuses of the items. May be NULL. */
    void (*mark)(struct batch_client *client, int place);
    /* The batch has arrived; no one accesses it any more; its results are sent. */
    int (*offer)(struct batch_client *client, int place);
    bool (*used_up)(const struct batch_client *client, int place);
    void (*forget)(struct batch_client *client, int place);
    /* No more batches come. */
    int (*close)(struct batch_client *client);
};

/* What an agent needs to know about a job. */
struct agent_job {
    const struct array *arrays;
    int count, status_array;       /* -1: none */
    bool status_wanted;            /* by the root */
    const struct staging *staging; /* of this node */
    const struct job *job;
};

struct batch_client {
    const struct batch_client_ops *ops;
    struct node_link *link;
    int server; /* the node whose dispatcher it asks */
    struct units units;
    const struct array *arrays;
    int array_count, status_array; /* -1: none */
    uint32_t results, statuses;    /* bit i: array i is sent to the dispatcher */
    struct staging staging;
    char *stage; /* the batches' elements; see data/staging.h */
    struct batch batches[BATCH_QUEUES];
    int64_t batches_received;
    double delivery;      /* seconds from a request to its batch, smoothed */
    double transfer;      /* seconds from a batch until its inputs have arrived, smoothed */
    double requested_at;  /* time of the last request */
    int requested;        /* batches requested but not received */
    uint32_t last_units;  /* in the last batch */
    bool closing, closed; /* LINK_CLOSED was received; and no batch is arriving */
    bool exhausted;       /* closed because all units have been issued */
};

/* Starts a client that asks the dispatcher of node `server`, with the staging of a node. */
void rpi_batch_client_init(struct batch_client *client, const struct batch_client_ops *ops,
                           struct node_link *link, int server, const struct agent_job *job);

/* Are results sent, with the statuses of all items? */
static inline bool batch_client_delivers(const struct batch_client *client)
{
    return client->status_array >= 0 && client->staging.staged[client->status_array];
}

/* Returns the number of batches in this state; the place of one, or -1. */
int rpi_batch_count(const struct batch_client *client, enum batch_state state);
int rpi_batch_find(const struct batch_client *client, enum batch_state state);

/* The address of an element, counted from the first of the batch, of array `index`. */
char *rpi_batch_element(const struct batch_client *client, int place, int index, int64_t element);

/* Handle MESSAGE_BATCH and LINK_CLOSED from the dispatcher. */
int rpi_batch_accept(struct batch_client *client, const struct agent_message *message);
void rpi_batch_close_supply(struct batch_client *client, const struct agent_message *message);

/* Moves batches to their next state. */
int rpi_batch_advance(struct batch_client *client);

/* Returns what the client has, and what is on its way. */
struct supply rpi_batch_supply(const struct batch_client *client);

/* Requests a batch, if one is due. `speed`: units per second; 0: unknown. */
int rpi_batch_request(struct batch_client *client, double speed);

/* Arrays whose elements come with batches. */
uint32_t rpi_batch_inputs(const struct batch_client *client);

#endif
