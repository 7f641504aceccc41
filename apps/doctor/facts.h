/* Facts that each rank collects about its machine and its launch. The doctor uses the library's own
 * functions, hence base/ and comm/ here: it reports what the library relies on. */
#ifndef RANKPOOL_APPS_DOCTOR_FACTS_H
#define RANKPOOL_APPS_DOCTOR_FACTS_H

#include "base/cpuset.h"

#include <rankpool.h>

enum {
    NAME_SIZE = 64
};

/* A directory for files. */
struct directory {
    char path[2 * NAME_SIZE];
    int error;          /* 0, or the errno of an attempt to make one */
    int64_t size, free; /* bytes */
    bool nameless;      /* files without a name are possible */
};

struct facts {
    char host[NAME_SIZE];
    char machine[NAME_SIZE]; /* the same text on all nodes that are on one machine */
    int node;
    struct core_mask mask; /* cores that this rank may use */
    int online;            /* cores that the machine has */
    int node_cores;        /* cores that the ranks of its node may use in all */
    int node_mask_cores;   /* the same without the limit of a control group */
    int unreachable;       /* ranks of its node whose memory it cannot access */
    int trace_scope;       /* kernel.yama.ptrace_scope, or -1 */
    int thread_level;
    bool is_root;
    bool localhost_unknown; /* the name localhost has no address */
    struct directory shared, temporary;
};

/* The facts of all ranks, by rank, on rank 0; NULL elsewhere. Collective. Freed by the caller.
 * Aborts the program if there is no memory for that little: the doctor could do nothing. */
struct facts *facts_gather(const rp_pool *pool);

/* Number of cores in a mask. */
int facts_count(const struct core_mask *mask);

/* Whether the rank is the first of its machine; the number of cores that all ranks of that machine
 * may use together. */
bool facts_first_of_machine(const struct facts *facts, int rank);
struct core_mask facts_machine_mask(const struct facts *facts, int ranks, const char *machine);

#endif
