#include "stream/save.h"

#include "checkpoint/checkpoint.h"
#include "stream/slot_queue.h"

#include <stdlib.h>
#include <string.h>

/* Precedes the results of a packet in the journal. */
struct saved_packet {
    uint64_t inputs;      /* their fingerprint */
    uint64_t area_bytes;  /* of records */
    uint64_t large_bytes; /* of results outside the area, which follow it */
};

static struct job_form stream_job_form(const rp_stream_job *job)
{
    return (struct job_form){.kind = JOURNAL_RESULT, .seed = job->options.seed};
}

rp_status rpi_stream_saving_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error)
{
    struct job_form form = stream_job_form(job);
    return rpi_job_saving_check(pool, &form, error);
}

void rpi_stream_saving_begin(struct job_saving *saving, rp_pool *pool, const rp_stream_job *job)
{
    struct job_form form = stream_job_form(job);
    rpi_job_saving_begin(saving, pool, &form);
}

const struct saved *rpi_stream_saving_find(const struct job_saving *saving, int64_t item,
                                           int64_t *most)
{
    *most = INT64_MAX;
    int64_t at = rpi_saved_at(saving->entries, saving->count, item);
    if (at == saving->count)
        return NULL;
    const struct saved *entry = &saving->entries[at];
    *most = (entry->begin > item ? entry->begin : entry->end) - item;
    bool whole = entry->begin == item && entry->end - item <= SLOT_QUEUE_ITEMS;
    return whole ? entry : NULL;
}

/* Covers sizes and data of the items; the padding between them is undefined. */
static uint64_t inputs_fingerprint(const struct packet *packet)
{
    const struct record *record;
    size_t position = 0;
    uint64_t inputs = rp_fingerprint(0, packet->large, packet->large_bytes);
    while ((record = area_next(&packet->area, &position)) != NULL) {
        inputs = rp_fingerprint(inputs, &record->bytes, sizeof record->bytes);
        inputs = rp_fingerprint(inputs, record + 1, record->bytes);
    }
    return inputs;
}

/* Moves the results into the packet, in place of its inputs. False: no memory. */
static bool replace_with_results(struct packet *packet, const struct saved_packet *saved,
                                 const char *bytes)
{
    char *large = NULL;
    if (saved->large_bytes > 0 && (large = malloc(saved->large_bytes)) == NULL)
        return false;
    rpi_packet_drop_large(packet);
    memcpy(packet->area.base, bytes, saved->area_bytes);
    packet->area.used = saved->area_bytes;
    packet->large = large;
    packet->large_bytes = saved->large_bytes;
    if (large != NULL)
        memcpy(large, bytes + saved->area_bytes, saved->large_bytes);
    return true;
}

/* Whether the `bytes` after the header are results of the packet's items, as written by
 * rpi_stream_saving_add(). */
static bool saved_packet_valid(const struct saved_packet *saved, const unsigned char *results,
                               uint64_t bytes, const struct packet *packet)
{
    struct area area = {(char *)(uintptr_t)results, saved->area_bytes, packet->area.capacity};
    return saved->area_bytes <= area.capacity && saved->area_bytes <= bytes &&
           saved->large_bytes == bytes - saved->area_bytes &&
           rpi_records_valid(&area, packet->items, (const char *)results + saved->area_bytes,
                             saved->large_bytes, RECORDS_SAVED);
}

bool rpi_stream_saving_restore(struct job_saving *saving, struct packet *packet,
                               const struct saved *entry)
{
    struct saved_packet saved;
    if (packet->items != entry->end - entry->begin)
        return false;
    const unsigned char *payload = rpi_payload_cache_fetch(&saving->payload_cache, entry);
    if (payload == NULL || entry->bytes < sizeof saved)
        return false;
    memcpy(&saved, payload, sizeof saved);
    const unsigned char *results = payload + sizeof saved;
    return saved.inputs == inputs_fingerprint(packet) &&
           saved_packet_valid(&saved, results, entry->bytes - sizeof saved, packet) &&
           replace_with_results(packet, &saved, (const char *)results);
}

void rpi_stream_saving_note(const struct job_saving *saving, struct packet *packet)
{
    if (saving->pool != NULL)
        packet->inputs = inputs_fingerprint(packet);
}

/* Packets with failed or missing items are not saved, so a later run computes them again. */
static bool results_complete(const struct packet *packet)
{
    const struct record *record;
    size_t position = 0;
    while ((record = area_next(&packet->area, &position)) != NULL) {
        if (record->failed)
            return false;
    }
    return packet->done == packet->items && packet->items > 0;
}

void rpi_stream_saving_add(struct job_saving *saving, const struct packet *packet)
{
    struct saved_packet saved = {packet->inputs, packet->area.used, packet->large_bytes};
    if (saving->pool == NULL || !results_complete(packet))
        return;
    rp_buffer payload = {0};
    if (rp_buffer_append(&payload, &saved, sizeof saved) == 0 &&
        rp_buffer_append(&payload, packet->area.base, packet->area.used) == 0 &&
        rp_buffer_append(&payload, packet->large, packet->large_bytes) == 0)
        rpi_job_saving_add(saving, JOURNAL_RESULT,
                           (rp_range){packet->first, packet->first + packet->items}, payload.data,
                           payload.size);
    rpi_buffer_free(&payload);
    rpi_job_saving_write(saving);
}
