#include "commands/window.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static const size_t most_bytes = (size_t)64 << 20;
static const int64_t most_jobs = INT64_C(1) << 23;

void window_open(struct window *window, bool unordered)
{
    *window = (struct window){.unordered = unordered, .first = 1, .next = 1};
}

bool window_full(const struct window *window)
{
    return window->bytes >= most_bytes || window->next - window->first >= most_jobs;
}

static struct job **window_place(const struct window *window, int64_t number)
{
    return &window->jobs[number & (window->capacity - 1)];
}

static bool window_grow(struct window *window)
{
    struct window larger = *window;
    larger.capacity = window->capacity > 0 ? 2 * window->capacity : 1024;
    larger.jobs = calloc((size_t)larger.capacity, sizeof(struct job *));
    if (larger.jobs == NULL)
        return false;
    for (int64_t number = window->first; number < window->next; number++)
        *window_place(&larger, number) = *window_place(window, number);
    free(window->jobs);
    *window = larger;
    return true;
}

static bool window_append(struct window *window, struct job *job)
{
    if (window->next - window->first == window->capacity && !window_grow(window))
        return false;
    *window_place(window, window->next++) = job;
    return true;
}

struct job *window_add(struct window *window, const char *command)
{
    size_t length = strlen(command), bytes = sizeof(struct job) + length + 1;
    struct job *job = malloc(bytes);
    if (job == NULL)
        return NULL;
    *job = (struct job){.number = window->next, .item = -1, .bytes = bytes};
    memcpy(job->command, command, length + 1);
    if (!window_append(window, job)) {
        free(job);
        return NULL;
    }
    window->bytes += bytes;
    return job;
}

static void job_remove(struct window *window, struct job *job)
{
    *window_place(window, job->number) = NULL;
    window->bytes -= job->bytes;
    free(job->result);
    free(job);
}

/* Moves on to the oldest job, and prints those that waited for it. */
static rp_status window_advance(struct window *window, rp_error *error)
{
    rp_status status = RP_OK;
    for (; window->first < window->next && status == RP_OK; window->first++) {
        struct job *job = *window_place(window, window->first);
        if (job != NULL && job->result == NULL)
            return RP_OK;
        if (job == NULL)
            continue;
        status = result_print(job->result, error);
        job_remove(window, job);
    }
    return status;
}

bool window_skip(struct window *window)
{
    rp_error unused;
    bool done = window_append(window, NULL);
    window_advance(window, &unused);
    return done;
}

struct job *window_find(const struct window *window, int64_t number)
{
    bool inside = number >= window->first && number < window->next;
    return inside ? *window_place(window, number) : NULL;
}

struct job *window_find_item(const struct window *window, int64_t item)
{
    for (int64_t number = window->first; number < window->next; number++) {
        struct job *job = *window_place(window, number);
        if (job != NULL && job->result == NULL && job->item == item)
            return job;
    }
    return NULL;
}

static rp_status job_wait(struct window *window, struct job *job, const struct result *result,
                          rp_error *error)
{
    size_t bytes = sizeof *result + result->output_bytes + result->error_bytes;
    job->result = malloc(bytes);
    if (job->result == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for output that waits");
    memcpy(job->result, result, bytes);
    job->bytes += bytes;
    window->bytes += bytes;
    return RP_OK;
}

rp_status window_finish(struct window *window, struct job *job, const struct result *result,
                        rp_error *error)
{
    if (!window->unordered && job->number != window->first)
        return job_wait(window, job, result, error);
    rp_status status = result_print(result, error);
    job_remove(window, job);
    return status == RP_OK ? window_advance(window, error) : status;
}

int64_t window_flush(struct window *window, rp_error *error)
{
    int64_t open = 0;
    rpi_error_clear(error);
    for (; window->first < window->next; window->first++) {
        struct job *job = *window_place(window, window->first);
        open += job != NULL && job->result == NULL;
        if (job != NULL && job->result != NULL && error->status == RP_OK)
            result_print(job->result, error);
        if (job != NULL)
            job_remove(window, job);
    }
    return open;
}

void window_close(struct window *window)
{
    for (; window->first < window->next; window->first++) {
        struct job *job = *window_place(window, window->first);
        if (job != NULL)
            job_remove(window, job);
    }
    free(window->jobs);
    window->jobs = NULL;
}
