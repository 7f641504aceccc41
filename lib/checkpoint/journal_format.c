#include "checkpoint/journal_format.h"

#include "rankpool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char magic[16] = "rankpool journal";
static const uint32_t byte_order = 0x01020304;
static const uint64_t mark = UINT64_C(0x7972746e65206b72); /* "rk entry" */

/* As stored in the file. */
struct stored_head {
    char magic[16];
    uint32_t version, byte_order;
    uint64_t seed, fingerprint, reserved[2];
    uint64_t checksum; /* of the members before */
};

struct stored_entry {
    uint64_t mark;
    int64_t job, begin, end;
    uint64_t bytes;
    uint32_t kind, attempt;
    uint64_t payload_checksum;
    uint64_t checksum; /* of the members before */
};

_Static_assert(sizeof(struct stored_head) == JOURNAL_HEAD_BYTES, "no gaps");
_Static_assert(sizeof(struct stored_entry) == JOURNAL_HEAD_BYTES, "no gaps");

bool rpi_journal_name(const char *directory, int64_t run, int rank, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/journal.%06" PRId64 ".%06d", directory, run, rank);
    return length >= 0 && (size_t)length < size;
}

void rpi_journal_write_head(const struct journal_head *head, unsigned char *bytes)
{
    struct stored_head stored = {.version = JOURNAL_VERSION,
                                 .byte_order = byte_order,
                                 .seed = head->seed,
                                 .fingerprint = head->fingerprint};
    memcpy(stored.magic, magic, sizeof magic);
    stored.checksum = rp_fingerprint(0, &stored, offsetof(struct stored_head, checksum));
    memcpy(bytes, &stored, sizeof stored);
}

bool rpi_journal_read_head(const unsigned char *bytes, size_t count, struct journal_head *head)
{
    struct stored_head stored;
    if (count < sizeof stored)
        return false;
    memcpy(&stored, bytes, sizeof stored);
    if (memcmp(stored.magic, magic, sizeof magic) != 0 || stored.byte_order != byte_order ||
        stored.version != JOURNAL_VERSION ||
        stored.checksum != rp_fingerprint(0, &stored, offsetof(struct stored_head, checksum)))
        return false;
    *head = (struct journal_head){stored.seed, stored.fingerprint};
    return true;
}

void rpi_journal_write_entry(const struct journal_entry *entry, uint64_t seed, unsigned char *bytes)
{
    struct stored_entry stored = {.mark = mark,
                                  .job = entry->job,
                                  .begin = entry->begin,
                                  .end = entry->end,
                                  .bytes = entry->bytes,
                                  .kind = entry->kind,
                                  .attempt = entry->attempt,
                                  .payload_checksum =
                                      rp_fingerprint(seed, entry->payload, entry->bytes)};
    stored.checksum = rp_fingerprint(seed, &stored, offsetof(struct stored_entry, checksum));
    memcpy(bytes, &stored, sizeof stored);
}

enum journal_finding rpi_journal_read_entry(const unsigned char *bytes, size_t count, uint64_t seed,
                                            struct journal_entry *entry)
{
    struct stored_entry stored;
    if (count < sizeof stored)
        return JOURNAL_TORN;
    memcpy(&stored, bytes, sizeof stored);
    if (stored.mark != mark ||
        stored.checksum != rp_fingerprint(seed, &stored, offsetof(struct stored_entry, checksum)))
        return JOURNAL_NOTHING;
    *entry = (struct journal_entry){.job = stored.job,
                                    .begin = stored.begin,
                                    .end = stored.end,
                                    .kind = stored.kind,
                                    .attempt = stored.attempt,
                                    .bytes = stored.bytes};
    if (stored.bytes > count - sizeof stored)
        return JOURNAL_TORN;
    entry->payload = bytes + sizeof stored;
    return stored.payload_checksum == rp_fingerprint(seed, entry->payload, entry->bytes)
               ? JOURNAL_ENTRY
               : JOURNAL_CORRUPT;
}

size_t rpi_journal_find_entry(const unsigned char *bytes, size_t count)
{
    const unsigned char *found = memmem(bytes, count, &mark, sizeof mark);
    return found != NULL ? (size_t)(found - bytes) : count;
}

/* ---- the form of a job ----------------------------------------------------------------------- */

/* Results of a map: contiguous. */
static bool form_admits_results(const struct job_form *form, int64_t items, uint64_t bytes)
{
    uint64_t expected;
    return form->out_bytes >= 0 &&
           !__builtin_mul_overflow((uint64_t)items, (uint64_t)form->out_bytes, &expected) &&
           bytes == expected;
}

/* A node of the reduction tree: 2^k leaves from a multiple of 2^k on. The last leaf of the job may
 * have fewer items than the others. */
static bool form_admits_node(const struct job_form *form, rp_range items)
{
    int64_t leaf = form->leaf;
    if (leaf < 1 || items.begin % leaf != 0 || (items.end % leaf != 0 && items.end != form->n))
        return false;
    int64_t leaves = (items.end - items.begin) / leaf + ((items.end - items.begin) % leaf != 0);
    return (leaves & (leaves - 1)) == 0 && items.begin / leaf % leaves == 0;
}

bool rpi_form_admits(const struct job_form *form, uint32_t kind, rp_range items, uint64_t bytes)
{
    /* The length of a stream is unknown, as is the number of states. */
    bool unbounded = kind == JOURNAL_RESULT || kind == JOURNAL_STATE;
    if (kind != form->kind || items.begin < 0 || items.begin >= items.end ||
        (!unbounded && items.end > form->n))
        return false;
    switch (kind) {
    case JOURNAL_ITEMS:
        return form_admits_results(form, items.end - items.begin, bytes);
    case JOURNAL_LEAVES:
        return form->out_bytes >= 0 && bytes == (uint64_t)form->out_bytes &&
               form_admits_node(form, items);
    case JOURNAL_STATE:
        return items.begin == 0 && items.end <= INT64_MAX / 2; /* others follow */
    default:
        return kind == JOURNAL_RANGE || kind == JOURNAL_RESULT;
    }
}
