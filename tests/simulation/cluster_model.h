/* A model of one job on a cluster of many nodes: what the library's policies make of it, event by
 * event, without processes, messages or memory. The policies are the library's own
 * (sched/batch_policy.h, sched/supply_policy.h, base/backoff.h). Around them:
 *
 * - The ranks of a node compute a batch as list scheduling does: each takes a unit whenever it is
 *   idle. All units of a batch take the same time.
 * - Agents take steps at the times that the poll interval gives. A dispatcher is a serial server: a
 *   message that it receives or sends, and a choice, occupy it for a measured time each.
 * - A message arrives after the latency of the links; payloads also occupy the sender's link for
 *   bytes / bandwidth.
 * - With groups, the agent of each group's first node dispatches to its group: to the root it is a
 *   node as fast as the group. It sends a batch's results on when it has all of them. */
#ifndef TESTS_SIMULATION_CLUSTER_MODEL_H
#define TESTS_SIMULATION_CLUSTER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster {
    int nodes, ranks; /* ranks of each node */
    int group;        /* nodes of a group; 0: the root dispatches to all nodes */
    bool threads;     /* agents have threads; otherwise rank 0 takes their steps between items */
    double latency;   /* seconds of a message */
    double bandwidth; /* bytes per second of a node's link */
    double send;      /* seconds to send a message or a payload */
    double test;      /* seconds to test a request of MPI in the step after: of a message or payload
                       * that was sent, or of a payload that comes */
    double receive;   /* seconds to receive a message */
    double payload;   /* seconds to receive a payload */
    double choice;    /* seconds to choose a batch */
    double step;      /* seconds of a step besides: it looks for messages for so long */
};

/* What the nodes do together before and after the batches. */
enum collective {
    NOTHING,
    AGREE,
    BROADCAST, /* a few bytes from the root, in a binomial tree */
    ALLREDUCE, /* a few bytes, by recursive doubling */
    GATHER     /* `gathered` bytes of each node, to the root in a binomial tree */
};

enum {
    COLLECTIVES = 8
};

struct modelled_job {
    double items; /* for each rank */
    double item_seconds;
    double spread;   /* of the durations of items: standard deviation by mean */
    size_t in, out;  /* bytes of an item that travel from and to the root */
    int payloads_in; /* of a batch; of its results */
    int payloads_out;
    size_t gathered;
    enum collective before[COLLECTIVES], behind[COLLECTIVES]; /* NOTHING ends them */
    const struct modelled_job *follows; /* on which nodes enter as they leave that; NULL: at once */
};

struct outcome {
    double seconds;          /* on the root */
    double used;             /* fraction of the ranks' time spent in items */
    int64_t messages, bytes; /* that the root sends or receives */
    double batches;          /* of a node, on average */
};

/* Returns false if out of memory. */
bool model_job(const struct cluster *cluster, const struct modelled_job *job,
               struct outcome *outcome);

#endif
