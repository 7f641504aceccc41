#include "commands/ranks.h"

#include "base/clock.h"
#include "base/error.h"
#include "commands/command.h"
#include "commands/jobs.h"
#include "commands/result.h"
#include "common/program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The root's thread that runs commands. */
struct local {
    struct runner runner;
    pthread_t thread;
    bool running;
    atomic_bool stop; /* now: the stream has failed */
};

struct ranks {
    rp_pool *pool;
    const struct settings *settings;
    struct runner runner; /* of this rank's tasks */
    /* On the root: */
    struct jobs jobs;
    int64_t items, pending; /* of the stream: produced, and without a result so far */
    struct local local;
};

/* ---- running a command ----------------------------------------------------------------------- */

/* Runs a command until it succeeds, or has been tried often enough. RP_ERR_CANCELLED: it was
 * ended. */
static rp_status run_command(struct runner *runner, const struct settings *settings,
                             const struct command_request *request, rp_buffer *buffer,
                             rp_error *error)
{
    for (uint64_t tries = 1;; tries++) {
        struct command_end end;
        if (runner_run(runner, request, &end, error) != RP_OK)
            return error->status;
        bool last = tries == settings->tries || command_succeeded(&end);
        if (!end.cancelled && last)
            return result_make(buffer, request->number, &end, error);
        command_discard(&end);
        if (end.cancelled || request->cancelled(request->closure))
            return rpi_error_set(error, RP_ERR_CANCELLED, "ended");
    }
}

/* ---- the stream ------------------------------------------------------------------------------ */

/* Whether each other rank of the node has a command. None gets a second one before, since that
 * would wait for the first, though the root may be free for it; nor may it begin after a failure.
 * Between nodes we do not know who has them: a rank could have two, and another one none. */
static bool ranks_are_served(const struct ranks *ranks)
{
    int64_t others = rp_ranks(ranks->pool) > 1 ? rp_ranks(ranks->pool) - 1 : 1;
    return rp_nodes(ranks->pool) == 1 && ranks->pending >= others;
}

static int produce_command(void *user, rp_buffer *item)
{
    struct ranks *ranks = user;
    const struct job *job;
    if (ranks_are_served(ranks))
        return RP_ITEM_LATER;
    enum jobs_state state = jobs_next(&ranks->jobs, ranks->items, &job);
    if (state != JOBS_ONE)
        return state == JOBS_LATER ? RP_ITEM_LATER : RP_ITEM_LAST;
    ranks->items++;
    ranks->pending++;
    bool done = rp_buffer_append(item, &job->number, sizeof job->number) == 0 &&
                rp_buffer_append(item, job->command, strlen(job->command) + 1) == 0;
    return done ? RP_ITEM : -1;
}

static bool task_cancelled(void *task)
{
    return rp_task_cancelled(task);
}

static int run_item(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    struct ranks *ranks = rp_task_user(task);
    struct command_request request = {.text = (const char *)in + sizeof request.number,
                                      .timeout = ranks->settings->timeout,
                                      .cancelled = task_cancelled,
                                      .closure = task};
    rp_error error;
    (void)bytes;
    memcpy(&request.number, in, sizeof request.number);
    if (run_command(&ranks->runner, ranks->settings, &request, result, &error) == RP_OK)
        return 0;
    return rp_task_fail(task, rp_task_item(task), 1, "%s", error.text);
}

static int consume_result(void *user, int64_t item, const rp_error *error, const void *data,
                          size_t bytes)
{
    struct ranks *ranks = user;
    (void)bytes;
    ranks->pending--;
    if (error != NULL)
        jobs_lose(&ranks->jobs, item, error->text);
    else
        jobs_finish(&ranks->jobs, data);
    return jobs_over(&ranks->jobs);
}

/* ---- the root's own commands ----------------------------------------------------------------- */

static bool local_cancelled(void *closure)
{
    struct ranks *ranks = closure;
    return atomic_load_explicit(&ranks->local.stop, memory_order_relaxed) ||
           rp_interrupted(ranks->pool) || jobs_over(&ranks->jobs);
}

/* Ends what other ranks run. The consumer can end a stream, but is not called before one of their
 * commands has ended; the pool can be interrupted at any time. */
static void stream_end_early(void)
{
    kill(getpid(), SIGUSR1);
}

static void local_run_job(struct ranks *ranks, const struct job *job, rp_buffer *buffer)
{
    rp_error error;
    struct command_request request = {.text = job->command,
                                      .number = job->number,
                                      .timeout = ranks->settings->timeout,
                                      .cancelled = local_cancelled,
                                      .closure = ranks};
    rp_status status = run_command(&ranks->local.runner, ranks->settings, &request, buffer, &error);
    if (status != RP_OK && status != RP_ERR_CANCELLED)
        status = result_make_lost(buffer, job->number, error.text, &error);
    if (status == RP_OK)
        jobs_finish(&ranks->jobs, rp_buffer_data(buffer));
    if (jobs_over(&ranks->jobs))
        stream_end_early();
}

static void *local_run(void *closure)
{
    struct ranks *ranks = closure;
    const struct job *job;
    rp_buffer *buffer = rp_buffer_make();
    enum jobs_state state = JOBS_END;
    while (buffer != NULL && !local_cancelled(ranks) &&
           (state = jobs_next(&ranks->jobs, -1, &job)) != JOBS_END) {
        if (state == JOBS_ONE)
            local_run_job(ranks, job, buffer);
        else
            rpi_sleep(1e-3);
    }
    rp_buffer_free(&buffer);
    return NULL;
}

/* Signals are for the thread of the pool. Without a thread the other ranks run all commands. */
static void local_start(struct ranks *ranks)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ranks->local.running = pthread_create(&ranks->local.thread, NULL, local_run, ranks) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void local_end(struct ranks *ranks, bool stop)
{
    atomic_store_explicit(&ranks->local.stop, stop, memory_order_relaxed);
    if (ranks->local.running)
        pthread_join(ranks->local.thread, NULL);
}

/* ---- begin and end --------------------------------------------------------------------------- */

static rp_status ranks_open(struct ranks *ranks, rp_error *error)
{
    ranks->jobs.log.file = -1;
    if (runner_open(&ranks->runner, error) != RP_OK || !program_speaks(ranks->pool))
        return error->status;
    if (jobs_open(&ranks->jobs, ranks->settings, error) != RP_OK || rp_ranks(ranks->pool) == 1)
        return error->status;
    return runner_open(&ranks->local.runner, error);
}

static void ranks_close(struct ranks *ranks)
{
    if (program_speaks(ranks->pool))
        jobs_close(&ranks->jobs);
    if (program_speaks(ranks->pool) && rp_ranks(ranks->pool) > 1)
        runner_close(&ranks->local.runner);
    runner_close(&ranks->runner);
}

static rp_status run_stream(struct ranks *ranks)
{
    rp_stream_job job = {.produce = produce_command,
                         .work = run_item,
                         .consume = consume_result,
                         .unordered = true,
                         .dedicated_root = true,
                         .options = {.user = ranks,
                                     .schedule = RP_SCHEDULE_DYNAMIC,
                                     .chunk = 1,
                                     .on_failure = RP_ON_FAILURE_CONTINUE,
                                     .name = "farm",
                                     .unit = "commands"}};
    bool root = program_speaks(ranks->pool);
    program_prints(ranks->pool);
    if (root && rp_ranks(ranks->pool) > 1)
        local_start(ranks);
    rp_status status = rp_stream(ranks->pool, &job);
    if (root)
        local_end(ranks, status != RP_OK);
    return status;
}

/* Whether a status of the stream is already in the results: we ended it, or some commands were lost
 * with their ranks. */
static bool status_is_told(rp_status status, bool over, int64_t open)
{
    return (status == RP_ERR_INTERRUPTED && over) ||
           ((status == RP_ERR_LOST || status == RP_ERR_TASK) && open == 0);
}

/* On the root: prints what waits, and an error, if there was one. */
static rp_status finish_output(struct ranks *ranks, rp_status status)
{
    rp_error error;
    bool over = jobs_over(&ranks->jobs);
    int64_t open = jobs_flush(&ranks->jobs, &error);
    if (error.status != RP_OK) {
        fprintf(stderr, "farm: %s\n", error.text);
        return error.status;
    }
    if (status != RP_OK && !status_is_told(status, over, open)) {
        rp_report(ranks->pool, "farm");
        return status;
    }
    if (open == 0 || over || !rp_interrupted(ranks->pool))
        return RP_OK;
    fprintf(stderr, "farm: interrupted\n");
    return RP_ERR_INTERRUPTED;
}

static rp_status run_or_print(struct ranks *ranks)
{
    rp_error error;
    bool root = program_speaks(ranks->pool);
    if (!ranks->settings->dry_run) {
        rp_status status = run_stream(ranks);
        return root ? finish_output(ranks, status) : RP_OK; /* the root's status is that of all */
    }
    rp_status status = root ? jobs_print(&ranks->jobs, &error) : RP_OK;
    if (status != RP_OK)
        fprintf(stderr, "farm: %s\n", error.text);
    return status;
}

rp_status ranks_run(rp_pool *pool, const struct settings *settings, int64_t *failures)
{
    struct ranks ranks = {.pool = pool, .settings = settings};
    rp_error error;
    rp_status worst, status = ranks_open(&ranks, &error);
    if (status != RP_OK)
        fprintf(stderr, "farm: %s\n", error.text);
    rp_status met = rp_agree(pool, status, &worst);
    if (met == RP_OK && worst == RP_OK)
        status = run_or_print(&ranks);
    else
        status = met == RP_OK ? worst : met;
    *failures = ranks.jobs.failures;
    ranks_close(&ranks);
    return status;
}
