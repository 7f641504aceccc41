/* A stream: the root produces units, the ranks turn them into text, and the root writes it. */
#include "sieve/printing.h"

#include "base/file_io.h"

#include "sieve/writer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ENOUGH = 1,  /* results of the consumer: the output is closed, */
    TROUBLE = -1 /* or writing failed */
};

/* The same on every rank; only the root advances. */
struct printing {
    const struct kernel *kernel;
    struct cut cut;
    int size;
    int64_t next; /* next unit to produce */
    int trouble;  /* errno of a write that failed, or 0 */
};

static int produce(void *user, rp_buffer *item)
{
    struct printing *printing = user;
    if (printing->next == printing->cut.units)
        return RP_ITEM_LAST;
    int64_t unit = printing->next++;
    return rp_buffer_append(item, &unit, sizeof unit) == 0 ? RP_ITEM : -1;
}

static bool keep(void *closure, const char *bytes, size_t count)
{
    return rp_buffer_append(closure, bytes, count) == 0;
}

static int make_text(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    const struct printing *printing = rp_task_user(task);
    int64_t unit;
    memcpy(&unit, in, in_bytes);
    struct interval part = cut_part(&printing->cut, (rp_range){unit, unit + 1});
    if (write_tuplets(printing->kernel, printing->size, WRITE_TEXT, part, keep, result))
        return 0;
    return rp_task_fail(task, unit, 1, "not enough memory");
}

/* Unbuffered, since text comes in large pieces. */
static int write_out(void *user, int64_t item, const rp_error *error, const void *data,
                     size_t bytes)
{
    (void)item;
    struct printing *printing = user;
    if (error != NULL)
        return ENOUGH;
    printing->trouble = rpi_write_all(STDOUT_FILENO, data, bytes);
    if (printing->trouble != 0)
        return printing->trouble == EPIPE ? ENOUGH : TROUBLE;
    return 0;
}

/* The kernel's width, unless the text of a unit exceeds some megabytes. */
static uint64_t width_for(const struct kernel *kernel, struct interval interval)
{
    const double most_bytes = 1 << 25;
    double numbers =
        most_bytes / (digits_count(interval.last) + 1) * fmax(log((double)interval.last), 1);
    uint64_t width = kernel->unit_width(interval.last);
    return (double)width < numbers ? width : (uint64_t)numbers;
}

rp_status print_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                        int size, rp_error *error)
{
    struct printing printing = {.kernel = kernel,
                                .cut = cut_interval(interval, width_for(kernel, interval)),
                                .size = size};
    rp_stream_job job = {.produce = produce,
                         .work = make_text,
                         .consume = write_out,
                         .expected_items = printing.cut.units,
                         .options = {.user = &printing, .name = "primes", .unit = "intervals"}};
    rp_status status = rp_stream(pool, &job);
    *error = *rp_last_error(pool);
    if (status != RP_OK && printing.trouble != 0)
        snprintf(error->text, sizeof error->text, "cannot write to standard output: %s",
                 strerror(printing.trouble));
    return status;
}
