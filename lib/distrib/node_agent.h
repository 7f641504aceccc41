/* The agent: the part of a node that fetches batches and ships results, on the root together with
 * the dispatcher. It runs beside the ranks that compute, either in a thread of its own or in steps
 * between the chunks of its rank (RANKPOOL_AGENT=thread or poll), and touches what they touch only
 * through the work queue and the stage, whose words say who writes them. Everything in struct agent
 * belongs to whoever takes the steps, from rpi_agent_begin() to rpi_agent_end(). */
#ifndef RANKPOOL_DISTRIB_NODE_AGENT_H
#define RANKPOOL_DISTRIB_NODE_AGENT_H

#include "distrib/batch_server.h"
#include "resilience/heartbeat.h"
#include "sched/throughput.h"

#include <pthread.h>

/* What becomes of a batch. */
enum batch_state {
    BATCH_NONE,
    BATCH_ARRIVING, /* its inputs are on their way into the stage */
    BATCH_OFFERED,  /* its units are in the batch queue of the same number, or in lanes */
    BATCH_SHIPPING  /* its results are on their way to the root */
};

struct batch {
    enum batch_state state;
    struct unit_range units;
    uint32_t attempt; /* how often ranks died with it in hand */
    int64_t first, items;
    int travelling; /* payloads on their way */
};

/* Progress reports from this node to the root. */
struct agent_progress {
    double every, next; /* seconds between messages, 0: none are wanted; when the next is due */
    struct unit_range *log_copy; /* scratch space for rpi_progress_counters_read() */
};

struct agent {
    rp_pool *pool;
    struct work_queue *work_queue;
    int64_t job;
    struct channel channel;
    int dispatcher_at;             /* where messages to the dispatcher go */
    bool survives;                 /* by TCP links, and in rounds */
    struct dispatcher *dispatcher; /* on the root */
    struct staging staging;
    struct units units;
    const struct array *arrays;
    int array_count, status_array; /* -1: none */
    uint32_t results, statuses;    /* bit i: array i is shipped */
    struct batch batches[RESERVOIRS];
    int64_t batches_come;

    struct throughput speed;
    double lasts;         /* seconds for which the node has enough to do, as of this step */
    double delivery;      /* seconds from a request to its batch, smoothed */
    double asked;         /* when the last was sent */
    double heard;         /* when a message last came */
    int requested;        /* batches asked for that have not come */
    bool closing, closed; /* no more will come; the work queue knows */
    bool exhausted;       /* because all has been handed out */
    int deaths_told;      /* lanes whose ranks died, of those that were settled */
    bool stop_told, finish_told, dismissed; /* dismissed: its MESSAGE_OVER has come */
    struct heartbeat heartbeat;
    struct agent_progress news; /* how far its node is, for those who look */
    double lost_at;             /* when a node was found to be lost; INFINITY: none is */
    double next_step;           /* when to take the next step, if the rank takes them; */
    uint32_t idle;              /* or when another word of an idle rank has come than this */

    bool threaded, over;
    pthread_t thread;
    rp_error error;
};

/* What an agent needs to know of a job. */
struct agent_job {
    const struct array *arrays;
    int count, status_array;       /* -1: none */
    bool status_wanted;            /* by the root */
    const struct staging *staging; /* of this node */
    const struct job *job;
};

/* Makes the agent of this node, if this rank is the one to have it: *agent is NULL otherwise. Where
 * ranks survive, every rank that may be the one makes one: see rpi_agent_elect(). */
rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error);

/* Frees an agent that was not begun. */
void rpi_agent_drop(struct agent *agent);

/* When all ranks have agreed to begin the job: the agent, if this rank is the one to have it;
 * otherwise it is dropped. */
struct agent *rpi_agent_elect(struct agent *agent);

/* Begins its work, when all ranks have agreed to begin the job. */
void rpi_agent_begin(struct agent *agent);

/* Takes a step if it is time. Returns after how many seconds it wants to take the next. For a rank
 * that takes the steps itself. */
double rpi_agent_attend(struct agent *agent);

/* Waits, asleep, until the agent has nothing more to do for the job: the work queue of its node is done
 * or stopped. Then frees it. What went wrong with it goes into the vote for the agreement that ends
 * the job, unless that tells of something already. Returns whether this node has done its part of a
 * job of which all was handed out. */
bool rpi_agent_end(struct agent *agent, struct vote *vote);

/* ---- within the agent ------------------------------------------------------------------------ */

/* All that return an int return MPI's error code, but for rpi_agent_places(). */

/* What a step consists of. Each does, or tells, what is due. */
int rpi_agent_read_messages(struct agent *agent);
int rpi_agent_look_after_others(struct agent *agent);
int rpi_agent_advance(struct agent *agent);  /* its batches */
int rpi_agent_estimate(struct agent *agent); /* how long what the node has will last */
int rpi_agent_send_stop(struct agent *agent);
int rpi_agent_send_deaths(struct agent *agent);
int rpi_agent_ask(struct agent *agent); /* for batches: as many as there is room for */
int rpi_agent_send_progress(struct agent *agent);
int rpi_agent_send_finish(struct agent *agent);
int rpi_agent_watch_heartbeats(
    struct agent *agent); /* gives signs of life, and notices who gives none */

/* How many batches are in this state. */
int rpi_agent_places(const struct agent *agent, enum batch_state state);

/* Writes the dispatcher a message. */
int rpi_agent_send(struct agent *agent, struct agent_message message);

/* Asks who writes for a node, or for each of the other nodes, for news, if somebody looks. */
int rpi_agent_request_progress(struct agent *agent, int address);
int rpi_agent_request_progress_of_all(struct agent *agent);

/* Acts on a progress message: on the root a report, elsewhere the request for reports. */
void rpi_agent_read_progress(struct agent *agent, int node, const struct agent_message *message);

/* Nothing more can come of the job, because `node` is lost. */
void rpi_agent_lose(struct agent *agent, int node);

#endif
