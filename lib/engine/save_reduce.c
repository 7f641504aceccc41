#include "engine/save_reduce.h"

#include "base/error.h"

#include <stdlib.h>

static struct reduce_saving *reduce_saving_of(const struct executor *executor)
{
    return (struct reduce_saving *)executor->saving;
}

static int64_t reduce_saving_leaves(const struct reduce_saving *saving, int64_t items)
{
    return items / saving->leaf + (items % saving->leaf != 0);
}

/* The items of a node; the last leaf may be short. */
static rp_range reduce_saving_items(const struct reduce_saving *saving, struct tree_node node)
{
    int64_t first = node.index << node.level, behind = first + (INT64_C(1) << node.level);
    bool last = behind > saving->n / saving->leaf;
    return (rp_range){first * saving->leaf, last ? saving->n : behind * saving->leaf};
}

static struct tree_node reduce_saving_node(const struct reduce_saving *saving,
                                           const struct saved *entry)
{
    struct tree_node node = {.index = entry->begin / saving->leaf};
    for (int64_t leaves = reduce_saving_leaves(saving, entry->end - entry->begin); leaves > 1;
         leaves /= 2) {
        node.index /= 2;
        node.level++;
    }
    return node;
}

static int tree_node_compare(const void *left, const void *right)
{
    const struct tree_node *a = left, *b = right;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static bool reduce_saving_is_added(const struct reduce_saving *saving, struct tree_node node)
{
    return saving->count > 0 && bsearch(&node, saving->added, (size_t)saving->count, sizeof node,
                                        tree_node_compare) != NULL;
}

/* Without memory for the list, later calls add the nodes to the journal again. */
static void reduce_saving_remember(struct reduce_saving *saving)
{
    const struct tree *tree = saving->tree;
    saving->count = 0;
    struct tree_node *added = realloc(saving->added, (size_t)tree->count * sizeof *added + 1);
    if (added == NULL)
        return;
    saving->added = added;
    saving->count = tree->count;
    for (int64_t i = 0; i < tree->count; i++)
        added[i] = tree->nodes[i];
    qsort(added, (size_t)tree->count, sizeof *added, tree_node_compare);
}

static void reduce_saving_add(struct executor *executor)
{
    struct reduce_saving *saving = reduce_saving_of(executor);
    const struct tree *tree = saving->tree;
    if (tree->code != 0 || executor->pool->loop.enough) /* as in rpi_saving_compute() */
        return;
    for (int64_t i = 0; i < tree->count; i++) {
        if (reduce_saving_is_added(saving, tree->nodes[i]))
            continue;
        rp_range items = reduce_saving_items(saving, tree->nodes[i]);
        rpi_job_saving_add(&saving->saving.earlier, JOURNAL_LEAVES, items, rpi_tree_value(tree, i),
                           tree->value_size);
    }
    reduce_saving_remember(saving);
}

/* The saved value is already in the root's tree. */
static bool reduce_saving_take(struct executor *executor, rp_range run, const struct saved *entry,
                               void *const *at)
{
    (void)executor;
    (void)run;
    (void)entry;
    (void)at;
    return true;
}

/* Nothing to record: the results of a run are in the tree, as far as they are valid. */
static void reduce_saving_note(struct executor *executor, rp_range run, void *const *at, bool sound)
{
    (void)executor;
    (void)run;
    (void)at;
    (void)sound;
}

void rpi_reduce_saving_begin(struct reduce_saving *saving, rp_pool *pool,
                             const struct job_form *form, struct tree *tree)
{
    const int64_t leaves_between = 16;
    bool many = form->n / form->leaf > leaves_between;
    *saving = (struct reduce_saving){.saving = {.take = reduce_saving_take,
                                                .note = reduce_saving_note,
                                                .add = reduce_saving_add,
                                                .stride = many ? leaves_between * form->leaf : 0},
                                     .tree = tree,
                                     .n = form->n,
                                     .leaf = form->leaf};
    rpi_saving_begin(&saving->saving, pool, form);
}

static rp_status reduce_saving_restore_one(struct reduce_saving *saving, const struct saved *entry,
                                           rp_error *error)
{
    struct tree *tree = saving->tree;
    const unsigned char *value =
        rpi_payload_cache_fetch(&saving->saving.earlier.payload_cache, entry);
    if (value == NULL)
        return rpi_error_set(error, RP_ERR_IO, "what is kept in '%s' changes while it is read",
                             saving->saving.earlier.payload_cache.directory);
    if (rpi_tree_add(tree, reduce_saving_node(saving, entry), value))
        return RP_OK;
    return rpi_tree_explain(tree, error);
}

rp_status rpi_reduce_saving_restore(struct reduce_saving *saving, rp_error *error)
{
    const rp_pool *pool = saving->saving.earlier.pool;
    if (pool->world.rank != pool->world.root)
        return RP_OK;
    for (int64_t i = 0; i < saving->saving.earlier.count && error->status == RP_OK; i++)
        reduce_saving_restore_one(saving, &saving->saving.earlier.entries[i], error);
    reduce_saving_remember(saving);
    return error->status;
}

void rpi_reduce_saving_end(struct reduce_saving *saving, rp_status status)
{
    rpi_saving_end(&saving->saving, status);
    free(saving->added);
}
