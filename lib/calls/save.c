#include "calls/save.h"

#include "calls/calls.h"
#include "checkpoint/checkpoint.h"

#include <string.h>

/* Precedes the result of a call in the journal. */
struct saved_call {
    uint64_t inputs; /* fingerprint of the function's index, the input and the results before it */
};

static struct job_form control_form(const rp_control_job *job)
{
    return (struct job_form){.kind = JOURNAL_RESULT,
                             .in_bytes = job->call_count,
                             .seed = job->options.seed};
}

rp_status rpi_call_saving_check(const rp_pool *pool, const rp_control_job *job, rp_error *error)
{
    struct job_form form = control_form(job);
    return rpi_job_saving_check(pool, &form, error);
}

void rpi_call_saving_begin(struct job_saving *saving, rp_pool *pool, const rp_control_job *job)
{
    struct job_form form = control_form(job);
    rpi_job_saving_begin(saving, pool, &form);
}

static uint64_t call_fingerprint(const struct rp_future *future)
{
    uint64_t inputs = rp_fingerprint(0, &future->call, sizeof future->call);
    inputs = rp_fingerprint(inputs, &future->bytes, sizeof future->bytes);
    inputs = rp_fingerprint(inputs, future->in, future->bytes);
    for (int i = 0; i < future->options.after_count; i++) {
        const struct rp_future *first = future->after[i];
        inputs = rp_fingerprint(inputs, &first->result_bytes, sizeof first->result_bytes);
        inputs = rp_fingerprint(inputs, first->result, first->result_bytes);
    }
    return inputs;
}

const void *rpi_call_saving_find(struct job_saving *saving, struct rp_future *future, size_t *bytes)
{
    struct saved_call saved;
    if (saving->pool == NULL)
        return NULL;
    future->inputs = call_fingerprint(future);
    int64_t at = rpi_saved_at(saving->entries, saving->count, future->number);
    const struct saved *entry = at < saving->count ? &saving->entries[at] : NULL;
    if (entry == NULL || entry->begin != future->number || entry->end != future->number + 1 ||
        entry->bytes < sizeof saved)
        return NULL;
    const unsigned char *payload = rpi_payload_cache_fetch(&saving->payload_cache, entry);
    if (payload == NULL)
        return NULL;
    memcpy(&saved, payload, sizeof saved);
    *bytes = entry->bytes - sizeof saved;
    return saved.inputs == future->inputs ? payload + sizeof saved : NULL;
}

void rpi_call_saving_add(struct job_saving *saving, const struct rp_future *future)
{
    struct saved_call saved = {future->inputs};
    if (saving->pool == NULL || future->result == NULL)
        return;
    rp_buffer payload = {0};
    if (rp_buffer_append(&payload, &saved, sizeof saved) == 0 &&
        rp_buffer_append(&payload, future->result, future->result_bytes) == 0)
        rpi_job_saving_add(saving, JOURNAL_RESULT, (rp_range){future->number, future->number + 1},
                           payload.data, payload.size);
    rpi_buffer_free(&payload);
    rpi_job_saving_write(saving);
}
