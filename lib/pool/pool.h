/* The pool: its world, the job in progress, and what each module keeps for it. Private to the
 * library. */
#ifndef RANKPOOL_POOL_POOL_H
#define RANKPOOL_POOL_POOL_H

#include "comm/topology.h"
#include "engine/save_loop.h"
#include "sched/claim.h"

#include <pthread.h>

/* The job in progress. It is part of its pool, which has one at a time. */
struct rp_loop {
    rp_pool *pool;
    bool open;
    bool ended;  /* rp_loop_next() has returned false */
    bool enough; /* this rank has said that the job has found enough */
    struct units units;
    struct claimer claimer;
    struct agent *agent; /* this node's, if this rank runs it */
    int agent_at;        /* the node rank that leads the node, and runs its agent */
    bool dispatched;     /* nodes have agents */
    claim_attend attend; /* runs a step of the agent if this rank has to; or NULL */
    /* there is work between two chunks: an agent's step, a time limit, checkpoints or recording */
    bool aside;
    struct loop_saving saving;
    bool more_rounds;              /* a user-driven loop, which may have another round */
    struct schedule_choice choice; /* of the user-driven loop */
    rp_options options;
    rp_error over;        /* the result of its rounds after the last one */
    double item_seconds;  /* time limit of an item in a user-driven loop; 0: none */
    double begun;         /* with a limit: start of the current chunk; 0: no chunk */
    rp_range chunk;       /* with a limit: the current chunk */
    rp_error late;        /* the error of a chunk that exceeded the limit, or RP_OK */
    struct rp_task *task; /* if the library calls the program's function */
    pthread_t worker;     /* the thread that works on the job */
};

/* Memory from rp_node_alloc(). Every rank has the same list in the same order. */
struct allocation {
    struct allocation *next;
    int64_t number;
    struct node_memory memory;
};

/* Messages that this rank's agents have sent, and batches that they have received, over all jobs;
 * and messages of collectives that carry the data of a whole node. For statistics and tests. */
struct traffic {
    int64_t messages, bytes;
    int64_t batches;    /* received */
    int64_t aggregates; /* messages of collectives for whole nodes */
};

/* Callbacks of a higher module before and after the agreement on a call. Either may be NULL. If
 * `before` fails, this rank votes its error. */
struct agreement_hook {
    rp_status (*before)(rp_pool *pool, enum call call, rp_error *error);
    void (*after)(rp_pool *pool, enum call call, rp_status agreed);
};

/* The modules that may have a hook, in the order of `before`; `after` runs in reverse order. */
enum agreement_hook_of {
    HOOK_OF_GRIDS,
    HOOK_OF_SURVIVAL,
    HOOK_OF_WATCHDOG,
    HOOK_OF_RECORDER,
    HOOK_OF_CHECKPOINT,
    AGREEMENT_HOOKS
};

/* Node memory that calls of the pool share. Where ranks survive, the last two are reserved when the
 * pool is opened. */
struct pool_memory {
    struct allocation *allocations;
    int64_t allocated;             /* allocations ever made: the number of the next one */
    struct node_memory stage;      /* see data/staging.h; on one node, deques of worklists */
    struct node_memory slot_queue; /* see stream/slot_queue.h */
};

struct channel;
struct peer;

/* What the ranks do together other than agree: by MPI or, where they survive deaths, without it.
 * Chosen when the pool is opened, so that callers never ask. */
struct pool_ops {
    /* The ranks of a node other than the root's elect its leader when a job begins. Otherwise the
     * first leads it. */
    bool elects;
    /* The node rank of the leader of this node, once all ranks have agreed to begin. */
    int (*leader)(const rp_pool *pool);
    rp_status (*memory_grow)(rp_pool *pool, size_t bytes, struct node_memory *memory,
                             rp_error *error);
    /* Agrees as rpi_pool_agree_prepared(), then stores in `all`, by rank, what the ranks of this
     * node and the root passed: `bytes` each, at most MAILBOX_BYTES. */
    rp_status (*share)(rp_pool *pool, const void *mine, size_t bytes, void *all);
    /* Can this rank access the private memory of another of its node? */
    bool (*reachable)(const struct peer *peer);
    /* Sets each flag that any rank has set because a rank was not reachable. */
    rp_status (*any)(rp_pool *pool, int *flags, int count);
    /* Opens a channel between the leaders of the nodes. */
    rp_status (*open_channel)(struct world *world, size_t message_bytes, struct channel **channel,
                              rp_error *error);
};

extern const struct pool_ops rpi_pool_by_mpi;

struct rp_pool {
    size_t bytes; /* of the pool and what the modules keep, behind it */
    struct world world;
    /* Chosen when the pool is opened: */
    const struct pool_ops *ops;
    bool check;               /* see diag/check.h */
    bool survives;            /* the ranks go on when others than the root die */
    bool in_rounds;           /* survives, on several nodes: see resilience/rounds.h */
    bool finalize;            /* rp_open() initialised MPI, so rp_close() finalises it */
    bool agent_threads;       /* agents run in threads; otherwise their ranks run their steps */
    double heartbeat_timeout; /* a node that is silent for this long is lost; 0: no limit, as where
                                 links report deaths */
    double survival_timeout;  /* the same, for links */
    /* The state of the job in progress, and of each module: */
    struct work_queue *work_queue; /* in node memory */
    struct rp_loop loop;
    struct pool_memory memory;
    struct traffic traffic;
    struct collectives *collectives; /* see collective/collective.h */
    struct grids *grids;             /* see grid/grid.h */
    struct checkpoint *checkpoint;   /* see checkpoint/checkpoint.h; NULL: none is open */
    struct diagnosis *diag;          /* see diag/diagnosis.h */
    struct survival *survival;       /* see resilience/survival.h */
    struct observation *observe;     /* see observe/hooks.h */
    const struct agreement_hook *hooks[AGREEMENT_HOOKS]; /* NULL while the module is not in use */
    int64_t
        enough; /* 1 + the lowest item at which a rank said that the last job has found enough */
    rp_error last;
};

/* Does this rank lead its node, that is, communicate with other nodes for it? Valid once all ranks
 * have agreed to begin a job. */
static inline bool leads_node(const rp_pool *pool)
{
    return pool->ops->leader(pool) == pool->world.node_rank;
}

/* May this rank become the leader of its node? */
static inline bool may_lead_node(const rp_pool *pool)
{
    bool elects = pool->ops->elects && pool->world.node != pool->world.root_node;
    return elects || leads_node(pool);
}

/* Makes the ranks agree on a call; the outcome becomes the pool's last error. While a loop is open,
 * any call that does not end it fails at once with RP_ERR_STATE. */
rp_status rpi_pool_agree(rp_pool *pool, const struct vote *vote);

/* This rank has found enough at `item`: stops the node's ranks, and its agent the others. */
void rpi_pool_enough(rp_pool *pool, int64_t item);

/* Votes that the job, which the agreement ends, has found enough at `item`. Unless a rank reports
 * an error, the agreement then succeeds, and pool->enough has the lowest such item of all ranks. */
void rpi_enough_vote(struct vote *vote, int64_t item);

/* Makes the ranks agree on pool->last: if a rank has an error there, all get one. Ends the part
 * of a call in which each rank prepares by itself. */
rp_status rpi_pool_agree_prepared(rp_pool *pool);

/* For a public function that was given NULL for `argument` and so has no pool to keep the error:
 * sets the text for rp_last_error(NULL). Returns RP_ERR_ARGUMENT. */
rp_status rpi_refuse_null(const char *function, const char *argument);

/* RP_OK; or RP_ERR_STATE if a job or loop is in progress, so that no call on the pool is allowed,
 * with this rank's position in it as the pool's last error. */
rp_status rpi_pool_check_idle(rp_pool *pool);

/* Grows the stage or the slot queue to this size if it is smaller; the previous contents may be
 * lost. Collective among the ranks of the node, which all get the same status; where ranks survive,
 * among all ranks of the pool: each passes the bytes that its node needs, and all get the same
 * error. An earlier error of this rank in *error is kept, and there goes to all. */
static inline rp_status pool_memory_grow(rp_pool *pool, size_t bytes, struct node_memory *memory,
                                         rp_error *error)
{
    return pool->ops->memory_grow(pool, bytes, memory, error);
}

/* Frees all memory from rp_node_alloc() that rp_node_free() did not free. Local. */
void rpi_pool_drop_allocations(rp_pool *pool);

/* The number of the allocation that holds `address`, and the offset in it if requested; or -1. */
int64_t rpi_allocation_find(const rp_pool *pool, const void *address, int64_t *offset);

/* Bytes from `address` to the end of the allocation that holds it; 0: no allocation does. */
size_t rpi_allocation_left(const rp_pool *pool, const void *address);

/* The address in this rank's mapping of an allocation; NULL for number -1. */
char *rpi_allocation_place(const rp_pool *pool, int64_t number, int64_t offset);

/* The pool's internal node memory, one piece per index; NULL: no more. Async-signal-safe. */
const struct node_memory *rpi_pool_memory(const rp_pool *pool, int index);

/* Does this range overlap the pool, its node memory or the adjoining pages? Then the program's
 * array is shorter than the program says. */
bool rpi_pool_overlaps(const rp_pool *pool, const void *address, size_t bytes);

/* last_error.c: the last error of calls without a pool to keep it: of rp_open() and rp_open_comm(),
 * and of functions that were given NULL. Each thread has its own. For rp_last_error(NULL). */
rp_error *rpi_last_open(void);

/* Sets whether rp_report(NULL) prints it on this rank. */
void rpi_last_open_reports(bool reports);

#endif
