/* The agent of a node: fetches batches and sends their results; on the root it also runs the
 * dispatcher. It runs beside the ranks that compute, in a thread of its own or in steps between the
 * chunks of its rank (RANKPOOL_AGENT=thread or poll), and shares memory with them only through the
 * work queue and the stage, which document who writes each word. From rpi_agent_begin() to
 * rpi_agent_end(), only the thread that takes the steps accesses struct agent. */
#ifndef RANKPOOL_DISTRIB_NODE_AGENT_H
#define RANKPOOL_DISTRIB_NODE_AGENT_H

#include "distrib/batch_server.h"
#include "resilience/heartbeat.h"
#include "sched/batch_policy.h"

#include <pthread.h>

enum batch_state {
    BATCH_NONE,
    BATCH_ARRIVING, /* receiving its inputs into the stage */
    BATCH_OFFERED,  /* its units are in the batch queue of the same number, or in lanes */
    BATCH_SHIPPING  /* sending its results to the root */
};

struct batch {
    enum batch_state state;
    struct unit_range units;
    uint32_t attempt; /* deaths of ranks that held it; more than 0: a batch of suspects */
    int64_t first, items;
    int travelling; /* payload transfers in progress */
};

/* Progress reports from this node to the root. */
struct agent_progress {
    double every, next; /* seconds between reports, 0: none wanted; time of the next report */
    struct unit_range *log_copy; /* scratch space for rpi_progress_counters_read(); owned */
};

struct agent {
    rp_pool *pool;
    struct work_queue *work_queue;
    int64_t job;
    struct channel channel;
    int dispatcher_at;             /* address of the dispatcher in the channel */
    bool survives;                 /* ranks survive deaths: TCP links, rounds */
    struct dispatcher *dispatcher; /* on the root; otherwise NULL */
    struct staging staging;
    struct units units;
    const struct array *arrays;
    int array_count, status_array; /* -1: none */
    uint32_t results, statuses;    /* bit i: array i is sent to the root */
    struct batch batches[BATCH_QUEUES];
    int64_t batches_received;

    struct throughput speed;
    double lasts;         /* seconds until the node runs out of units, as of this step */
    double delivery;      /* seconds from a request to its batch, smoothed */
    double requested_at;  /* time of the last request */
    double heard;         /* time of the last message received */
    int requested;        /* batches requested but not received */
    bool closing, closed; /* MESSAGE_CLOSED was received; the work queue is closed */
    bool exhausted;       /* closed because all units have been issued */
    int deaths_reported;  /* lanes of dead ranks, of those settled */
    bool stop_sent, finish_sent, dismissed; /* dismissed: MESSAGE_OVER was received */
    struct heartbeat heartbeat;
    struct agent_progress progress;
    double lost_at;   /* time at which a node was found to be lost; INFINITY: none is */
    double next_step; /* if the rank takes the steps: time of the next one, */
    uint32_t idle;    /* which comes earlier if the work queue's idle eventcount has moved on */

    bool threaded, over;
    pthread_t thread;
    rp_error error;
};

/* What an agent needs to know about a job. */
struct agent_job {
    const struct array *arrays;
    int count, status_array;       /* -1: none */
    bool status_wanted;            /* by the root */
    const struct staging *staging; /* of this node */
    const struct job *job;
};

/* Creates an agent if this rank may lead its node; otherwise *agent is NULL. Where ranks survive
 * deaths, several ranks of a node create one: see rpi_agent_elect(). */
rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error);

/* Frees an agent that was not begun. */
void rpi_agent_drop(struct agent *agent);

/* Returns the agent if this rank leads its node; otherwise drops it and returns NULL. Call once all
 * ranks have agreed to begin the job. */
struct agent *rpi_agent_elect(struct agent *agent);

/* Starts the agent. Call once all ranks have agreed to begin the job. */
void rpi_agent_begin(struct agent *agent);

/* Takes a step if one is due. Returns the seconds until the next. For a rank that takes the steps
 * itself. */
double rpi_agent_attend(struct agent *agent);

/* Sleeps until the agent has nothing more to do for the job, that is, the node's work queue is
 * done or stopped, and frees it. Puts the agent's error into the vote for the agreement that
 * ends the job, unless the vote has one; the loss of a node takes precedence. Returns whether
 * all units of the job were issued and this node finished its part. */
bool rpi_agent_end(struct agent *agent, struct vote *vote);

/* ---- internal ------------------------------------------------------------------------------- */

/* Functions that return int return an MPI error code, except rpi_agent_batch_count(). */

/* The parts of a step. Each does what is due. */
int rpi_agent_read_messages(struct agent *agent);
int rpi_agent_check_peers(struct agent *agent); /* where ranks survive deaths */
int rpi_agent_advance(struct agent *agent);     /* moves batches to their next state */
int rpi_agent_estimate(struct agent *agent);    /* updates `lasts` */
int rpi_agent_send_stop(struct agent *agent);
int rpi_agent_send_deaths(struct agent *agent);
int rpi_agent_request_batch(struct agent *agent);
int rpi_agent_send_progress(struct agent *agent);
int rpi_agent_send_finish(struct agent *agent);
int rpi_agent_watch_heartbeats(struct agent *agent); /* sends heartbeats, detects lost nodes */

/* Returns the number of batches in this state. */
int rpi_agent_batch_count(const struct agent *agent, enum batch_state state);

/* Sends a message to the dispatcher. */
int rpi_agent_send(struct agent *agent, struct agent_message message);

/* On the root: requests progress reports from the agent at that address, or from all other nodes,
 * if progress is displayed. */
int rpi_agent_request_progress(struct agent *agent, int address);
int rpi_agent_request_progress_of_all(struct agent *agent);

/* Handles a progress message: on the root a report, elsewhere a request for reports. */
void rpi_agent_read_progress(struct agent *agent, int node, const struct agent_message *message);

/* Records that `node` is lost, and stops the job on this node. */
void rpi_agent_lose(struct agent *agent, int node);

#endif
