/* The trees of the Unbalanced Tree Search benchmark (Olivier, Huan, Liu, Prins, Dinan, Sadayappan
 * and Tseng: UTS, an unbalanced tree search benchmark, LCPC 2006). The number of children of a node
 * follows from a SHA-1 hash, its state, and so do the states of its children: no program can know
 * how large a subtree is before it has searched it. */
#ifndef RANKPOOL_APPS_TREES_UTS_H
#define RANKPOOL_APPS_TREES_UTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    UTS_STATE = 20,          /* bytes */
    UTS_MOST_CHILDREN = 100, /* of a node, unless it is the root of a binomial tree */
    UTS_LEVELS = 512         /* whose numbers of children are tabulated */
};

enum uts_type {
    UTS_BINOMIAL,
    UTS_GEOMETRIC,
    UTS_HYBRID, /* geometric above, binomial below */
    UTS_TYPES
};

/* How the expected number of children of a geometric tree depends on the level. */
enum uts_shape {
    UTS_LINEAR,
    UTS_EXPONENTIAL,
    UTS_CYCLIC,
    UTS_FIXED,
    UTS_SHAPES
};

struct uts {
    enum uts_type type;
    enum uts_shape shape;
    double branching;             /* expected children of the root */
    uint64_t depth;               /* of a geometric tree */
    uint64_t root;                /* seed of the root's state */
    double probability;           /* that a node of a binomial tree has children */
    uint64_t children;            /* that it then has */
    double shift;                 /* part of `depth` that is geometric, in a hybrid tree */
    double log_leave[UTS_LEVELS]; /* by level: set by uts_begin() */
};

struct uts_node {
    uint8_t state[UTS_STATE];
    int32_t level;
};

/* Was this program built with a library for SHA-1? If not, nothing below may be called. */
bool uts_supported(void);

/* The benchmark's defaults; and one of its named trees, as "T1": false if there is none. */
struct uts uts_default(void);
bool uts_named(const char *name, struct uts *uts);

/* Call it when all parameters are set. */
void uts_begin(struct uts *uts);

void uts_root(const struct uts *uts, struct uts_node *root);
int uts_children(const struct uts *uts, const struct uts_node *node);
void uts_child(const struct uts_node *parent, int number, struct uts_node *child);

#endif
