/* Collectives that move data: hundreds of random shapes, compared with a serial model that does not
 * use MPI's datatypes, only the positions of an element's bytes. */
#include "element_forms.h"

#include "collective/collective.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ELEMENTS = 700
};

/* Arguments of a collective. */
struct shape {
    int root, n;
    int64_t *counts;      /* or NULL: blocks */
    int64_t first, count; /* of this rank */
};

static struct shape random_shape(bool counted)
{
    int ranks = world_ranks(), kind = form_random_below(6);
    const int sizes[] = {
        0, 1, ranks - 1, ranks, form_random_below(50), form_random_below(MOST_ELEMENTS)};
    struct shape shape = {.root = form_random_below(ranks), .n = sizes[kind]};
    if (!counted) {
        rp_range block = rp_block(shape.n, ranks, world_rank());
        shape.first = block.begin;
        shape.count = block.end - block.begin;
        return shape;
    }
    shape.n = 0;
    shape.counts = malloc((size_t)ranks * sizeof *shape.counts);
    for (int rank = 0; rank < ranks; rank++) {
        shape.first = rank == world_rank() ? shape.n : shape.first;
        shape.counts[rank] =
            form_random_below(3) == 0 ? 0 : form_random_below(1 + 2 * sizes[kind] / ranks);
        shape.n += (int)shape.counts[rank];
    }
    shape.count = shape.counts[world_rank()];
    return shape;
}

static void try_scatter(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = root ? form_buffer(form, 0, shape->n, true) : NULL;
    unsigned char *mine = form_buffer(form, 0, shape->count, false);
    form_succeeded(pool,
                   shape->counts != NULL
                       ? rp_scatterv(pool, shape->root, all, shape->counts, form->element, mine)
                       : rp_scatter(pool, shape->root, all, shape->n, form->element, mine));
    form_check(form, mine, shape->first, shape->count, true);
    if (root)
        form_check(form, all, 0, shape->n, true);
    free(all);
    free(mine);
}

static void try_gather(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = root ? form_buffer(form, 0, shape->n, false) : NULL;
    unsigned char *mine = form_buffer(form, shape->first, shape->count, true);
    form_succeeded(pool,
                   shape->counts != NULL
                       ? rp_gatherv(pool, shape->root, mine, shape->counts, form->element, all)
                       : rp_gather(pool, shape->root, mine, shape->n, form->element, all));
    if (root)
        form_check(form, all, 0, shape->n, true);
    form_check(form, mine, shape->first, shape->count, true);
    free(all);
    free(mine);
}

/* In place: `mine` is where this rank's part is in `all`. Other parts of it are untouched before a
 * gather, and not changed by a scatter. */
static unsigned char *place_of(const struct form *form, const struct shape *shape,
                               unsigned char *all)
{
    return all + shape->first * form->extent;
}

static unsigned char *in_place_buffer(const struct form *form, const struct shape *shape)
{
    unsigned char *all = form_buffer(form, 0, shape->n, false);
    unsigned char *mine = form_buffer(form, shape->first, shape->count, true);
    memcpy(place_of(form, shape, all), mine, (size_t)(shape->count * form->extent));
    free(mine);
    return all;
}

static void try_scatter_in_place(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = form_buffer(form, 0, shape->n, root);
    unsigned char *mine = root ? place_of(form, shape, all) : all;
    form_succeeded(pool,
                   shape->counts != NULL
                       ? rp_scatterv(pool, shape->root, all, shape->counts, form->element, mine)
                       : rp_scatter(pool, shape->root, all, shape->n, form->element, mine));
    form_check(form, all, root ? 0 : shape->first, root ? shape->n : shape->count, true);
    free(all);
}

static void try_gather_in_place(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = in_place_buffer(form, shape), *mine = place_of(form, shape, all);
    form_succeeded(pool,
                   shape->counts != NULL
                       ? rp_gatherv(pool, shape->root, mine, shape->counts, form->element, all)
                       : rp_gather(pool, shape->root, mine, shape->n, form->element, all));
    if (root)
        form_check(form, all, 0, shape->n, true);
    free(all);
}

static void try_broadcast(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    unsigned char *data = form_buffer(form, 0, shape->n, world_rank() == shape->root);
    form_succeeded(pool, rp_broadcast(pool, shape->root, data, shape->n, form->element));
    form_check(form, data, 0, shape->n, true);
    free(data);
}

/* Node memory with n elements in its middle, all of it filled with the untouched pattern. */
static unsigned char *make_node_buffer(rp_pool *pool, const struct form *form, int n, void **memory)
{
    size_t bytes = form_bytes(form, n);
    ck_assert_int_eq(rp_node_alloc(pool, bytes + 64, memory), RP_OK);
    unsigned char *place = (unsigned char *)*memory + 64;
    if (rp_node_rank(pool) == 0)
        form_lay_out(form, place, 0, n, false);
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    return place;
}

static void try_broadcast_on_nodes(rp_pool *pool, const struct form *form,
                                   const struct shape *shape)
{
    void *memory;
    unsigned char *data = make_node_buffer(pool, form, shape->n, &memory);
    if (world_rank() == shape->root)
        form_lay_out(form, data, 0, shape->n, true);
    form_succeeded(pool, rp_broadcast(pool, shape->root, data, shape->n, form->element));
    form_check(form, data, 0, shape->n, true);
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
}

static void allgather_into(rp_pool *pool, const struct form *form, const struct shape *shape,
                           unsigned char *all, bool in_place)
{
    unsigned char *apart = form_buffer(form, shape->first, shape->count, true);
    unsigned char *place = place_of(form, shape, all);
    if (in_place)
        memcpy(place, apart, (size_t)(shape->count * form->extent));
    form_succeeded(pool,
                   rp_allgather(pool, in_place ? place : apart, shape->n, form->element, all));
    form_check(form, all, 0, shape->n, true);
    form_check(form, apart, shape->first, shape->count, true);
    free(apart);
}

static void allgather_into_private(rp_pool *pool, const struct form *form,
                                   const struct shape *shape, bool in_place)
{
    unsigned char *all = form_buffer(form, 0, shape->n, false);
    allgather_into(pool, form, shape, all, in_place);
    free(all);
}

static void allgather_into_node_memory(rp_pool *pool, const struct form *form,
                                       const struct shape *shape, bool in_place)
{
    void *memory;
    unsigned char *all = make_node_buffer(pool, form, shape->n, &memory);
    allgather_into(pool, form, shape, all, in_place);
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
}

static void try_allgather(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    allgather_into_private(pool, form, shape, false);
}

/* On every second rank, so that ranks differ. */
static void try_allgather_in_place(rp_pool *pool, const struct form *form,
                                   const struct shape *shape)
{
    allgather_into_private(pool, form, shape, world_rank() % 2 == 0);
}

static void try_allgather_on_nodes(rp_pool *pool, const struct form *form,
                                   const struct shape *shape)
{
    allgather_into_node_memory(pool, form, shape, false);
}

static void try_allgather_in_node_memory(rp_pool *pool, const struct form *form,
                                         const struct shape *shape)
{
    allgather_into_node_memory(pool, form, shape, true);
}

typedef void (*trial)(rp_pool *pool, const struct form *form, const struct shape *shape);

/* On the machine's nodes and on pretended nodes of one and of two ranks; some cases use the code
 * for large data. */
static void try_shapes(trial attempt, bool counted, bool same_layout)
{
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        form_seed((uint64_t)node_size);
        for (int i = 0; i < 60; i++) {
            struct form form = form_draw(same_layout);
            struct shape shape = random_shape(counted);
            pool->collectives->directly = i % 3 == 0;
            attempt(pool, &form, &shape);
            free(shape.counts);
            form_drop(&form);
        }
        close_pool(pool);
    }
}

START_TEST(scatters)
{
    try_shapes(try_scatter, false, false);
    try_shapes(try_scatter, true, false);
    try_shapes(try_scatter_in_place, false, false);
    try_shapes(try_scatter_in_place, true, false);
}
END_TEST

START_TEST(gathers)
{
    try_shapes(try_gather, false, false);
    try_shapes(try_gather, true, false);
    try_shapes(try_gather_in_place, false, false);
    try_shapes(try_gather_in_place, true, false);
}
END_TEST

START_TEST(allgathers)
{
    try_shapes(try_allgather, false, false);
    try_shapes(try_allgather_in_place, false, false);
    try_shapes(try_allgather_on_nodes, false, true);
    try_shapes(try_allgather_in_node_memory, false, true);
}
END_TEST

START_TEST(broadcasts)
{
    try_shapes(try_broadcast, false, false);
    try_shapes(try_broadcast_on_nodes, false, true);
}
END_TEST

/* More than one part of the size that MPI can count, if the library was built with small parts; and
 * more messages than may be in flight at once. */
START_TEST(many_bytes)
{
    enum {
        BYTES = 3000000
    };
    rp_pool *pool = open_pool();
    struct form form = {.element = rp_bytes(1), .basics = 1, .basic_size = 1, .extent = 1};
    struct shape shape = {.root = world_ranks() - 1, .n = BYTES};
    rp_range block = rp_block(BYTES, world_ranks(), world_rank());
    shape.first = block.begin;
    shape.count = block.end - block.begin;
    try_scatter(pool, &form, &shape);
    try_gather(pool, &form, &shape);
    try_allgather(pool, &form, &shape);
    try_broadcast(pool, &form, &shape);
    close_pool(pool);
}
END_TEST

START_TEST(structs_in_two_layouts)
{
    struct loose {
        char name;
        double weight;
        int counts[2];
    };
    enum {
        N = 100
    };
    static const MPI_Aint loosely[] = {offsetof(struct loose, name), offsetof(struct loose, weight),
                                       offsetof(struct loose, counts)};
    static const MPI_Aint tightly[] = {0, 1, 9};
    const MPI_Datatype types[] = {MPI_CHAR, MPI_DOUBLE, MPI_INT};
    const int lengths[] = {1, 1, 2};
    rp_pool *pool = open_pool();
    bool root = world_rank() == 0;
    MPI_Datatype raw, type;
    MPI_Type_create_struct(3, lengths, root ? loosely : tightly, types, &raw);
    MPI_Type_create_resized(raw, 0, root ? (MPI_Aint)sizeof(struct loose) : 17, &type);
    MPI_Type_free(&raw);
    MPI_Type_commit(&type);
    static struct loose all[N];
    static char packed[N * 17];
    for (int i = 0; root && i < N; i++)
        all[i] = (struct loose){(char)i, i / 4.0, {i, -i}};
    form_succeeded(pool, rp_broadcast(pool, 0, root ? (void *)all : packed, N, rp_datatype(type)));
    for (int i = 0; !root && i < N; i++) {
        double weight;
        int counts[2];
        memcpy(&weight, packed + i * 17 + 1, sizeof weight);
        memcpy(counts, packed + i * 17 + 9, sizeof counts);
        ck_assert(packed[i * 17] == i && weight == i / 4.0 && counts[0] == i && counts[1] == -i);
    }
    MPI_Type_free(&type);
    close_pool(pool);
}
END_TEST

static int64_t aggregates_of(rp_pool *pool, int64_t *before)
{
    int64_t mine = pool->traffic.aggregates - *before, all;
    *before = pool->traffic.aggregates;
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

/* The data that cross between two nodes at once do not grow with the number of ranks on them. */
START_TEST(messages_grow_with_the_nodes)
{
    enum {
        EACH = 9 /* more than travel in the agreement */
    };
    int ranks = world_ranks();
    double mine[EACH] = {world_rank()}, *all = malloc((size_t)ranks * sizeof mine);
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        rp_element element = rp_datatype(MPI_DOUBLE);
        int64_t before = 0, n = (int64_t)ranks * EACH;
        int nodes = rp_nodes(pool);
        form_succeeded(pool, rp_gather(pool, 0, mine, n, element, all));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes - 1);
        form_succeeded(pool, rp_scatter(pool, ranks - 1, all, n, element, mine));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes - 1);
        form_succeeded(pool, rp_allgather(pool, mine, n, element, all));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes > 1 ? nodes : 0);
        form_succeeded(pool, rp_broadcast(pool, 0, all, n, element));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes > 1 ? nodes : 0);
        close_pool(pool);
    }
    free(all);
}
END_TEST

static const struct test_case cases[] = {
    {"scatters of random shapes", &scatters},
    {"gathers of random shapes", &gathers},
    {"allgathers of random shapes", &allgathers},
    {"broadcasts of random shapes", &broadcasts},
    {"collectives of many bytes", &many_bytes},
    {"messages grow with the nodes", &messages_grow_with_the_nodes},
    {"structs in two layouts", &structs_in_two_layouts},
    {NULL, NULL},
};
const struct test_group collective_tests = {"collective", cases};
