/* What each rank sees of its machine and of how it was started. The doctor looks with the
 * library's own eyes, hence base/ and comm/ here: what it reports is what the library goes by. */
#ifndef RANKPOOL_APPS_DOCTOR_FACTS_H
#define RANKPOOL_APPS_DOCTOR_FACTS_H

#include "base/cpuset.h"

#include <rankpool.h>

enum {
    NAME_SIZE = 64
};

/* A directory in which files are to be made. */
struct directory {
    char path[2 * NAME_SIZE];
    int error;          /* why none can be, an errno, or 0 */
    int64_t size, free; /* bytes */
    bool nameless;      /* files without a name are possible */
};

struct facts {
    char host[NAME_SIZE];
    char machine[NAME_SIZE]; /* the same text on all nodes that are one machine */
    int node;
    struct core_mask mask; /* cores that this rank may use */
    int online;            /* cores that the machine has */
    int node_cores;        /* cores that the ranks of its node may keep busy */
    int node_mask_cores;   /* that would be without the limit of a control group */
    int unreachable;       /* ranks of its node whose memory it may not reach */
    int trace_scope;       /* kernel.yama.ptrace_scope, or -1 */
    int thread_level;
    bool is_root;
    struct directory shared, temporary;
};

/* The facts of all ranks, by rank, on rank 0; NULL elsewhere. Collective. Freed by the caller.
 * Without memory for that little the program is aborted: there is nothing the doctor could do. */
struct facts *facts_gather(const rp_pool *pool);

/* Cores in a mask. */
int facts_count(const struct core_mask *mask);

/* Is rank the first of its machine? And the cores that all ranks of that machine may use
 * together. */
bool facts_first_of_machine(const struct facts *facts, int rank);
struct core_mask facts_machine_mask(const struct facts *facts, int ranks, const char *machine);

#endif
