/* The waiting entries of a worklist whose root lends them all (worklist/by_stream.h): an array,
 * from both of whose ends it takes entries. */
#ifndef RANKPOOL_WORKLIST_WAITING_H
#define RANKPOOL_WORKLIST_WAITING_H

#include "sched/split_deque.h"
#include "worklist/bound.h"

struct waiting {
    const rp_worklist_job *job;
    size_t entry_size;
    char *entries;     /* owned */
    size_t head, tail; /* [head, tail) wait, the oldest first */
    size_t capacity;
};

/* Are these entries, which another rank sent or an earlier run saved, of the job? */
bool rpi_waiting_valid(const struct waiting *waiting, const char *entries, size_t bytes);

/* Makes room for `count` more entries at the tail; adds entries; adds the job's seeds. False: no
 * memory. */
bool rpi_waiting_reserve(struct waiting *waiting, size_t count);
bool rpi_waiting_add(struct waiting *waiting, const void *entries, size_t count);
bool rpi_waiting_add_seeds(struct waiting *waiting);

static inline struct deque_entry *waiting_at(const struct waiting *waiting, size_t index)
{
    return (struct deque_entry *)(waiting->entries + index * waiting->entry_size);
}

#endif
