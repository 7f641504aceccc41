/* Collectives that move data: hundreds of random shapes, compared with a serial model that does not
 * use MPI's datatypes, only the positions of an element's bytes. */
#include "suites.h"

#include "collective/collective.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BASICS = 7,
    MOST_ELEMENTS = 700,
    UNTOUCHED = 0xEE
};

/* A layout of elements in memory: a number of basic values, each at its offset. Layouts may differ
 * between ranks for the same data. */
struct form {
    rp_element element;
    int basics, basic_size;
    int places[MOST_BASICS]; /* byte offset of each basic value, in the order of the type map */
    int extent;
};

/* The same numbers on every rank, so that all draw the same cases. */
static uint64_t state;

static int random_below(int bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (uint64_t)bound);
}

/* Values `stride` apart; the next element begins `extent` values after this one. */
static void replicate(struct form *form, int stride, int extent)
{
    for (int i = 0; i < form->basics; i++)
        form->places[i] = i * stride * form->basic_size;
    form->extent = extent * form->basic_size;
}

static MPI_Datatype resized(MPI_Datatype part, int extent)
{
    MPI_Datatype type;
    MPI_Type_create_resized(part, 0, extent, &type);
    MPI_Type_free(&part);
    return type;
}

static MPI_Datatype dense(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    replicate(form, 1, form->basics);
    MPI_Type_contiguous(form->basics, basic, &type);
    return type;
}

static MPI_Datatype far_apart(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type = dense(form, basic);
    replicate(form, 1, form->basics + 5);
    return resized(type, form->extent);
}

static MPI_Datatype with_gaps(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    replicate(form, 3, 3 * (form->basics - 1) + 1);
    MPI_Type_vector(form->basics, 1, 3, basic, &type);
    return type;
}

/* The last value comes first, and the first value is not at the beginning. */
static MPI_Datatype backwards(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    int places[MOST_BASICS], lengths[MOST_BASICS], count = form->basics;
    for (int i = 0; i < count; i++) {
        places[i] = 2 * (count - i);
        lengths[i] = 1;
        form->places[i] = places[i] * form->basic_size;
    }
    form->extent = (2 * count + 1) * form->basic_size;
    MPI_Type_indexed(count, lengths, places, basic, &type);
    return resized(type, form->extent);
}

static MPI_Datatype in_two_members(struct form *form, MPI_Datatype basic)
{
    int count = form->basics, lengths[] = {1, count - 1};
    MPI_Aint displacements[] = {0, (count + 1) * form->basic_size};
    MPI_Datatype type, types[] = {basic, basic};
    MPI_Type_create_struct(2, lengths, displacements, types, &type);
    form->places[0] = 0;
    for (int i = 1; i < count; i++)
        form->places[i] = (count + i) * form->basic_size;
    form->extent = 2 * count * form->basic_size;
    return resized(type, form->extent);
}

static MPI_Datatype of_duplicates(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type, copy;
    replicate(form, 2, 2 * (form->basics - 1) + 1);
    MPI_Type_dup(basic, &copy);
    MPI_Type_create_hvector(form->basics, 1, 2 * form->basic_size, copy, &type);
    MPI_Type_free(&copy);
    return type;
}

/* Plain bytes, or the same values on every rank, with a different layout on each unless
 * `same_layout`. */
static struct form random_form(bool same_layout)
{
    static MPI_Datatype (*const layouts[])(struct form *, MPI_Datatype) = {
        dense, far_apart, with_gaps, backwards, in_two_members, of_duplicates};
    const MPI_Datatype basics[] = {MPI_BYTE, MPI_SHORT, MPI_INT, MPI_DOUBLE};
    const int sizes[] = {1, sizeof(short), sizeof(int), sizeof(double)};
    const int ways = sizeof layouts / sizeof layouts[0];
    int basic = random_below(4), way = random_below(ways + 1);
    struct form form = {.basics = 1 + random_below(MOST_BASICS), .basic_size = sizes[basic]};
    if (way == ways && basic == 0) {
        replicate(&form, 1, form.basics);
        form.element = rp_bytes((size_t)form.basics);
        return form;
    }
    if (!same_layout)
        way += world_rank();
    form.element = rp_datatype(layouts[way % ways](&form, basics[basic]));
    MPI_Type_commit(&form.element.type);
    return form;
}

static void drop_form(struct form *form)
{
    if (form->element.size == 0)
        MPI_Type_free(&form->element.type);
}

static unsigned char value(int64_t element, int byte)
{
    uint32_t mixed = (uint32_t)(element * 1000 + byte) * 2654435761u;
    return (unsigned char)(mixed >> 24);
}

static size_t bytes_of(const struct form *form, int64_t count)
{
    return (size_t)(count + 1) * (size_t)form->extent;
}

/* Writes the elements first, first + 1 ...; if `filled` is false, only the bytes between and behind
 * them. */
static void lay_out(const struct form *form, unsigned char *memory, int64_t first, int64_t count,
                    bool filled)
{
    memset(memory, UNTOUCHED, bytes_of(form, count));
    for (int64_t e = 0; e < count && filled; e++) {
        for (int i = 0; i < form->basics * form->basic_size; i++) {
            int place = form->places[i / form->basic_size] + i % form->basic_size;
            memory[e * form->extent + place] = value(first + e, i);
        }
    }
}

static unsigned char *make_buffer(const struct form *form, int64_t first, int64_t count,
                                  bool filled)
{
    unsigned char *memory = malloc(bytes_of(form, count));
    lay_out(form, memory, first, count, filled);
    return memory;
}

/* Checks that the elements are there and no other byte was changed. */
static void check_buffer(const struct form *form, const unsigned char *memory, int64_t first,
                         int64_t count, bool filled)
{
    unsigned char *model = make_buffer(form, first, count, filled);
    ck_assert_msg(memcmp(memory, model, bytes_of(form, count)) == 0,
                  "%d elements from %d are not as they should be", (int)count, (int)first);
    free(model);
}

/* Arguments of a collective. */
struct shape {
    int root, n;
    int64_t *counts;      /* or NULL: blocks */
    int64_t first, count; /* of this rank */
};

static struct shape random_shape(bool counted)
{
    int ranks = world_ranks(), kind = random_below(6);
    const int sizes[] = {0, 1, ranks - 1, ranks, random_below(50), random_below(MOST_ELEMENTS)};
    struct shape shape = {.root = random_below(ranks), .n = sizes[kind]};
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
        shape.counts[rank] = random_below(3) == 0 ? 0 : random_below(1 + 2 * sizes[kind] / ranks);
        shape.n += (int)shape.counts[rank];
    }
    shape.count = shape.counts[world_rank()];
    return shape;
}

static void succeeded(rp_pool *pool, rp_status status)
{
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

static void try_scatter(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = root ? make_buffer(form, 0, shape->n, true) : NULL;
    unsigned char *mine = make_buffer(form, 0, shape->count, false);
    succeeded(pool, shape->counts != NULL
                        ? rp_scatterv(pool, shape->root, all, shape->counts, form->element, mine)
                        : rp_scatter(pool, shape->root, all, shape->n, form->element, mine));
    check_buffer(form, mine, shape->first, shape->count, true);
    if (root)
        check_buffer(form, all, 0, shape->n, true);
    free(all);
    free(mine);
}

static void try_gather(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    bool root = world_rank() == shape->root;
    unsigned char *all = root ? make_buffer(form, 0, shape->n, false) : NULL;
    unsigned char *mine = make_buffer(form, shape->first, shape->count, true);
    succeeded(pool, shape->counts != NULL
                        ? rp_gatherv(pool, shape->root, mine, shape->counts, form->element, all)
                        : rp_gather(pool, shape->root, mine, shape->n, form->element, all));
    if (root)
        check_buffer(form, all, 0, shape->n, true);
    check_buffer(form, mine, shape->first, shape->count, true);
    free(all);
    free(mine);
}

static void try_allgather(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    unsigned char *all = make_buffer(form, 0, shape->n, false);
    unsigned char *mine = make_buffer(form, shape->first, shape->count, true);
    succeeded(pool, rp_allgather(pool, mine, shape->n, form->element, all));
    check_buffer(form, all, 0, shape->n, true);
    check_buffer(form, mine, shape->first, shape->count, true);
    free(all);
    free(mine);
}

static void try_broadcast(rp_pool *pool, const struct form *form, const struct shape *shape)
{
    unsigned char *data = make_buffer(form, 0, shape->n, world_rank() == shape->root);
    succeeded(pool, rp_broadcast(pool, shape->root, data, shape->n, form->element));
    check_buffer(form, data, 0, shape->n, true);
    free(data);
}

/* Node memory with n elements in its middle, all of it filled with the untouched pattern. */
static unsigned char *make_node_buffer(rp_pool *pool, const struct form *form, int n, void **memory)
{
    size_t bytes = bytes_of(form, n);
    ck_assert_int_eq(rp_node_alloc(pool, bytes + 64, memory), RP_OK);
    unsigned char *place = (unsigned char *)*memory + 64;
    if (rp_node_rank(pool) == 0)
        lay_out(form, place, 0, n, false);
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    return place;
}

static void try_broadcast_on_nodes(rp_pool *pool, const struct form *form,
                                   const struct shape *shape)
{
    void *memory;
    unsigned char *data = make_node_buffer(pool, form, shape->n, &memory);
    if (world_rank() == shape->root)
        lay_out(form, data, 0, shape->n, true);
    succeeded(pool, rp_broadcast(pool, shape->root, data, shape->n, form->element));
    check_buffer(form, data, 0, shape->n, true);
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
}

static void try_allgather_on_nodes(rp_pool *pool, const struct form *form,
                                   const struct shape *shape)
{
    void *memory;
    unsigned char *all = make_node_buffer(pool, form, shape->n, &memory);
    unsigned char *mine = make_buffer(form, shape->first, shape->count, true);
    succeeded(pool, rp_allgather(pool, mine, shape->n, form->element, all));
    check_buffer(form, all, 0, shape->n, true);
    free(mine);
    ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
}

typedef void (*trial)(rp_pool *pool, const struct form *form, const struct shape *shape);

/* On the machine's nodes and on pretended nodes of one and of two ranks; some cases use the code
 * for large data. */
static void try_shapes(trial attempt, bool counted, bool same_layout)
{
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        state = (uint64_t)node_size;
        for (int i = 0; i < 60; i++) {
            struct form form = random_form(same_layout);
            struct shape shape = random_shape(counted);
            pool->collectives->directly = i % 3 == 0;
            attempt(pool, &form, &shape);
            free(shape.counts);
            drop_form(&form);
        }
        close_pool(pool);
    }
}

START_TEST(scatters)
{
    try_shapes(try_scatter, false, false);
    try_shapes(try_scatter, true, false);
}
END_TEST

START_TEST(gathers)
{
    try_shapes(try_gather, false, false);
    try_shapes(try_gather, true, false);
}
END_TEST

START_TEST(allgathers)
{
    try_shapes(try_allgather, false, false);
    try_shapes(try_allgather_on_nodes, false, true);
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
    type = resized(raw, root ? (int)sizeof(struct loose) : 17);
    MPI_Type_commit(&type);
    static struct loose all[N];
    static char packed[N * 17];
    for (int i = 0; root && i < N; i++)
        all[i] = (struct loose){(char)i, i / 4.0, {i, -i}};
    succeeded(pool, rp_broadcast(pool, 0, root ? (void *)all : packed, N, rp_datatype(type)));
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
        EACH = 3
    };
    int ranks = world_ranks();
    double mine[EACH] = {world_rank()}, *all = malloc((size_t)ranks * sizeof mine);
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        rp_element element = rp_datatype(MPI_DOUBLE);
        int64_t before = 0, n = (int64_t)ranks * EACH;
        int nodes = rp_nodes(pool);
        succeeded(pool, rp_gather(pool, 0, mine, n, element, all));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes - 1);
        succeeded(pool, rp_scatter(pool, ranks - 1, all, n, element, mine));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes - 1);
        succeeded(pool, rp_allgather(pool, mine, n, element, all));
        ck_assert_int_eq(aggregates_of(pool, &before), nodes > 1 ? nodes : 0);
        succeeded(pool, rp_broadcast(pool, 0, all, n, element));
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
