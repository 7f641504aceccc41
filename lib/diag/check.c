#include "diag/check.h"

#include "base/error.h"
#include "base/mappings.h"
#include "base/poison.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARGIN = 64 /* guard bytes on each side of an output; alignment up to it is preserved */
};

/* ---- arrays ---------------------------------------------------------------------------------- */

/* Shortens `there`, the mapped bytes from `base` on, to end before the pool's memory `own`. Sets
 * *reaches if they reached it. */
static size_t check_outside_pool(const struct node_memory *own, const char *base, size_t there,
                                 bool *reaches)
{
    const char *begin = own->base, *end = begin + own->bytes;
    if (begin == NULL || base >= end || base + there < begin)
        return there;
    *reaches = true;
    return base < begin ? (size_t)(begin - base) : 0;
}

rp_status rpi_check_array(const rp_pool *pool, const char *name, const void *base, size_t bytes,
                          rp_error *error)
{
    char behind[320];
    bool own = false;
    if (base == NULL || bytes == 0 || rpi_allocation_left(pool, base) > 0)
        return RP_OK;
    size_t there = rpi_mapped_bytes(base, bytes, behind, sizeof behind);
    const struct node_memory *memory;
    for (int i = 0; (memory = rpi_pool_memory(pool, i)) != NULL; i++)
        there = check_outside_pool(memory, base, there, &own);
    if (there >= bytes)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "%s, at %p, is too short: %zu bytes are wanted, and %zu are there, before "
                         "%s",
                         name, base, bytes, there, own ? "the pool's own memory" : behind);
}

/* ---- outputs --------------------------------------------------------------------------------- */

static int check_failed(struct rp_task *task, rp_range items, const char *what)
{
    char text[64];
    rpi_range_text(items, text, sizeof text);
    rpi_error_set(&task->failure, RP_ERR_TASK, "%s: %s", text, what);
    task->failure.item = items.begin;
    return 1;
}

/* An output with margins, in memory that the attempts own. */
struct checked_output {
    char *block, *out;
    size_t block_bytes, out_bytes, item_bytes;
    rp_range items;
};

static bool checked_output_make(struct attempts *attempts, const struct attempt *attempt,
                                struct checked_output *output)
{
    size_t bytes = (attempt->out_bytes + 4 * (size_t)MARGIN - 1) / MARGIN * MARGIN;
    if (bytes > attempts->checked_bytes) {
        free(attempts->checked);
        attempts->checked = aligned_alloc(MARGIN, bytes);
        attempts->checked_bytes = attempts->checked != NULL ? bytes : 0;
    }
    size_t place = MARGIN + (uintptr_t)attempt->out % MARGIN;
    *output = (struct checked_output){
        .block = attempts->checked,
        .out = attempts->checked != NULL ? (char *)attempts->checked + place : NULL,
        .block_bytes = bytes,
        .out_bytes = attempt->out_bytes,
        .item_bytes = attempt->out_bytes / (size_t)(attempt->items.end - attempt->items.begin),
        .items = attempt->items};
    return output->out != NULL;
}

static uint64_t checked_output_key(int64_t item)
{
    return (uint64_t)item * UINT64_C(0xd1342543de82ef95);
}

static void checked_output_poison(const struct checked_output *output)
{
    rpi_poison(output->block, 0, output->block_bytes, 0);
    for (int64_t item = output->items.begin; item < output->items.end; item++)
        rpi_poison(output->out + (size_t)(item - output->items.begin) * output->item_bytes, 0,
                   output->item_bytes, checked_output_key(item));
}

static bool checked_output_margins_intact(const struct checked_output *output)
{
    size_t begin = (size_t)(output->out - output->block), end = begin + output->out_bytes;
    return rpi_poisoned(output->block, 0, begin, 0) &&
           rpi_poisoned(output->block, end, output->block_bytes, 0);
}

/* One small output may equal its poison by chance, so this adds up the consecutive outputs that
 * look unwritten, across calls. Returns the first of them once they are long enough, or -1. */
static int64_t checked_output_unwritten(struct attempts *attempts,
                                        const struct checked_output *output)
{
    for (int64_t item = output->items.begin; item < output->items.end; item++) {
        const char *out = output->out + (size_t)(item - output->items.begin) * output->item_bytes;
        if (!rpi_poisoned(out, 0, output->item_bytes, checked_output_key(item))) {
            attempts->unwritten_bytes = 0;
            continue;
        }
        if (attempts->unwritten_bytes == 0)
            attempts->unwritten = item;
        attempts->unwritten_bytes += output->item_bytes;
        if (attempts->unwritten_bytes >= POISON_CERTAIN)
            return attempts->unwritten;
    }
    return -1;
}

int rpi_check_attempt(struct attempts *attempts, const struct attempt *attempt,
                      int (*make_calls)(struct attempts *attempts, const struct attempt *attempt))
{
    struct checked_output output;
    struct attempt checked = *attempt;
    if (!checked_output_make(attempts, attempt, &output)) {
        rpi_task_begin(attempts->task, attempt->items.begin);
        return check_failed(attempts->task, attempt->items, "no memory to check its output");
    }
    checked_output_poison(&output);
    checked.out = output.out;
    int code = make_calls(attempts, &checked);
    if (!checked_output_margins_intact(&output))
        return check_failed(attempts->task, attempt->items, "the task wrote beyond its out");
    int64_t unwritten = code == 0 ? checked_output_unwritten(attempts, &output) : -1;
    if (unwritten >= 0)
        return check_failed(attempts->task, (rp_range){unwritten, unwritten + 1},
                            "the task did not write out");
    if (code == 0)
        memcpy(attempt->out, output.out, attempt->out_bytes);
    return code;
}

/* ---- results of variable length -------------------------------------------------------------- */

void rpi_check_result_before(const rp_pool *pool, rp_buffer *result)
{
    if (pool->check)
        rpi_buffer_poison(result);
}

int rpi_check_result_after(struct rp_task *task, const rp_buffer *result, int code)
{
    if (!task->pool->check || code != 0 || result->size < POISON_CERTAIN ||
        !rpi_poisoned(result->data, 0, result->size, 0))
        return code;
    return check_failed(task, (rp_range){task->item, task->item + 1},
                        "the task made room for its result and did not write it");
}
