#include "engine/task.h"

#include "base/clock.h"
#include "base/error.h"
#include "pool/pool.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

int64_t rp_task_item(const rp_task *task)
{
    return task->item;
}

void *rp_task_user(const rp_task *task)
{
    return task->user;
}

void *rp_task_out(const rp_task *task)
{
    return task->out;
}

int rp_task_attempt(const rp_task *task)
{
    return task->attempt;
}

bool rp_task_cancelled(rp_task *task)
{
    if (task->attend != NULL)
        task->attend(task->attend_closure);
    if (work_queue_stopped(task->pool->work_queue)) {
        task->cancelled = true;
        return true;
    }
    if (task_withdrawn(task))
        return true;
    return task->deadline > 0 && rpi_clock_seconds() > task->deadline;
}

int rp_task_enough(rp_task *task, int64_t item)
{
    if (task->call == CALL_STREAM || task->call == CALL_CONTROL)
        return rp_task_fail(task, item, 1,
                            "rp_task_enough() is not for streams and calls: their consumer or "
                            "controller ends them");
    if (item < 0)
        return rp_task_fail(task, task->item, 1,
                            "rp_task_enough() with item %" PRId64
                            ": give an item of the call, as rp_task_item()",
                            item);
    if (task->enough != NULL)
        *task->enough = item < INT64_MAX ? item + 1 : item;
    else
        rpi_pool_enough(task->pool, item);
    return 0;
}

void rp_task_random(const rp_task *task, int64_t item, rp_random *random)
{
    if (task->worker == NULL) {
        rp_random_begin(random, task->seed, item);
        return;
    }
    uint64_t stream[2];
    path_child(task_path(task), ~(uint64_t)item, stream); /* not the number of a child */
    rp_random_begin(random, task->seed ^ stream[0], (int64_t)stream[1]);
}

int rp_task_fail(rp_task *task, int64_t item, int code, const char *format, ...)
{
    char text[sizeof task->failure.text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rpi_error_set(&task->failure, RP_ERR_TASK, "%s", text);
    task->failure.item = item;
    return code != 0 ? code : 1;
}

rp_status rpi_task_failed(struct rp_task *task, int code, struct failures *failures)
{
    rp_error *failure = &task->failure;
    if (failure->status == RP_OK) {
        rpi_error_set(failure, RP_ERR_TASK, "item %" PRId64 " failed with code %d", task->item,
                      code);
        failure->item = task->item;
    }
    failure->task_code = code;
    if (failures->count++ == 0 || failure->item < failures->lowest.item)
        failures->lowest = *failure;
    rp_status status = failure->status;
    rpi_error_clear(failure);
    return status;
}

void rpi_failures_give_up(struct failures *failures, int64_t count)
{
    rp_error *lowest = &failures->lowest, failure = *lowest;
    rpi_error_set(lowest, failure.status, "given up after %" PRId64 " failures, such as: %.400s",
                  count, failure.text);
    lowest->task_code = failure.task_code;
}

void rpi_error_late(rp_error *error, rp_range items, double took, double allowed)
{
    char text[64];
    rpi_range_text(items, text, sizeof text);
    rpi_error_set(error, RP_ERR_TIMEOUT, "%s took %.3g s; options.item_seconds allows %.3g s", text,
                  took, allowed);
    error->item = items.begin;
}
