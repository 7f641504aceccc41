/* The pool: what joins a world and a schedule. Private to the room pool/. */
#ifndef RANKPOOL_POOL_POOL_H
#define RANKPOOL_POOL_POOL_H

#include "observe/progress.h"
#include "observe/recorder.h"
#include "pool/clocks.h"
#include "pool/doing.h"
#include "pool/interruption.h"
#include "pool/loop_keeping.h"
#include "pool/watch.h"
#include "schedule/claim.h"
#include "schedule/gaps.h"
#include "world/world.h"

#include <pthread.h>

/* A job that is being worked off. It lives in its pool: there is one at a time. */
struct rp_loop {
    rp_pool *pool;
    bool open;
    bool ended; /* rp_loop_next() has returned false */
    struct units units;
    struct claimer claimer;
    struct agent *agent; /* of this node's part in the loop, if this rank has it */
    int agent_at;        /* in rounds: whose place on the node is that of the rank that has it */
    bool dispatched;     /* nodes have agents */
    bool attends;        /* this rank takes the agent's steps */
    bool aside;          /* between two slices there is something to do: one of these,
                            or recording */
    struct loop_keeping keeping;
    bool in_rounds;       /* a loop of the program's own, of which there may be another round */
    struct choice choice; /* of that one */
    rp_options options;
    rp_error over;       /* how its rounds went, when there is none any more */
    double item_seconds; /* that an item may take, in a loop of the program's own; 0: no limit */
    double begun;        /* with a limit: when the slice at hand was; 0: none is */
    rp_range slice;      /* with a limit */
    rp_error late;       /* a slice that was, or RP_OK */
};

/* Memory that rp_alloc() gave out. Every rank has the same list in the same order. */
struct allocation {
    struct allocation *next;
    int64_t number;
    struct node_memory memory;
};

/* What this rank's agents have sent, and the batches they have got, over all jobs: for figures, and
 * for tests; and the messages of collectives for whole nodes. */
struct traffic {
    int64_t letters, bytes;
    int64_t batches; /* that came */
    int64_t bundles; /* messages of collectives for whole nodes */
};

struct bundle;     /* see pool/bundle.h */
struct checkpoint; /* see pool/checkpoint.h */
struct ledger;     /* see schedule/ledger.h */

/* How a job in rounds goes on. */
struct round_terms {
    bool delivers;    /* what comes of the units of other nodes travels to the root */
    bool partial;     /* what comes of them stays with the ranks; `have` says what is there */
    bool keeps_going; /* also when items have failed */
};

/* The rounds of a job: see pool/rounds.h. */
struct rounds {
    struct round_terms terms;
    struct ledger *ledger; /* on the root */
    struct cover have;     /* on the root, of partial results, when a round has ended */
    int number;            /* of the round, from 0 */
    int lost;              /* ranks, when it was last accounted for what is there */
    rp_error worst;        /* what has gone wrong in rounds after which the job went on */
};

struct rp_pool {
    struct world world;
    struct board *board;     /* in node memory */
    struct doings *doings;   /* behind it; */
    struct doing *doing;     /* this rank's */
    struct bundle *bundle;   /* and behind these, for collectives */
    uint32_t bundles_filled; /* how often they came from another node */
    bool directly;           /* collectives do without bundles, whatever the size of their data */
    struct watch watch;
    char *notes;    /* in node memory: see pool/survival.h, as for the next two */
    bool survives;  /* the ranks go on when others than the root die */
    bool in_rounds; /* and on several nodes: see pool/rounds.h */
    struct rounds rounds;
    double survival_silence; /* a node that does not answer for so long is lost there */
    int in_survival;         /* how deep in calls that survive */
    bool finalize;           /* rp_open() initialised MPI, so rp_close() finalises it */
    struct rp_loop loop;
    struct allocation *allocations;
    int64_t allocated;          /* allocations ever made: the number of the next */
    struct node_memory stage;   /* see pool/stage.h */
    struct node_memory station; /* see pool/station.h */
    double silence_seconds;     /* a node that is silent for so long is lost; 0: none is */
    bool agent_threads;         /* agents have threads; otherwise their ranks take their steps */
    struct traffic traffic;
    struct rp_task *task;    /* of the job at hand, if the library calls the program's function */
    pthread_t worker;        /* the thread that works on the job at hand */
    rp_pool *guarded_before; /* see pool/crash.h */
    rp_grid *grids;          /* open ones */
    int64_t grids_made;      /* the number of the next */
    struct interruption interruption;
    rp_file *files;                /* open ones */
    int64_t files_made;            /* the number of the next */
    struct checkpoint *checkpoint; /* where work is kept; or NULL */
    struct recorder *recorder;     /* while the program records; or NULL */
    struct progress *progress;     /* on the root, while somebody looks; or NULL */
    struct progress_wish progress_wish;
    struct traffic told; /* the traffic before recording began */
    struct clock_offset recorded_from;
    rp_error last;
};

/* Meets for a call; what comes of it becomes the pool's last error. With a loop open no other call
 * is allowed: RP_ERR_STATE at once. */
rp_status rpi_pool_meet(rp_pool *pool, const struct ballot *ballot);

/* Frees all that rp_alloc() gave out and rp_free() did not take back. Local. */
void rpi_pool_drop_allocations(rp_pool *pool);

/* The number of the allocation that holds `address`, and its offset there if asked for; -1:
 * none. */
int64_t rpi_allocation_find(const rp_pool *pool, const void *address, int64_t *offset);

/* Bytes from `address` to the end of the allocation that holds it; 0: none does. */
size_t rpi_allocation_left(const rp_pool *pool, const void *address);

/* The place in this rank's mapping of an allocation; NULL for number -1. */
char *rpi_allocation_place(const rp_pool *pool, int64_t number, int64_t offset);

/* Are all of these words zero? */
bool rpi_reserved_zero(const uint64_t *words, size_t count);

#endif
