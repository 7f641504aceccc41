#include "calls/worker.h"

#include "base/buffer.h"
#include "calls/message.h"
#include "diag/check.h"

void rpi_call_worker_begin(struct call_worker *worker, rp_pool *pool, const rp_control_job *job)
{
    *worker = (struct call_worker){.job = job, .limits = job->options};
    worker->attempts = (struct attempts){.pool = pool, .options = &worker->limits};
}

void rpi_call_worker_end(struct call_worker *worker)
{
    rpi_attempts_end(&worker->attempts);
}

struct call_once {
    rp_task *task;
    rp_call_fn call;
    size_t bytes;
    rp_buffer *result;
};

/* Discards what an earlier attempt left of a result. */
static int call_once(const struct attempt *attempt)
{
    const struct call_once *once = attempt->closure;
    once->result->size = 0;
    rpi_check_result_before(once->task->pool, once->result);
    int code = once->call(once->task, attempt->in, once->bytes, once->result);
    return rpi_check_result_after(once->task, once->result, code);
}

int rpi_call_work(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    struct call_worker *worker = rp_task_user(task);
    const struct call_message *message = in;
    const void *input = rpi_message_input(message, bytes, worker->job->call_count);
    if (input == NULL)
        return rp_task_fail(task, task->item, 1, "the message of a call is damaged");
    struct call_once once = {task, worker->job->calls[message->call], message->bytes, result};
    struct attempt attempt = {.items = {message->number, message->number + 1},
                              .in = input,
                              .call = call_once,
                              .closure = &once};
    worker->limits.retries = (int)message->retries;
    worker->limits.item_seconds = message->seconds;
    worker->attempts.task = task;
    task->deadline = 0;
    task->message = message;
    task->user = worker->job->options.user;
    int code = rpi_attempt(&worker->attempts, &attempt);
    task->user = worker;
    task->message = NULL;
    return code;
}
