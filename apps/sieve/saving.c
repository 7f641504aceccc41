/* Two passes: the first finds the size of each unit's output, the second writes each at the sum of
 * those before. */
#include "sieve/saving.h"

#include "common/npy.h"
#include "sieve/writer.h"

#include <stdlib.h>
#include <string.h>

enum {
    CODE_MEMORY = 1,
    CODE_WRITING = 2
};

/* Parameters of the tasks of both passes. */
struct saving {
    const struct kernel *kernel;
    struct cut cut;
    int size;
    enum writing writing;
    rp_file *file;
    int64_t *ends; /* bytes of each unit; then their ends */
    int64_t header_bytes;
};

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);
    return length > wanted && strcmp(path + length - wanted, ending) == 0;
}

static struct interval unit_at_hand(const rp_task *task)
{
    const struct saving *saving = rp_task_user(task);
    int64_t unit = rp_task_item(task);
    return cut_part(&saving->cut, (rp_range){unit, unit + 1});
}

static int no_memory(rp_task *task)
{
    return rp_task_fail(task, rp_task_item(task), CODE_MEMORY, "not enough memory");
}

static int measure_unit(rp_task *task, const void *in, void *out)
{
    (void)in;
    const struct saving *saving = rp_task_user(task);
    uint64_t bytes;
    if (!measure_tuplets(saving->kernel, saving->size, saving->writing, unit_at_hand(task), &bytes))
        return no_memory(task);
    *(int64_t *)out = (int64_t)bytes;
    return 0;
}

/* The position of the next bytes of a unit. */
struct place {
    rp_file *file;
    int64_t offset;
    rp_status status;
};

static bool put(void *closure, const char *bytes, size_t count)
{
    struct place *place = closure;
    place->status = rp_file_write_at(place->file, place->offset, bytes, count);
    place->offset += (int64_t)count;
    return place->status == RP_OK;
}

static int write_unit(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    const struct saving *saving = rp_task_user(task);
    int64_t unit = rp_task_item(task), before = unit > 0 ? saving->ends[unit - 1] : 0;
    struct place place = {saving->file, saving->header_bytes + before, RP_OK};
    if (write_tuplets(saving->kernel, saving->size, saving->writing, unit_at_hand(task), put,
                      &place))
        return 0;
    return place.status != RP_OK ? CODE_WRITING : no_memory(task);
}

/* The header of a .npy file contains the number of its elements. */
static void write_header(struct saving *saving, bool mine)
{
    char header[NPY_HEADER_SIZE];
    int64_t units = saving->cut.units, bytes = units > 0 ? saving->ends[units - 1] : 0;
    int64_t tuplets = bytes / saving->size / (int64_t)sizeof(uint64_t);
    size_t length = npy_header('u', tuplets, saving->size > 1 ? saving->size : 0, header);
    saving->header_bytes = (int64_t)length;
    if (mine)
        rp_file_write_at(saving->file, 0, header, length);
}

static rp_status both_passes(rp_pool *pool, struct saving *saving, bool numpy)
{
    rp_map_job job = {
        .n = saving->cut.units,
        .item = measure_unit,
        .out = saving->ends,
        .out_size = sizeof *saving->ends,
        .out_place = RP_ON_RANKS,
        .options = {.user = saving,
                    .call_overhead = saving->kernel->call_overhead(saving->cut.whole.last),
                    .name = "primes",
                    .unit = "intervals"},
    };
    rp_status status = rp_map(pool, &job);
    if (status != RP_OK)
        return status;
    for (int64_t unit = 1; unit < saving->cut.units; unit++)
        saving->ends[unit] += saving->ends[unit - 1];
    if (numpy)
        write_header(saving, rp_rank(pool) == rp_root(pool));
    job.item = write_unit;
    job.out = NULL;
    job.out_size = 0;
    job.out_place = RP_ON_ROOT;
    return rp_map(pool, &job);
}

/* If a write failed, closing the file returns the best error. */
static rp_status fill(rp_pool *pool, struct saving *saving, bool numpy, rp_error *error)
{
    rp_status status = both_passes(pool, saving, numpy);
    *error = *rp_last_error(pool);
    bool writing_failed = status == RP_ERR_TASK && error->task_code == CODE_WRITING;
    return writing_failed ? RP_OK : status;
}

/* Afterwards the file is complete, or removed. */
static rp_status fill_and_close(rp_pool *pool, struct saving *saving, bool numpy, rp_error *error)
{
    rp_status filled, closed, status = saving->ends != NULL ? RP_OK : RP_ERR_MEMORY;
    status = rp_agree(pool, status, &filled);
    *error = *rp_last_error(pool);
    if (status == RP_OK && filled == RP_OK)
        filled = fill(pool, saving, numpy, error);
    closed = rp_file_close(&saving->file, status == RP_OK ? filled : status);
    if (status == RP_OK && filled == RP_OK)
        *error = *rp_last_error(pool);
    return closed;
}

/* Wide enough that calls cost little, and still many. */
static uint64_t width_for(const struct kernel *kernel, struct interval interval)
{
    const uint64_t wide = UINT64_C(1) << 25;
    uint64_t width = kernel->unit_width(interval.last);
    return width > wide || interval.last - interval.first < 64 * wide ? width : wide;
}

rp_status save_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       int size, const char *path, rp_error *error)
{
    bool numpy = ends_with(path, ".npy");
    struct saving saving = {
        .kernel = kernel,
        .cut = cut_interval(interval, width_for(kernel, interval)),
        .size = size,
        .writing = numpy || ends_with(path, ".bin") ? WRITE_WORDS : WRITE_TEXT,
    };
    rp_status status = rp_file_create(pool, path, &saving.file);
    *error = *rp_last_error(pool);
    if (status != RP_OK)
        return status;
    saving.ends = malloc((size_t)(saving.cut.units + 1) * sizeof *saving.ends);
    status = fill_and_close(pool, &saving, numpy, error);
    free(saving.ends);
    return status;
}
