/* Grids: arguments that are refused, and ranks that give up during an exchange. */
#include "grid_fields.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static const rp_grid_shape small = {.rows = 64, .columns = 64, .cell_size = 8};

static void refused(rp_pool *pool, rp_grid_shape shape, rp_status status)
{
    rp_grid *grid = (rp_grid *)&grid;
    ck_assert_int_eq(rp_grid_open(pool, &shape, &grid), status);
    check_same_error(rp_last_error(pool), status);
    ck_assert_ptr_null(grid);
}

START_TEST(bad_shapes_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    rp_grid *grid;
    bool last = world_rank() == world_ranks() - 1;
    rp_grid_shape shape = small;
    refused(pool, (rp_grid_shape){.rows = last ? 0 : 5, .columns = 5, .cell_size = 8},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = -1, .cell_size = 8}, RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5}, RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5, .cell_size = 8, .halo = -1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = INT64_MAX, .columns = 2, .cell_size = 1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.layers = -1, .rows = 5, .columns = 5, .cell_size = 1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.layers = INT64_MAX, .rows = 2, .columns = 1, .cell_size = 1},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = INT64_MAX, .columns = 1, .cell_size = SIZE_MAX},
            RP_ERR_ARGUMENT);
    refused(pool, (rp_grid_shape){.rows = 5, .columns = 5, .cell_size = 8, .reserved = {[6] = 1}},
            RP_ERR_VERSION);
    ck_assert_int_eq(rp_grid_open(pool, last ? NULL : &shape, &grid), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_open(pool, &shape, last ? NULL : &grid), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_open(NULL, &shape, &grid), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        shape.layers = last; /* one layer in three dimensions is not a field in two */
        refused(pool, shape, RP_ERR_MISMATCH);
        shape.layers = 0;
        shape.columns += last;
        refused(pool, shape, RP_ERR_MISMATCH);
        ck_assert(strstr(rp_last_error(pool)->text, "columns = 65") != NULL);
    }
    close_pool(pool);
}
END_TEST

/* A column so long that no address space holds a block of it, though its edges are single cells;
 * and a cell so large that the byte offsets of a block with a halo overflow. */
START_TEST(fields_that_are_too_large)
{
    rp_pool *pool = open_pool();
    rp_grid_shape column = {.rows = (int64_t)1 << 45, .columns = 1, .cell_size = 8};
    rp_grid *grid = open_grid(pool, column);
    void *field = pool;
    ck_assert_int_eq(rp_grid_alloc(grid, &field), RP_ERR_MEMORY);
    check_same_error(rp_last_error(pool), RP_ERR_MEMORY);
    ck_assert_ptr_null(field);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    refused(pool, (rp_grid_shape){.rows = 1, .columns = 1, .cell_size = (size_t)1 << 61},
            RP_ERR_MEMORY);
    check_round_trip(pool, small, 0, 0);
    close_pool(pool);
}
END_TEST

START_TEST(bad_moves_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    rp_grid *grid = open_grid(pool, small);
    bool last = world_rank() == world_ranks() - 1;
    double all[64 * 64] = {0}, *field = alloc_field(pool, grid), *other = alloc_field(pool, grid);
    ck_assert_int_eq(rp_grid_scatter(grid, -1, all, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, world_ranks(), all, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, NULL, field), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, all, last ? NULL : field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, last ? field + 1 : field, all), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, field), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, other + 1), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_grid_gather(grid, last, field, all), RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_grid_gather(grid, 0, last ? other : field, all), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_grid_alloc(grid, last ? NULL : (void **)&other), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_scatter(grid, 0, all, field), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(misuse_of_an_exchange)
{
    rp_pool *pool = open_pool();
    rp_grid *grid = open_grid(pool, small);
    double all[64 * 64] = {0}, *field = alloc_field(pool, grid);
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_ERR_STATE);
    ck_assert_int_eq(rp_last_error(pool)->rank, world_rank());
    ck_assert_int_eq(rp_grid_exchange_begin(grid, all), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_loop_open(pool, 1, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_STATE);
    ck_assert_ptr_nonnull(grid);
    while (rp_loop_next(loop, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_gather(grid, 0, field, all), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_end(grid), RP_ERR_STATE);
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
    ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_ptr_null(grid);
    check_round_trip(pool, small, 0, 0);
    close_pool(pool);
}
END_TEST

/* Exchanges until an exchange fails, at most `most` times. */
static int exchange_while_good(rp_grid *grid, void *field, int most)
{
    int step = 0;
    while (step < most && rp_grid_exchange_begin(grid, field) == RP_OK &&
           rp_grid_exchange_end(grid) == RP_OK)
        step++;
    return step;
}

/* A rank gives up after some steps. The others learn of it from neighbour to neighbour (a rank
 * without cells when it closes the grid), and the pool stays usable. */
START_TEST(a_rank_that_gives_up_leaves_nobody_waiting)
{
    const int quits_after = 7, never = 1000000;
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        bool quits = world_rank() == 0;
        int steps = exchange_while_good(grid, field, quits ? quits_after : never);
        bool alone = length(rp_grid_rows(grid)) == 0;
        if (quits || alone)
            ck_assert_int_eq(steps, quits ? quits_after : never);
        else
            ck_assert(steps < never && rp_last_error(pool)->status == RP_ERR_STATE);
        if (!quits && !alone)
            ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_ERR_STATE);
        rp_status expected = world_ranks() > 1 ? RP_ERR_MISMATCH : RP_OK;
        ck_assert_int_eq(rp_grid_close(&grid), expected);
        if (world_ranks() > 1)
            check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        check_round_trip(pool, small, 0, 0);
        close_pool(pool);
    }
}
END_TEST

/* The same with a rank that closes the pool at once, with its grid. */
START_TEST(a_rank_that_closes_the_pool_leaves_nobody_waiting)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        bool quits = world_rank() == 0;
        exchange_while_good(grid, field, quits ? 3 : 1000000);
        if (quits)
            ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
        ck_assert_int_eq(rp_close(&pool), RP_OK);
    }
}
END_TEST

/* An exchange detects that a neighbour waits in another call. Mismatched calls follow. */
START_TEST(a_rank_in_another_call_leaves_nobody_waiting)
{
    for (int i = 0; i < NODE_SIZES; i++) {
        rp_pool *pool = open_nodes(node_sizes[i]);
        rp_grid *grid = open_grid(pool, small);
        void *field = alloc_field(pool, grid);
        if (world_rank() == 0) {
            exchange_while_good(grid, field, 5);
            rp_status expected = world_ranks() > 1 ? RP_ERR_MISMATCH : RP_OK;
            ck_assert_int_eq(rp_barrier(pool), expected);
            rp_grid_close(&grid);
        } else {
            exchange_while_good(grid, field, 1000000);
            ck_assert_int_eq(rp_grid_close(&grid), RP_ERR_MISMATCH);
        }
        ck_assert_ptr_null(grid);
        rp_close(&pool);
    }
}
END_TEST

/* ---- MPI that fails -------------------------------------------------------------------------- */

enum {
    NOTICE_TAG = 2, /* of the counts exchanged by neighbours on different nodes */
    RELEASE_TAG = 99
};

static bool next_notice_fails, next_probe_fails;

int MPI_Isend(const void *memory, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request *request)
{
    bool fails = next_notice_fails && tag == NOTICE_TAG;
    next_notice_fails = next_notice_fails && !fails;
    return fails ? MPI_ERR_OTHER : PMPI_Isend(memory, count, type, to, tag, comm, request);
}

/* Releases rank 0 when the probe fails, so that the exchange ends in any case. */
int MPI_Iprobe(int from, int tag, MPI_Comm comm, int *found, MPI_Status *status)
{
    if (!next_probe_fails || tag != NOTICE_TAG)
        return PMPI_Iprobe(from, tag, comm, found, status);
    next_probe_fails = false;
    PMPI_Send(NULL, 0, MPI_BYTE, 0, RELEASE_TAG, MPI_COMM_WORLD);
    return MPI_ERR_OTHER;
}

/* Rank 0 cannot notify its neighbours that it enters an agreement, so it votes for the failure. The
 * next notice includes the missed one; the call that closes the grid is followed by none. */
START_TEST(a_notice_that_is_not_sent_fails_the_call)
{
    rp_pool *pool = open_nodes(1);
    rp_grid *grid = open_grid(pool, small);
    void *field = alloc_field(pool, grid);
    if (world_ranks() > 1) {
        next_notice_fails = world_rank() == 0;
        ck_assert_int_eq(rp_barrier(pool), RP_ERR_MPI);
        check_same_error(rp_last_error(pool), RP_ERR_MPI);
        ck_assert_int_eq(rp_last_error(pool)->rank, 0);
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
    }
    ck_assert_int_eq(exchange_while_good(grid, field, 3), 3);
    next_notice_fails = world_ranks() > 1 && world_rank() == 0;
    ck_assert_int_eq(rp_grid_close(&grid), world_ranks() > 1 ? RP_ERR_MPI : RP_OK);
    ck_assert_ptr_null(grid);
    check_round_trip(pool, small, 0, 0);
    close_pool(pool);
}
END_TEST

/* Rank 1 waits for rank 0, on the same node if the nodes are as configured, and probes for messages
 * from other nodes meanwhile. */
START_TEST(a_probe_that_fails_fails_the_exchange)
{
    rp_pool *pool = open_nodes(2);
    rp_grid *grid = open_grid(pool, small);
    void *field = alloc_field(pool, grid);
    bool fails = world_rank() == 1 && world_ranks() > 2;
    if (world_rank() == 0 && world_ranks() > 2)
        MPI_Recv(NULL, 0, MPI_BYTE, 1, RELEASE_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    next_probe_fails = fails;
    ck_assert_int_eq(rp_grid_exchange_begin(grid, field), RP_OK);
    ck_assert_int_eq(rp_grid_exchange_end(grid), fails ? RP_ERR_MPI : RP_OK);
    ck_assert(!next_probe_fails);
    if (fails)
        ck_assert_int_eq(rp_last_error(pool)->status, RP_ERR_MPI);
    ck_assert_int_eq(rp_grid_close(&grid), RP_OK);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"bad shapes are refused by all", &bad_shapes_are_refused_by_all},
    {"fields that are too large", &fields_that_are_too_large},
    {"bad moves are refused by all", &bad_moves_are_refused_by_all},
    {"misuse of an exchange", &misuse_of_an_exchange},
    {"a rank that gives up leaves nobody waiting", &a_rank_that_gives_up_leaves_nobody_waiting},
    {"a rank that closes the pool leaves nobody waiting",
     &a_rank_that_closes_the_pool_leaves_nobody_waiting},
    {"a rank in another call leaves nobody waiting", &a_rank_in_another_call_leaves_nobody_waiting},
    {"a notice that is not sent fails the call", &a_notice_that_is_not_sent_fails_the_call},
    {"a probe that fails fails the exchange", &a_probe_that_fails_fails_the_exchange},
    {NULL, NULL},
};
const struct test_group grid_errors_tests = {"grid_errors", cases};
