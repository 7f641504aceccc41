#include "pool/reduce_keeping.h"

#include "base/error.h"

#include <stdlib.h>

static struct reduce_keeping *of(const struct work *work)
{
    return (struct reduce_keeping *)work->keeping;
}

static int64_t leaves_of(const struct reduce_keeping *keeping, int64_t items)
{
    return items / keeping->leaf + (items % keeping->leaf != 0);
}

/* The items of a node; the last leaf may have fewer than the others. */
static rp_range items_of(const struct reduce_keeping *keeping, struct tree_node node)
{
    int64_t first = node.index << node.level, behind = first + (INT64_C(1) << node.level);
    bool last = behind > keeping->n / keeping->leaf;
    return (rp_range){first * keeping->leaf, last ? keeping->n : behind * keeping->leaf};
}

static struct tree_node node_of(const struct reduce_keeping *keeping, const struct kept *entry)
{
    struct tree_node node = {.index = entry->begin / keeping->leaf};
    for (int64_t leaves = leaves_of(keeping, entry->end - entry->begin); leaves > 1; leaves /= 2) {
        node.index /= 2;
        node.level++;
    }
    return node;
}

static int by_place(const void *left, const void *right)
{
    const struct tree_node *a = left, *b = right;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static bool is_added(const struct reduce_keeping *keeping, struct tree_node node)
{
    return keeping->count > 0 &&
           bsearch(&node, keeping->added, (size_t)keeping->count, sizeof node, by_place) != NULL;
}

/* Without memory for that, nodes are added again. */
static void remember_added(struct reduce_keeping *keeping)
{
    const struct tree *tree = keeping->tree;
    keeping->count = 0;
    struct tree_node *added = realloc(keeping->added, (size_t)tree->count * sizeof *added + 1);
    if (added == NULL)
        return;
    keeping->added = added;
    keeping->count = tree->count;
    for (int64_t i = 0; i < tree->count; i++)
        added[i] = tree->nodes[i];
    qsort(added, (size_t)tree->count, sizeof *added, by_place);
}

static void add(struct work *work)
{
    struct reduce_keeping *keeping = of(work);
    const struct tree *tree = keeping->tree;
    if (tree->code != 0)
        return;
    for (int64_t i = 0; i < tree->count; i++) {
        if (is_added(keeping, tree->nodes[i]))
            continue;
        rp_range items = items_of(keeping, tree->nodes[i]);
        rpi_checkpoint_add(work->pool, &(struct journal_entry){.job = keeping->keeping.job,
                                                               .begin = items.begin,
                                                               .end = items.end,
                                                               .kind = JOURNAL_LEAVES,
                                                               .bytes = tree->value_size,
                                                               .payload = rpi_tree_value(tree, i)});
    }
    remember_added(keeping);
}

/* It is in the root's tree. */
static bool take(struct work *work, rp_range run, const struct kept *entry, void *const *at)
{
    (void)work;
    (void)run;
    (void)entry;
    (void)at;
    return true;
}

/* What a run came to is in the tree, as far as it is good. */
static void note(struct work *work, rp_range run, void *const *at, bool sound)
{
    (void)work;
    (void)run;
    (void)at;
    (void)sound;
}

void rpi_reduce_keeping_begin(struct reduce_keeping *keeping, rp_pool *pool,
                              const struct job_form *form, struct tree *tree)
{
    const int64_t leaves_between = 16;
    bool many = form->n / form->leaf > leaves_between;
    *keeping =
        (struct reduce_keeping){.keeping = {.take = take,
                                            .note = note,
                                            .add = add,
                                            .stride = many ? leaves_between * form->leaf : 0},
                                .tree = tree,
                                .n = form->n,
                                .leaf = form->leaf};
    rpi_keeping_begin(&keeping->keeping, pool, form);
}

static rp_status restore_one(struct reduce_keeping *keeping, const struct kept *entry,
                             rp_error *error)
{
    struct tree *tree = keeping->tree;
    const unsigned char *value = rpi_shelf_fetch(&keeping->keeping.shelf, entry);
    if (value == NULL || entry->bytes != tree->value_size)
        return rpi_error_set(error, RP_ERR_IO, "what is kept in '%s' changes while it is read",
                             keeping->keeping.shelf.directory);
    if (rpi_tree_add(tree, node_of(keeping, entry), value))
        return RP_OK;
    return rpi_tree_explain(tree, error);
}

rp_status rpi_reduce_keeping_restore(struct reduce_keeping *keeping, rp_error *error)
{
    const rp_pool *pool = keeping->keeping.pool;
    if (pool->world.rank != pool->world.root)
        return RP_OK;
    for (int64_t i = 0; i < keeping->keeping.count && error->status == RP_OK; i++)
        restore_one(keeping, &keeping->keeping.entries[i], error);
    remember_added(keeping);
    return error->status;
}

void rpi_reduce_keeping_end(struct reduce_keeping *keeping, rp_status status)
{
    rpi_keeping_end(&keeping->keeping, status);
    free(keeping->added);
}
