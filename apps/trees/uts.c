#include "trees/uts.h"

#include <math.h>
#include <nettle/sha1.h>
#include <string.h>

/* ---- parameters ------------------------------------------------------------------------------ */

bool uts_supported(void)
{
    return true;
}

struct uts uts_default(void)
{
    return (struct uts){.type = UTS_GEOMETRIC,
                        .branching = 4,
                        .depth = 6,
                        .probability = 15.0 / 64,
                        .children = 4,
                        .shift = 0.5};
}

/* The benchmark's sample trees. */
static const struct {
    const char *name;
    struct uts uts;
} named[] = {
    {"T1", {UTS_GEOMETRIC, UTS_FIXED, 4, 10, 19, 0, 0, 0, {0}}},
    {"T2", {UTS_GEOMETRIC, UTS_CYCLIC, 6, 16, 502, 0, 0, 0, {0}}},
    {"T3", {UTS_BINOMIAL, UTS_LINEAR, 2000, 0, 42, 0.124875, 8, 0, {0}}},
    {"T4", {UTS_HYBRID, UTS_LINEAR, 6, 16, 1, 0.234375, 4, 0.5, {0}}},
    {"T5", {UTS_GEOMETRIC, UTS_LINEAR, 4, 20, 34, 0, 0, 0, {0}}},
    {"T1L", {UTS_GEOMETRIC, UTS_FIXED, 4, 13, 29, 0, 0, 0, {0}}},
    {"T2L", {UTS_GEOMETRIC, UTS_CYCLIC, 7, 23, 220, 0, 0, 0, {0}}},
    {"T3L", {UTS_BINOMIAL, UTS_LINEAR, 2000, 0, 7, 0.200014, 5, 0, {0}}},
    {"T1XL", {UTS_GEOMETRIC, UTS_FIXED, 4, 15, 29, 0, 0, 0, {0}}},
    {"T1XXL", {UTS_GEOMETRIC, UTS_FIXED, 4, 15, 19, 0, 0, 0, {0}}},
    {"T3XXL", {UTS_BINOMIAL, UTS_LINEAR, 2000, 0, 316, 0.499995, 2, 0, {0}}},
};

bool uts_named(const char *name, struct uts *uts)
{
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (strcmp(name, named[i].name) == 0) {
            *uts = named[i].uts;
            return true;
        }
    }
    return false;
}

/* Expected number of children on a level of a geometric tree. */
static double uts_expected(const struct uts *uts, int level)
{
    const double pi = 3.141592653589793; /* as the benchmark has it */
    double depth = (double)uts->depth, at = level;
    if (level == 0)
        return uts->branching;
    switch (uts->shape) {
    case UTS_EXPONENTIAL:
        return uts->branching * pow(at, -log(uts->branching) / log(depth));
    case UTS_CYCLIC:
        return at > 5 * depth ? 0 : pow(uts->branching, sin(2 * pi * at / depth));
    case UTS_FIXED:
        return at < depth ? uts->branching : 0;
    default:
        return uts->branching * (1 - at / depth);
    }
}

/* The logarithm of the probability that a node on this level has one child more than it has. */
static double uts_log_leave(const struct uts *uts, int level)
{
    return log(1 - 1 / (1 + uts_expected(uts, level)));
}

void uts_begin(struct uts *uts)
{
    for (int level = 0; level < UTS_LEVELS; level++)
        uts->log_leave[level] = uts_log_leave(uts, level);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void put_big_endian(uint8_t bytes[4], uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void uts_hash(const uint8_t *bytes, size_t length, uint8_t state[UTS_STATE])
{
    struct sha1_ctx sha1;
    sha1_init(&sha1);
    sha1_update(&sha1, length, bytes);
    sha1_digest(&sha1, UTS_STATE, state);
}

void uts_root(const struct uts *uts, struct uts_node *root)
{
    uint8_t seed[UTS_STATE] = {0};
    put_big_endian(seed + 16, (uint32_t)uts->root);
    uts_hash(seed, sizeof seed, root->state);
    root->level = 0;
}

void uts_child(const struct uts_node *parent, int number, struct uts_node *child)
{
    uint8_t bytes[UTS_STATE + 4];
    memcpy(bytes, parent->state, UTS_STATE);
    put_big_endian(bytes + UTS_STATE, (uint32_t)number);
    uts_hash(bytes, sizeof bytes, child->state);
    child->level = parent->level + 1;
}

/* A number in [0, 1), of 31 bits. */
static double uts_uniform(const struct uts_node *node)
{
    const uint8_t *last = node->state + 16;
    uint32_t word = (uint32_t)last[0] << 24 | (uint32_t)last[1] << 16 | (uint32_t)last[2] << 8 |
                    (uint32_t)last[3];
    return (double)(word & 0x7fffffff) / 2147483648.0;
}

static int uts_geometric(const struct uts *uts, const struct uts_node *node)
{
    double log_leave =
        node->level < UTS_LEVELS ? uts->log_leave[node->level] : uts_log_leave(uts, node->level);
    double children = floor(log(1 - uts_uniform(node)) / log_leave);
    return children < UTS_MOST_CHILDREN ? (int)children : UTS_MOST_CHILDREN;
}

static int uts_binomial(const struct uts *uts, const struct uts_node *node)
{
    if (uts_uniform(node) >= uts->probability)
        return 0;
    return uts->children < UTS_MOST_CHILDREN ? (int)uts->children : UTS_MOST_CHILDREN;
}

int uts_children(const struct uts *uts, const struct uts_node *node)
{
    if (uts->type == UTS_BINOMIAL)
        return node->level == 0 ? (int)uts->branching : uts_binomial(uts, node);
    bool geometric = uts->type == UTS_GEOMETRIC || node->level < uts->shift * (double)uts->depth;
    return geometric ? uts_geometric(uts, node) : uts_binomial(uts, node);
}
