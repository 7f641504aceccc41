#include "worklist/waiting.h"

#include <stdlib.h>
#include <string.h>

bool rpi_waiting_valid(const struct waiting *waiting, const char *entries, size_t bytes)
{
    const size_t size = waiting->entry_size;
    bool valid = bytes % size == 0;
    for (size_t i = 0; valid && i < bytes / size; i++) {
        const struct deque_entry *entry = (const struct deque_entry *)(entries + i * size);
        valid = entry->seed < waiting->job->n && entry->alone <= DEQUE_BATCH &&
                bound_item_valid(waiting->job, entry->item);
    }
    return valid;
}

bool rpi_waiting_reserve(struct waiting *waiting, size_t count)
{
    const size_t size = waiting->entry_size, length = waiting->tail - waiting->head;
    if (waiting->head > 0 && waiting->head >= length && waiting->tail + count > waiting->capacity) {
        memmove(waiting->entries, waiting->entries + waiting->head * size, length * size);
        waiting->head = 0;
        waiting->tail = length;
    }
    if (waiting->tail + count <= waiting->capacity)
        return true;
    size_t capacity = 2 * (waiting->tail + count);
    char *entries = realloc(waiting->entries, capacity * size);
    if (entries == NULL)
        return false;
    waiting->entries = entries;
    waiting->capacity = capacity;
    return true;
}

bool rpi_waiting_add(struct waiting *waiting, const void *entries, size_t count)
{
    if (!rpi_waiting_reserve(waiting, count))
        return false;
    if (count > 0)
        memcpy(waiting_at(waiting, waiting->tail), entries, count * waiting->entry_size);
    waiting->tail += count;
    return true;
}

bool rpi_waiting_add_seeds(struct waiting *waiting)
{
    const rp_worklist_job *job = waiting->job;
    if (!rpi_waiting_reserve(waiting, (size_t)job->n + 1))
        return false;
    for (int64_t i = 0; i < job->n; i++) {
        struct deque_entry *entry = waiting_at(waiting, waiting->tail++);
        *entry = (struct deque_entry){.origin.number = (uint64_t)i, .seed = (uint32_t)i};
        rpi_bound_store_seed(job, entry->item,
                             (const char *)job->seeds + (size_t)i * job->item_size);
    }
    return true;
}
