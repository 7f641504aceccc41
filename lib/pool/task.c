#include "pool/task.h"

#include "base/error.h"

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

void rp_task_random(const rp_task *task, int64_t item, rp_random *random)
{
    rp_random_begin(random, task->seed, item);
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

int64_t rpi_task_failed(struct rp_task *task, int code, struct failures *failures)
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
    int64_t item = failure->item;
    rpi_error_clear(failure);
    return item;
}
