#include "resilience/survival.h"

#include "checked_kinds.h"
#include "same_random.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const kind_names[KINDS] = {
    "map of the root",  "map on nodes",     "map on ranks",          "map of ranges",
    "map until enough", "reduce",           "reduce of an input",    "loop",
    "stream",           "unordered stream", "stream of large items", "calls",
    "worklist"};

rp_pool *pool;
double *in, *out, *node_out;
int file = -1, node_of[MOST_RANKS];
int64_t *notes;
bool dies[MOST_RANKS];
double result;
uint64_t paths[2];
int64_t consumed, given_up, calls_to_death;

static int64_t produced; /* items of a stream */

void require(bool holds, const char *what, int64_t item)
{
    if (holds)
        return;
    fprintf(stderr, "FAILED: %s (item %" PRId64 ") on rank %d: %s\n", what, item, rp_rank(pool),
            rp_last_error(pool)->text);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/* ---- computation ----------------------------------------------------------------------------- */

double value_of(int64_t item, unsigned burn)
{
    uint64_t word = (uint64_t)item;
    for (unsigned i = 0; i <= burn; i++)
        word = mix_word(word + i);
    return (double)(word >> 11);
}

/* All ranks that die may by chance have the same item in progress, one after the other: suspects
 * are tried before others. The item is then correctly given up. Volatile: the note must be there
 * when the rank is killed. */
static void take_in_hand(int64_t item_and_one)
{
    ((volatile int64_t *)notes)[rp_rank(pool)] = item_and_one;
}

int whole_nodes_lost(void)
{
    int lost = 0;
    for (int node = 0; node < rp_nodes(pool); node++) {
        bool lives = false;
        for (int rank = 0; rank < rp_ranks(pool); rank++)
            lives |= node_of[rank] == node && !dies[rank];
        lost += !lives;
    }
    return lost;
}

/* A rank without an item may have been given this one just before it died. The first rank to die
 * may have had another: all items of its chunk are suspected, and so are all of a node of which
 * every rank has died, since nobody can tell what these ranks computed. But an item is given up
 * only if a death in it is certain (sched/failure_accounting.h). */
bool rightly_given_up(int64_t item)
{
    int died = 0, certain = whole_nodes_lost() > 0 ? 1 : DEATHS_IN_A_ROW - 1;
    for (int rank = 0; rank < rp_ranks(pool); rank++)
        died += dies[rank] && (notes[rank] == item + 1 || notes[rank] == 0);
    return died >= certain;
}

static double compute(int64_t item, unsigned burn)
{
    take_in_hand(item + 1);
    if (calls_to_death > 0 && --calls_to_death == 0)
        raise(SIGKILL);
    double value = value_of(item, burn);
    take_in_hand(0);
    return value;
}

static int map_item(rp_task *task, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    double added = input != NULL ? *(const double *)input : 0;
    *(double *)output = compute(rp_task_item(task), job->burn) + added;
    bool enough = job->kind == MAP_ENOUGH && rp_task_item(task) == job->n / 2;
    return enough ? rp_task_enough(task, rp_task_item(task)) : 0;
}

static int map_range(rp_task *task, rp_range range, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    for (int64_t item = range.begin; item < range.end; item++)
        ((double *)output)[item - range.begin] = compute(item, job->burn);
    (void)input;
    return 0;
}

static int reduce_range(rp_task *task, rp_range range, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    const double *added = input;
    double *values = rp_task_out(task);
    for (int64_t item = range.begin; item < range.end; item++) {
        double value = compute(item, job->burn);
        *(double *)output +=
            1 / (1 + value) + (added != NULL ? 1e-20 * added[item - range.begin] : 0);
        if (values != NULL)
            values[item - range.begin] = value;
    }
    return 0;
}

static int join(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static rp_status do_map(const struct checked_job *job)
{
    bool on_nodes = job->kind == MAP_ON_NODES, of_root = job->kind == MAP_OF_ROOT;
    rp_map_job map = {
        .n = job->n,
        .item = job->kind == MAP_RANGES ? NULL : map_item,
        .range = job->kind == MAP_RANGES ? map_range : NULL,
        .in = of_root ? in : NULL,
        .in_size = of_root ? sizeof *in : 0,
        .out = on_nodes ? node_out : out,
        .out_size = sizeof *out,
        .out_place = on_nodes                    ? RP_ON_NODES
                     : job->kind == MAP_ON_RANKS ? RP_ON_RANKS
                                                 : RP_ON_ROOT,
        .options = {.user = (void *)(uintptr_t)job, .schedule = job->schedule},
    };
    return rp_map(pool, &map);
}

bool reduces_with_results(const struct checked_job *job)
{
    return job->kind == REDUCE_INPUT && rp_nodes(pool) == 1;
}

static rp_status do_reduce(const struct checked_job *job)
{
    static const double zero;
    bool results = reduces_with_results(job);
    rp_reduce_job reduce = {
        .n = job->n,
        .body = reduce_range,
        .combine = join,
        .identity = &zero,
        .in = job->kind == REDUCE_INPUT ? in : NULL,
        .in_size = job->kind == REDUCE_INPUT ? sizeof *in : 0,
        .out = results ? out : NULL,
        .out_size = results ? sizeof *out : 0,
        .out_place = job->n % 2 == 0 ? RP_ON_ROOT : RP_ON_RANKS,
        .result = &result,
        .result_size = sizeof result,
        .options = {.user = (void *)(uintptr_t)job, .schedule = job->schedule},
    };
    return rp_reduce(pool, &reduce);
}

static rp_status do_loop(const struct checked_job *job)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = job->schedule};
    rp_status status = rp_loop_open(pool, job->n, &options, &loop);
    if (status != RP_OK)
        return status;
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            node_out[item] = compute(item, job->burn);
        size_t first = (size_t)range.begin * sizeof *node_out;
        size_t bytes = (size_t)(range.end - range.begin) * sizeof *node_out;
        if (file >= 0)
            require(pwrite(file, node_out + range.begin, bytes, (off_t)first) == (ssize_t)bytes,
                    "a file", range.begin);
    }
    return rp_loop_close(&loop, RP_OK);
}

/* ---- streams --------------------------------------------------------------------------------- */

enum {
    LARGE = 50000, /* doubles */
    LARGE_EVERY = 7
};

static size_t length_of(const struct checked_job *job, int64_t item)
{
    return job->kind == STREAM_LARGE && item % LARGE_EVERY == 0 ? LARGE : 1 + (size_t)item % 3;
}

/* The number of an item, repeated. */
static int produce(void *user, rp_buffer *item)
{
    const struct checked_job *job = user;
    if (produced == job->n)
        return RP_ITEM_LAST;
    size_t length = length_of(job, produced);
    double *numbers = rp_buffer_resize(item, length * sizeof *numbers);
    require(numbers != NULL, "memory", produced);
    for (size_t i = 0; i < length; i++)
        numbers[i] = (double)produced;
    produced++;
    return RP_ITEM;
}

static int stream_item(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    const struct checked_job *job = rp_task_user(task);
    const double *numbers = input;
    int64_t item = rp_task_item(task);
    size_t length = length_of(job, item);
    require(bytes == length * sizeof *numbers, "an input of another length", item);
    double *values = rp_buffer_resize(output, bytes);
    require(values != NULL, "memory", item);
    double value = compute(item, job->burn);
    for (size_t i = 0; i < length; i++) {
        require(numbers[i] == (double)item, "a spoilt input", item);
        values[i] = value;
    }
    return 0;
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    const struct checked_job *job = user;
    const double *values = data;
    if (error != NULL) {
        require(error->status == RP_ERR_LOST && rightly_given_up(item), "an error", item);
        given_up++;
        return 0;
    }
    require(job->kind == STREAM_UNORDERED || job->kind == CONTROLLED_CALLS || item == consumed,
            "out of order", item);
    require(out[item] == 0, "consumed twice", item);
    require(bytes == length_of(job, item) * sizeof *values, "a result of another length", item);
    for (size_t i = 1; i < length_of(job, item); i++)
        require(values[i] == values[0], "a spoilt result", item);
    out[item] = values[0];
    consumed++;
    return 0;
}

static rp_status do_stream(const struct checked_job *job)
{
    produced = consumed = 0;
    rp_stream_job stream = {
        .produce = produce,
        .work = stream_item,
        .consume = consume,
        .unordered = job->kind == STREAM_UNORDERED,
        .dedicated_root = job->n % 3 == 0,
        .window_items = job->n % 2 == 0 ? 0 : 1 + job->n % 500,
        .options = {.user = (void *)(uintptr_t)job,
                    .schedule = job->schedule == RP_SCHEDULE_DYNAMIC ? RP_SCHEDULE_DYNAMIC
                                                                     : RP_SCHEDULE_ADAPTIVE,
                    .chunk = job->schedule == RP_SCHEDULE_STATIC ? 20 : 0},
    };
    return rp_stream(pool, &stream);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void call_done(rp_control *control, rp_future *future, void *closure)
{
    const void *data;
    size_t bytes;
    (void)control;
    const struct checked_job *job = closure;
    const rp_error *error = rp_future_error(future);
    rp_future_result(future, &data, &bytes);
    if (error != NULL) { /* the other calls, and the job, succeed */
        out[error->item] = value_of(error->item, job->burn);
        consumed++;
    }
    consume(closure, rp_future_number(future), rp_future_error(future), data, bytes);
}

static int control_calls(rp_control *control, void *user)
{
    rp_buffer *item = rp_buffer_make();
    rp_status status = item != NULL ? RP_OK : RP_ERR_MEMORY;
    while (status == RP_OK && rp_buffer_resize(item, 0) == rp_buffer_data(item) &&
           produce(user, item) == RP_ITEM) {
        rp_call_options options = {.priority = (int)(produced % 5),
                                   .done = call_done,
                                   .closure = user};
        status = rp_submit(control, 0, rp_buffer_data(item), rp_buffer_size(item), &options, NULL);
    }
    rp_buffer_free(&item);
    return (int)(status == RP_OK ? rp_wait_all(control, INFINITY) : status);
}

static rp_status do_calls(const struct checked_job *job)
{
    static const rp_call_fn calls[] = {stream_item};
    produced = consumed = 0;
    return rp_control_run(pool,
                          &(rp_control_job){.controller = control_calls,
                                            .calls = calls,
                                            .call_count = 1,
                                            .dedicated_root = job->n % 3 == 0,
                                            .window_items = job->n % 2 == 0 ? 0 : 1 + job->n % 500,
                                            .options = {.user = (void *)(uintptr_t)job}});
}

/* ---- worklists ------------------------------------------------------------------------------- */

struct tree_sum {
    rp_exact values;
    uint64_t paths[2];
    int64_t items;
};

static int tree_item(rp_task *task, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    struct tree_sum *sum = output;
    int64_t item = *(const int64_t *)input;
    uint64_t path[2];
    for (int64_t child = 2 * item + 1; child <= 2 * item + 2 && child < job->n; child++)
        require(rp_task_add(task, &child) == 0, "a child", child);
    rp_exact_add(&sum->values, 1 / (1 + compute(item, job->burn)));
    rp_task_path(task, path);
    sum->paths[0] += path[0];
    sum->paths[1] += path[1];
    sum->items++;
    return 0;
}

static int tree_join(void *left, const void *right, void *user)
{
    struct tree_sum *sum = left;
    const struct tree_sum *other = right;
    sum->items += other->items;
    sum->paths[0] += other->paths[0];
    sum->paths[1] += other->paths[1];
    return rp_exact_combine(&sum->values, &other->values, user);
}

/* No value in the subtree of an item exceeds its bound; many equal it. */
static int64_t tree_bound(int64_t item)
{
    int64_t bound = 0;
    for (; item > 0; item = (item - 1) / 2)
        bound -= mix_word((uint64_t)item) % 4 == 0;
    return bound;
}

static int64_t tree_value(int64_t item)
{
    return tree_bound(item) - (int64_t)(mix_word((uint64_t)item) >> 32) % 8;
}

static int bounded_item(rp_task *task, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    int64_t item = *(const int64_t *)input;
    (void)output;
    if (rp_task_prunable(task, (double)tree_bound(item)))
        return 0;
    compute(item, job->burn);
    for (int64_t child = 2 * item + 1; child <= 2 * item + 2 && child < job->n; child++)
        require(rp_task_prunable(task, (double)tree_bound(child)) || rp_task_add(task, &child) == 0,
                "a child", child);
    return rp_task_improve(task, (double)tree_value(item), &item);
}

/* The first item of a subtree, in the order of a single rank, that is better than `best`. */
static int64_t tree_best(const struct checked_job *job, int64_t item, int64_t best)
{
    if (item >= job->n)
        return best;
    if (best < 0 || tree_value(item) > tree_value(best))
        best = item;
    return tree_best(job, 2 * item + 1, tree_best(job, 2 * item + 2, best));
}

/* The item of the best value, if ranks leave out what cannot be better. */
static rp_status do_branch_and_bound(const struct checked_job *job)
{
    const int64_t root = 0;
    int64_t found = -1, expected = tree_best(job, 0, -1);
    double best = 0;
    rp_worklist_job worklist = {.seeds = &root,
                                .n = 1,
                                .item_size = sizeof root,
                                .work = bounded_item,
                                .memory = job->n % 2 == 0 ? 0 : 20000,
                                .options = {.user = (void *)(uintptr_t)job},
                                .goal = RP_GOAL_MAXIMISE,
                                .best = &best,
                                .witness = &found,
                                .witness_size = sizeof found};
    rp_status status = rp_worklist(pool, &worklist);
    require(status != RP_OK || (found == expected && best == (double)tree_value(expected)),
            "another witness", found);
    result = best;
    return status;
}

static rp_status do_worklist(const struct checked_job *job)
{
    const struct tree_sum none = {.items = 0};
    const int64_t root = 0;
    struct tree_sum sum;
    rp_worklist_job worklist = {.seeds = &root,
                                .n = 1,
                                .item_size = sizeof root,
                                .work = tree_item,
                                .combine = tree_join,
                                .identity = &none,
                                .result = &sum,
                                .result_size = sizeof sum,
                                .memory = job->n % 2 == 0 ? 0 : 5000,
                                .options = {.user = (void *)(uintptr_t)job}};
    rp_status status = rp_worklist(pool, &worklist);
    require(status != RP_OK || sum.items == job->n, "another number of items", sum.items);
    result = rp_exact_value(&sum.values);
    memcpy(paths, sum.paths, sizeof paths);
    return status;
}

rp_status do_kind(const struct checked_job *job)
{
    switch (job->kind) {
    case LOOP:
        return do_loop(job);
    case REDUCE:
    case REDUCE_INPUT:
        return do_reduce(job);
    case STREAM:
    case STREAM_UNORDERED:
    case STREAM_LARGE:
        return do_stream(job);
    case CONTROLLED_CALLS:
        return do_calls(job);
    case WORKLIST:
        return job->n % 3 == 0 ? do_branch_and_bound(job) : do_worklist(job);
    default:
        return do_map(job);
    }
}
