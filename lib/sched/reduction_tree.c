#include "sched/reduction_tree.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct tree rpi_tree_begin(size_t value_size, tree_join join, void *closure)
{
    return (struct tree){.value_size = value_size, .join = join, .closure = closure};
}

void rpi_tree_end(struct tree *tree)
{
    free(tree->nodes);
    free(tree->values);
    *tree = (struct tree){.nodes = NULL};
}

rp_status rpi_tree_explain(const struct tree *tree, rp_error *error)
{
    if (tree->code == 0)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for partial results");
    rpi_error_set(error, RP_ERR_TASK, "combine failed with code %d", tree->code);
    error->task_code = tree->code;
    return error->status;
}

void *rpi_tree_value(const struct tree *tree, int64_t place)
{
    return tree->values + (size_t)place * tree->value_size;
}

static bool tree_grow(struct tree *tree)
{
    int64_t capacity = tree->capacity > 0 ? 2 * tree->capacity : 64;
    struct tree_node *nodes = realloc(tree->nodes, (size_t)capacity * sizeof *nodes);
    if (nodes == NULL)
        return false;
    tree->nodes = nodes;
    char *values = realloc(tree->values, (size_t)capacity * tree->value_size);
    if (values == NULL)
        return false;
    tree->values = values;
    tree->capacity = capacity;
    return true;
}

/* Joins the last node to the one before it. */
static bool tree_join_last(struct tree *tree)
{
    int64_t last = --tree->count;
    tree->code =
        tree->join(rpi_tree_value(tree, last - 1), rpi_tree_value(tree, last), tree->closure);
    return tree->code == 0;
}

static bool are_siblings(const struct tree_node *left, const struct tree_node *right)
{
    return left->level == right->level && left->index % 2 == 0 && right->index == left->index + 1;
}

static bool tree_carry(struct tree *tree)
{
    while (tree->count > 1) {
        struct tree_node *left = &tree->nodes[tree->count - 2];
        if (!are_siblings(left, left + 1))
            return true;
        *left = (struct tree_node){left->index / 2, left->level + 1};
        if (!tree_join_last(tree))
            return false;
    }
    return true;
}

/* Steals divide the leaves into many runs. Adjacent runs are joined before the memory grows. */
static bool tree_make_room(struct tree *tree)
{
    if (tree->count < tree->capacity)
        return true;
    if (!rpi_tree_settle(tree))
        return false;
    bool roomy = tree->capacity > 0 && tree->count <= tree->capacity / 2;
    return roomy || tree_grow(tree);
}

bool rpi_tree_node_valid(struct tree_node node, int64_t leaves)
{
    return node.level >= 0 && node.level < 63 && node.index >= 0 &&
           node.index <= INT64_MAX >> node.level && node.index << node.level < leaves;
}

bool rpi_tree_add(struct tree *tree, struct tree_node node, const void *value)
{
    if (tree->code != 0 || !tree_make_room(tree))
        return false;
    tree->nodes[tree->count] = node;
    memcpy(rpi_tree_value(tree, tree->count), value, tree->value_size);
    tree->count++;
    return tree_carry(tree);
}

size_t rpi_tree_packed_bytes(size_t value_size, int64_t count)
{
    return (size_t)count * (sizeof(struct tree_node) + value_size);
}

size_t rpi_tree_pack(const struct tree *tree, int64_t first, int64_t count, void *to)
{
    size_t node_bytes = (size_t)count * sizeof(struct tree_node);
    if (count > 0) {
        memcpy(to, tree->nodes + first, node_bytes);
        memcpy((char *)to + node_bytes, rpi_tree_value(tree, first),
               (size_t)count * tree->value_size);
    }
    return rpi_tree_packed_bytes(tree->value_size, count);
}

static struct tree_node packed_node(const void *packed, int64_t place)
{
    struct tree_node node;
    memcpy(&node, (const char *)packed + (size_t)place * sizeof node, sizeof node);
    return node;
}

bool rpi_tree_packed_valid(const void *packed, int64_t count, int64_t leaves)
{
    bool valid = true;
    for (int64_t i = 0; i < count && valid; i++)
        valid = rpi_tree_node_valid(packed_node(packed, i), leaves);
    return valid;
}

bool rpi_tree_add_packed(struct tree *tree, const void *packed, int64_t count)
{
    const char *values = (const char *)packed + (size_t)count * sizeof(struct tree_node);
    bool added = true;
    for (int64_t i = 0; i < count && added; i++)
        added = rpi_tree_add(tree, packed_node(packed, i), values + (size_t)i * tree->value_size);
    return added;
}

/* A node and the place of its value, for sorting. */
struct placed {
    struct tree_node node;
    int64_t place;
};

/* Nodes do not overlap, so their first leaves order them. */
static int by_first_leaf(const void *left, const void *right)
{
    const struct tree_node *a = left, *b = right;
    int64_t first_a = a->index << a->level, first_b = b->index << b->level;
    return (first_a > first_b) - (first_a < first_b);
}

static bool tree_add_sorted(struct tree *sorted, const struct tree *tree,
                            const struct placed *order)
{
    for (int64_t i = 0; i < tree->count; i++) {
        if (!rpi_tree_add(sorted, order[i].node, rpi_tree_value(tree, order[i].place)))
            return false;
    }
    return true;
}

bool rpi_tree_settle(struct tree *tree)
{
    if (tree->count < 2)
        return tree->code == 0;
    struct placed *order = malloc((size_t)tree->count * sizeof *order);
    if (order == NULL)
        return false;
    for (int64_t i = 0; i < tree->count; i++)
        order[i] = (struct placed){tree->nodes[i], i};
    qsort(order, (size_t)tree->count, sizeof *order, by_first_leaf);
    struct tree sorted = rpi_tree_begin(tree->value_size, tree->join, tree->closure);
    while (sorted.capacity < tree->count && tree_grow(&sorted))
        continue;
    bool settled = sorted.capacity >= tree->count && tree_add_sorted(&sorted, tree, order);
    int code = sorted.code;
    free(order);
    if (settled) {
        rpi_tree_end(tree);
        *tree = sorted;
    } else {
        rpi_tree_end(&sorted);
        tree->code = code;
    }
    return settled;
}

bool rpi_tree_finish(struct tree *tree)
{
    while (tree->count > 1) {
        if (!tree_join_last(tree))
            return false;
    }
    return tree->code == 0;
}
