/* The agent of a node: fetches batches and sends their results over its node link; on the root, and
 * on a node that leads a group, it also runs a dispatcher. It runs beside the ranks that compute,
 * and shares memory with them only through the work queue and the stage, which document who writes
 * each word. From rpi_agent_begin() to rpi_agent_end(), only the thread that takes the link's steps
 * accesses struct agent. */
#ifndef RANKPOOL_DISTRIB_NODE_AGENT_H
#define RANKPOOL_DISTRIB_NODE_AGENT_H

#include "distrib/batch_client.h"
#include "distrib/batch_server.h"

/* Progress reports from this node to the root. */
struct agent_progress {
    double every, next; /* seconds between reports, 0: none wanted; time of the next report */
    struct unit_range *log_copy; /* scratch space for rpi_progress_counters_read(); owned */
};

struct group_leader; /* see distrib/group_leader.h */

struct agent {
    struct node_link link; /* to the dispatcher, and of a dispatcher to all agents that it serves */
    rp_pool *pool;
    struct work_queue *work_queue;
    struct batch_client client;
    struct dispatcher *dispatcher; /* on the root; otherwise NULL */
    struct group_leader *group;    /* if this node leads a group; otherwise NULL */

    struct throughput speed;
    double guess;     /* units per second, or what the first units or the program suggest */
    double declared;  /* units per second by the durations that the program expects; 0: unknown */
    double lasts;     /* seconds until the node runs out of units, as of this step */
    uint32_t cleared; /* units that MESSAGE_CLEAR has reported as finished */
    struct agent_progress progress;
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

/* Sleeps until the agent has nothing more to do for the job, that is, the node's work queue is
 * done or stopped, and frees it. Puts the agent's error into the vote for the agreement that
 * ends the job, unless the vote has one; the loss of a node takes precedence. Returns whether
 * all units of the job were issued and this node finished its part. */
bool rpi_agent_end(struct agent *agent, struct vote *vote);

/* ---- internal ------------------------------------------------------------------------------- */

/* Functions that return int return an MPI error code. */

extern const struct batch_client_ops rpi_node_batches;

/* The parts of a step. Each does what is due. */
int rpi_agent_advance(struct agent *agent);  /* moves batches to their next state */
int rpi_agent_estimate(struct agent *agent); /* updates `lasts` */
int rpi_agent_send_deaths(struct agent *agent);
int rpi_agent_request_batch(struct agent *agent);
int rpi_agent_send_clear(struct agent *agent);
int rpi_agent_send_progress(struct agent *agent);
int rpi_agent_send_finish(struct agent *agent);

/* Sends a message of this kind to the dispatcher. */
int rpi_agent_send(struct agent *agent, enum agent_message_kind kind, struct agent_message message);

/* The last message of the node, or of the group that it leads. */
struct agent_message rpi_agent_finished(struct agent *agent);

/* On the root: requests progress reports from a node, or from all other nodes that have registered,
 * if progress is displayed. */
int rpi_agent_request_progress(struct agent *agent, int node);
int rpi_agent_request_progress_of_all(struct agent *agent);

/* Handles a progress message: a report about a node, or a request for reports. The leader of a
 * group passes it on. */
int rpi_agent_read_progress(struct agent *agent, int from, const struct agent_message *message);

#endif
