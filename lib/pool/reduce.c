/* The reduction: the partial results of all leaves, joined in a fixed tree. */
#include "base/error.h"
#include "pool/handover.h"
#include "pool/reduce_keeping.h"
#include "pool/survival.h"
#include "pool/work.h"
#include "world/message.h"
#include "world/mpi_error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT
};

struct reduction {
    const rp_reduce_job *job;
    struct choice choice;
    int64_t leaf;
    int64_t part;  /* items in one call of the body: a leaf, or less where its input is large. It
                      follows from the job alone, for the calls decide on the bits. */
    void *partial; /* of the leaf at hand */
    struct tree tree;
};

/* Enough leaves to balance any number of ranks, each long enough to hide what it costs. */
static int64_t leaf_of(int64_t n)
{
    const int64_t leaves = INT64_C(1) << 16, longest = INT64_C(1) << 20;
    int64_t leaf = n / leaves + (n % leaves != 0);
    return leaf < 1 ? 1 : leaf > longest ? longest : leaf;
}

static rp_status check(const rp_pool *pool, const rp_reduce_job *job, const struct array *input,
                       struct choice *choice, rp_error *error)
{
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK)
        return error->status;
    if (job->body == NULL || job->combine == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set body and combine");
    if (job->identity == NULL || job->result == NULL || job->result_size == 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "identity, result and result_size must be set on every rank");
    if (job->result_size > PTRDIFF_MAX)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "result_size is %zu", job->result_size);
    if (job->leaf < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "leaf is %" PRId64 ": give 0 or more",
                             job->leaf);
    if (job->options.on_failure == RP_KEEP_GOING || job->options.item_status != NULL)
        return rpi_error_set(
            error, RP_ERR_ARGUMENT,
            "on_failure and item_status are for rp_map(): a sum without some of its "
            "items would not be the sum");
    return rpi_array_check(pool, input, job->n, error);
}

static void set_terms(struct ballot *ballot, const rp_reduce_job *job, const struct choice *choice)
{
    rpi_job_terms(ballot, job->n, choice);
    ballot->terms[3] = (int64_t)job->in_size;
    ballot->terms[4] = job->in_place;
    ballot->terms[5] = (int64_t)job->result_size;
    ballot->terms[6] = job->leaf;
    ballot->terms[7] = (int64_t)job->options.seed;
    rpi_trial_terms(ballot, 8, &job->options);
}

static int join(void *left, const void *right, void *closure)
{
    const rp_reduce_job *job = closure;
    return job->combine(left, right, job->options.user);
}

static bool keep_partial(struct work *work, int64_t leaf_index)
{
    struct reduction *reduction = work->closure;
    if (rpi_tree_add(&reduction->tree, (struct tree_node){leaf_index, 0}, reduction->partial))
        return true;
    rpi_tree_explain(&reduction->tree, &work->task.failure);
    work->task.failure.item = leaf_index * reduction->leaf;
    rpi_task_failed(&work->task, reduction->tree.code, &work->failures);
    return false;
}

static int call_body(const struct trial *trial)
{
    struct work *work = trial->closure;
    const struct reduction *reduction = work->closure;
    return reduction->job->body(&work->task, trial->items, trial->in, trial->out);
}

static int try_body(struct work *work, rp_range part, const void *in)
{
    const struct reduction *reduction = work->closure;
    struct trial trial = {.items = part,
                          .in = in,
                          .out = reduction->partial,
                          .out_bytes = reduction->job->result_size,
                          .call = call_body,
                          .closure = work};
    return rpi_trial(&work->trials, &trial);
}

/* Folds a part into the partial result. */
static bool fold(struct work *work, rp_range part, const void *in)
{
    const struct reduction *reduction = work->closure;
    int code;
    if (work->careful) {
        code = try_body(work, part, in);
    } else {
        rpi_task_begin(&work->task, part.begin);
        code = reduction->job->body(&work->task, part, in, reduction->partial);
    }
    return code == 0 || rpi_work_failed(work, code) == RP_OK;
}

/* A piece is a part of a leaf, a leaf, or several: a leaf begins with the identity, and is kept
 * when its last item is done. */
static bool compute_part(struct work *work, rp_range part, const void *in)
{
    struct reduction *reduction = work->closure;
    const rp_reduce_job *job = reduction->job;
    if (part.begin % reduction->leaf == 0)
        memcpy(reduction->partial, job->identity, job->result_size);
    if (!fold(work, part, in))
        return false;
    bool complete = part.end % reduction->leaf == 0 || part.end == job->n;
    return !complete || keep_partial(work, part.begin / reduction->leaf);
}

/* Parts are counted from the beginning of their leaf. */
static int64_t end_of_part(const struct reduction *reduction, int64_t begin, int64_t most)
{
    int64_t within = begin % reduction->leaf;
    int64_t to_leaf = reduction->leaf - within;
    int64_t to_part = reduction->part - within % reduction->part;
    int64_t length = to_leaf < to_part ? to_leaf : to_part;
    return most - begin < length ? most : begin + length;
}

static int64_t compute(struct work *work, rp_range piece, void *const *at)
{
    struct reduction *reduction = work->closure;
    const char *in = at[INPUT];
    rp_range part = {piece.begin, piece.begin};
    while (part.end < piece.end && !work->stopping && !board_stopped(work->pool->board)) {
        part.begin = part.end;
        part.end = end_of_part(reduction, part.begin, piece.end);
        work->stopping = !compute_part(work, part, in);
        in += in != NULL ? (size_t)(part.end - part.begin) * reduction->job->in_size : 0;
    }
    return part.end - piece.begin;
}

static int send_tree(const struct world *world, const struct tree *tree)
{
    int root = world->root;
    int64_t count = tree->count;
    int code = rpi_message_send(&count, sizeof count, root, world->comm);
    for (int64_t i = 0; i < count && code == MPI_SUCCESS; i++) {
        code = rpi_message_send(&tree->nodes[i], sizeof tree->nodes[i], root, world->comm);
        if (code == MPI_SUCCESS)
            code = rpi_message_send(rpi_tree_value(tree, i), tree->value_size, root, world->comm);
    }
    return code;
}

/* Takes a rank's nodes into the root's tree. Goes on to receive after a failure, for the rank goes
 * on to send. */
static int receive_tree(const struct world *world, int rank, struct reduction *reduction,
                        bool *kept)
{
    int64_t count = 0;
    struct tree_node node;
    int code = rpi_message_receive(&count, sizeof count, rank, world->comm);
    for (int64_t i = 0; i < count && code == MPI_SUCCESS; i++) {
        code = rpi_message_receive(&node, sizeof node, rank, world->comm);
        if (code == MPI_SUCCESS)
            code = rpi_message_receive(reduction->partial, reduction->job->result_size, rank,
                                       world->comm);
        *kept = *kept && rpi_tree_add(&reduction->tree, node, reduction->partial);
    }
    return code;
}

/* The root joins what all ranks hold, and so has the result. */
static rp_status gather_trees(const struct world *world, struct reduction *reduction,
                              rp_error *error)
{
    bool kept = true;
    int code = MPI_SUCCESS;
    if (world->rank != world->root)
        return rpi_mpi_check(send_tree(world, &reduction->tree), "MPI_Send", error);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        if (rank != world->root)
            code = receive_tree(world, rank, reduction, &kept);
    }
    if (rpi_mpi_check(code, "MPI_Recv", error) != RP_OK)
        return error->status;
    if (!kept || !rpi_tree_settle(&reduction->tree) || !rpi_tree_finish(&reduction->tree))
        rpi_tree_explain(&reduction->tree, error);
    return error->status;
}

/* With the result on the root, the ranks meet to hear whether it came about, and all get it. */
static rp_status publish(rp_pool *pool, struct reduction *reduction)
{
    const struct world *world = &pool->world;
    const rp_reduce_job *job = reduction->job;
    struct ballot ballot = rpi_ballot(CALL_REDUCED);
    pool->loop.open = true; /* combine is the program's: no other call on the pool from it */
    gather_trees(world, reduction, &ballot.error);
    pool->loop.open = false;
    if (rpi_pool_meet(pool, &ballot) != RP_OK)
        return pool->last.status;
    if (world->rank == world->root)
        memcpy(job->result, job->n > 0 ? rpi_tree_value(&reduction->tree, 0) : job->identity,
               job->result_size);
    int code = rpi_message_broadcast(job->result, job->result_size, world->root, world->comm);
    rpi_record_until_now(pool->recorder, COMMUNICATING);
    return rpi_mpi_check(code, "MPI_Bcast", &pool->last);
}

/* Where ranks survive. The pool's last error tells how it went. */
static bool hand_over(struct work *work)
{
    struct reduction *reduction = work->closure;
    const rp_reduce_job *job = reduction->job;
    struct handover handover = {
        .pool = work->pool,
        .leaves = job->n / reduction->leaf + (job->n % reduction->leaf != 0),
        .leaf = reduction->leaf,
        .units = work->units,
        .tree = &reduction->tree,
        .identity = job->identity,
        .result = job->result,
    };
    bool again;
    return rpi_hand_over(&handover, &again) == RP_OK && again;
}

/* Before anybody computes: what is kept is there. */
static void restore(struct work *work, rp_error *error)
{
    if (error->status == RP_OK)
        rpi_reduce_keeping_restore((struct reduce_keeping *)work->keeping, error);
}

static rp_status work_off(rp_pool *pool, const struct array *input, struct reduction *reduction,
                          struct keeping *keeping)
{
    const rp_options *options = &reduction->job->options;
    struct work work = {
        .pool = pool,
        .units = rpi_units_cut_leaves(reduction->job->n, reduction->leaf),
        .choice = reduction->choice,
        .call_seconds = options->call_seconds,
        .arrays = input,
        .array_count = 1,
        .piece = rpi_work_piece(input, 1),
        .fence = reduction->leaf,
        .begin = keeping != NULL ? restore : NULL,
        .compute = compute,
        .again = pool->survives ? hand_over : NULL,
        .closure = reduction,
        .keeping = keeping,
        .task = {.user = options->user, .seed = options->seed, .pool = pool},
        .careful = rpi_trial_needed(options),
        .trials = {.pool = pool, .options = options, .task = &work.task},
    };
    /* Whole leaves, if several fit into a piece. */
    if (work.piece >= reduction->leaf) {
        work.piece -= work.piece % reduction->leaf;
        work.fence = 0;
    }
    rp_status status = rpi_work_off(&work);
    return status == RP_OK && !pool->survives ? publish(pool, reduction) : status;
}

static rp_status work_off_and_keep(rp_pool *pool, const struct array *input,
                                   struct reduction *reduction, const struct job_form *form)
{
    struct reduce_keeping keeping;
    rpi_reduce_keeping_begin(&keeping, pool, form, &reduction->tree);
    rp_status status = work_off(pool, input, reduction, &keeping.keeping);
    rpi_reduce_keeping_end(&keeping, status);
    return status;
}

/* What tells the job from others, for what is kept of it. */
static struct job_form form_of(const rp_pool *pool, const struct reduction *reduction)
{
    const rp_reduce_job *job = reduction->job;
    return (struct job_form){.kind = JOURNAL_LEAVES,
                             .n = job->n,
                             .in_bytes = (int64_t)job->in_size,
                             .out_bytes = (int64_t)job->result_size,
                             .leaf = reduction->leaf,
                             .seed = job->options.seed,
                             .inputs = rpi_keeping_inputs(pool, job->in, job->n, job->in_size)};
}

/* Meets to open the job. On RP_OK `reduction` is complete, and `form`, if the work is kept. */
static rp_status open_job(rp_pool *pool, const rp_reduce_job *job, const struct array *input,
                          struct reduction *reduction, struct job_form *form)
{
    struct choice *choice = &reduction->choice;
    struct ballot ballot = rpi_ballot(CALL_REDUCE);
    int64_t piece = rpi_work_piece(input, 1);
    check(pool, job, input, choice, &ballot.error);
    if (ballot.error.status == RP_OK) {
        reduction->leaf = job->leaf > 0 ? job->leaf : leaf_of(job->n);
        reduction->part = piece < reduction->leaf ? piece : reduction->leaf;
        reduction->tree = rpi_tree_begin(job->result_size, join, (void *)(uintptr_t)job);
        reduction->partial = malloc(job->result_size);
        if (reduction->partial == NULL)
            rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for a partial result");
    }
    if (pool->checkpoint != NULL && ballot.error.status == RP_OK) {
        *form = form_of(pool, reduction);
        rpi_checkpoint_check(pool, form, &ballot.error);
    }
    set_terms(&ballot, job, choice);
    rpi_watch_provide(pool, &job->options, &ballot.error);
    return rpi_pool_meet(pool, &ballot);
}

rp_status rp_reduce(rp_pool *pool, const rp_reduce_job *job)
{
    static const rp_reduce_job no_job;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    const rp_reduce_job *asked = job != NULL ? job : &no_job;
    const struct array input = {"in",           (void *)(uintptr_t)asked->in,
                                asked->in_size, asked->in_place,
                                false,          false,
                                RP_ON_ROOT};
    struct reduction reduction = {.job = asked, .choice = {RP_ADAPTIVE, 0}};
    struct job_form form;
    rpi_survival_enter(pool);
    rp_status status = open_job(pool, asked, &input, &reduction, &form);
    if (status == RP_OK)
        status = pool->checkpoint != NULL ? work_off_and_keep(pool, &input, &reduction, &form)
                                          : work_off(pool, &input, &reduction, NULL);
    rpi_tree_end(&reduction.tree);
    free(reduction.partial);
    rpi_survival_leave(pool);
    return status;
}
