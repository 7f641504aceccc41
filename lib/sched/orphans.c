#include "sched/orphans.h"

#include "sched/work_queue.h"

static _Atomic uint64_t *orphan_queue(struct orphaned_work *orphaned_work)
{
    return (_Atomic uint64_t *)&orphaned_work->dead_worker[orphaned_work->lanes];
}

static _Atomic uint64_t *issued_ranges(struct orphaned_work *orphaned_work)
{
    return orphan_queue(orphaned_work) + orphaned_work->capacity;
}

size_t rpi_orphaned_work_bytes(uint32_t lanes, uint32_t capacity)
{
    return sizeof(struct orphaned_work) + lanes * sizeof(struct dead_worker) +
           2 * capacity * sizeof(_Atomic uint64_t);
}

void rpi_orphaned_work_make(struct orphaned_work *orphaned_work, uint32_t lanes, uint32_t capacity)
{
    orphaned_work->lanes = lanes;
    orphaned_work->capacity = capacity;
}

void rpi_orphaned_work_prepare(struct orphaned_work *orphaned_work, struct unit_range whole,
                               struct orphaned_work_terms terms)
{
    orphaned_work->whole = whole;
    orphaned_work->terms = terms;
    atomic_store_explicit(&orphaned_work->first, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->length, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->more, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->failed, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->issues, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->reported, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < orphaned_work->lanes; i++) {
        atomic_store_explicit(&orphaned_work->dead_worker[i].left, 0, memory_order_relaxed);
        atomic_store_explicit(&orphaned_work->dead_worker[i].state, DEAD_WORKER_NONE,
                              memory_order_relaxed);
    }
}

bool rpi_orphaned_work_issue_room(struct orphaned_work *orphaned_work)
{
    return atomic_load_explicit(&orphaned_work->issues, memory_order_relaxed) <
           orphaned_work->capacity;
}

bool rpi_orphaned_work_issue(struct orphaned_work *orphaned_work, struct unit_range unit_range)
{
    uint32_t issues = atomic_load_explicit(&orphaned_work->issues, memory_order_relaxed);
    _Atomic uint64_t *issued = issued_ranges(orphaned_work);
    if (issues > 0) {
        struct unit_range last =
            unit_range_unpack(atomic_load_explicit(&issued[issues - 1], memory_order_relaxed));
        if (last.high == unit_range.low) {
            unit_range.low = last.low;
            issues--;
        }
    }
    if (issues == orphaned_work->capacity)
        return false;
    atomic_store_explicit(&issued[issues], unit_range_pack(unit_range), memory_order_release);
    atomic_store_explicit(&orphaned_work->issues, issues + 1, memory_order_release);
    return true;
}

bool rpi_orphaned_work_next_issue(struct orphaned_work *orphaned_work, uint32_t *place,
                                  struct unit_range *unit_range)
{
    if (*place >= atomic_load_explicit(&orphaned_work->issues, memory_order_acquire))
        return false;
    *unit_range = unit_range_unpack(
        atomic_load_explicit(&issued_ranges(orphaned_work)[*place], memory_order_acquire));
    ++*place;
    return true;
}

void rpi_orphaned_work_queue(struct orphaned_work *orphaned_work,
                             const struct unit_range *unit_ranges, uint32_t found)
{
    uint32_t length = found < orphaned_work->capacity ? found : orphaned_work->capacity;
    for (uint32_t i = 0; i < length; i++)
        atomic_store_explicit(&orphan_queue(orphaned_work)[i], unit_range_pack(unit_ranges[i]),
                              memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->first, 0, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->more, found > length, memory_order_relaxed);
    atomic_store_explicit(&orphaned_work->length, length, memory_order_release);
}

/* Takes 1/lanes of the range in a word, but at least `least` units. Returns false if it is
 * empty. */
static bool take_front(_Atomic uint64_t *word, uint32_t lanes, uint32_t least,
                       struct unit_range *taken)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
    for (;;) {
        struct unit_range left = unit_range_unpack(seen);
        if (unit_range_empty(left))
            return false;
        uint32_t units = (left.high - left.low - 1) / lanes + 1;
        if (units < least)
            units = least;
        if (units > left.high - left.low)
            units = left.high - left.low;
        struct unit_range rest = {left.low + units, left.high};
        if (atomic_compare_exchange_weak_explicit(word, &seen, unit_range_pack(rest),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            *taken = (struct unit_range){left.low, rest.low};
            return true;
        }
    }
}

bool rpi_orphaned_work_take(struct orphaned_work *orphaned_work, uint32_t least,
                            struct unit_range *taken)
{
    uint32_t length = atomic_load_explicit(&orphaned_work->length, memory_order_acquire);
    uint32_t first = atomic_load_explicit(&orphaned_work->first, memory_order_relaxed);
    for (uint32_t i = first; i < length; i++) {
        if (take_front(&orphan_queue(orphaned_work)[i], orphaned_work->lanes, least, taken))
            return true;
        /* Entries are not refilled while lanes search, so any lane may advance the lower bound. */
        atomic_compare_exchange_strong_explicit(&orphaned_work->first, &first, i + 1,
                                                memory_order_relaxed, memory_order_relaxed);
        first = i + 1;
    }
    return false;
}

static bool worker_settled(struct dead_worker *dead_worker)
{
    return atomic_load_explicit(&dead_worker->state, memory_order_acquire) != DEAD_WORKER_NONE;
}

int rpi_orphaned_work_settled(struct orphaned_work *orphaned_work)
{
    int count = 0;
    for (uint32_t i = 0; i < orphaned_work->lanes; i++)
        count += worker_settled(&orphaned_work->dead_worker[i]);
    return count;
}

void rpi_orphaned_work_set_reported(struct orphaned_work *orphaned_work, int count)
{
    atomic_store(&orphaned_work->reported, (uint32_t)count);
}

bool rpi_orphaned_work_take_suspects(struct orphaned_work *orphaned_work, struct unit_range *taken)
{
    /* Each call takes 1/parts of the rest: decreasing numbers of units, in not too many calls. */
    const uint32_t parts = 4 * orphaned_work->lanes;
    if (orphaned_work->terms.reports &&
        (int)atomic_load(&orphaned_work->reported) < rpi_orphaned_work_settled(orphaned_work))
        return false;
    for (uint32_t i = 0; i < orphaned_work->lanes; i++) {
        struct dead_worker *dead_worker = &orphaned_work->dead_worker[i];
        if (worker_settled(dead_worker) && take_front(&dead_worker->left, parts, 1, taken))
            return true;
    }
    return false;
}

uint32_t rpi_orphaned_work_suspects(struct orphaned_work *orphaned_work)
{
    uint32_t units = 0;
    for (uint32_t i = 0; i < orphaned_work->lanes; i++) {
        struct dead_worker *dead_worker = &orphaned_work->dead_worker[i];
        if (worker_settled(dead_worker))
            units += unit_range_length(unit_range_unpack(atomic_load(&dead_worker->left)));
    }
    return units;
}

bool rpi_orphaned_work_exhausted(struct orphaned_work *orphaned_work)
{
    return atomic_load_explicit(&orphaned_work->more, memory_order_relaxed) != 0 &&
           atomic_load_explicit(&orphaned_work->first, memory_order_relaxed) >=
               atomic_load_explicit(&orphaned_work->length, memory_order_acquire);
}

static struct unit_range dead_chunk(struct dead_worker *dead_worker)
{
    return unit_range_unpack(atomic_load_explicit(&dead_worker->chunk, memory_order_relaxed));
}

bool rpi_orphaned_work_lost_chunk(struct orphaned_work *orphaned_work, uint32_t lane,
                                  struct unit_range *chunk)
{
    struct dead_worker *dead_worker = &orphaned_work->dead_worker[lane];
    *chunk = worker_settled(dead_worker) ? dead_chunk(dead_worker) : (struct unit_range){0, 0};
    return !unit_range_empty(*chunk);
}

uint32_t rpi_orphaned_work_deaths(struct orphaned_work *orphaned_work, uint32_t unit)
{
    uint32_t deaths = 0;
    for (uint32_t i = 0; i < orphaned_work->lanes; i++) {
        struct dead_worker *dead_worker = &orphaned_work->dead_worker[i];
        if (atomic_load_explicit(&dead_worker->state, memory_order_acquire) == DEAD_WORKER_NONE)
            continue;
        struct unit_range chunk = dead_chunk(dead_worker);
        deaths += chunk.low <= unit && unit < chunk.high;
    }
    return deaths;
}

bool rpi_orphaned_work_next_given_up(struct orphaned_work *orphaned_work,
                                     struct unit_range *unit_range)
{
    uint32_t begin = unit_range->high;
    bool found = false;
    for (uint32_t i = 0; i < orphaned_work->lanes; i++) {
        struct dead_worker *dead_worker = &orphaned_work->dead_worker[i];
        if (atomic_load_explicit(&dead_worker->state, memory_order_acquire) != DEAD_WORKER_GIVEN_UP)
            continue;
        struct unit_range chunk = dead_chunk(dead_worker);
        if (chunk.low >= begin && (!found || chunk.low < unit_range->low))
            *unit_range = chunk;
        found = found || chunk.low >= begin;
    }
    return found;
}

/* ---- suspects of a lane ---------------------------------------------------------------------- */

static struct unit_range lane_suspects(struct lane *lane)
{
    return unit_range_unpack(atomic_load_explicit(&lane->suspects, memory_order_acquire));
}

void rpi_suspects_keep(struct lane *lane, struct unit_range taken)
{
    atomic_store_explicit(&lane->suspects, unit_range_pack(taken), memory_order_release);
}

/* Replaces `left` by `rest`; false if another lane has been faster. */
static bool shrink_suspects(struct lane *lane, struct unit_range left, struct unit_range rest)
{
    uint64_t word = unit_range_pack(left);
    return atomic_compare_exchange_strong_explicit(&lane->suspects, &word, unit_range_pack(rest),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

bool rpi_suspects_next(struct lane *lane, struct unit_range *unit)
{
    for (;;) {
        struct unit_range left = lane_suspects(lane);
        if (unit_range_empty(left))
            return false;
        *unit = (struct unit_range){left.low, left.low + 1};
        if (shrink_suspects(lane, left, (struct unit_range){unit->high, left.high}))
            return true;
    }
}

static struct lane *suspects_victim(struct work_queue *work_queue, uint32_t index,
                                    struct unit_range *most)
{
    struct lane *found = NULL;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        struct lane *lane = &work_queue->lane[i];
        if (i == index || !lane_prepared(work_queue, i) || lane_lost_relaxed(work_queue, i))
            continue;
        struct unit_range left = lane_suspects(lane);
        if (unit_range_length(left) > unit_range_length(*most)) {
            *most = left;
            found = lane;
        }
    }
    return found;
}

bool rpi_suspects_steal(struct work_queue *work_queue, uint32_t index, struct unit_range *taken)
{
    for (;;) {
        struct unit_range left = {0, 0};
        struct lane *victim = suspects_victim(work_queue, index, &left);
        if (victim == NULL)
            return false;
        uint32_t middle = left.low + unit_range_length(left) / 2;
        *taken = (struct unit_range){middle, left.high};
        if (shrink_suspects(victim, left, (struct unit_range){left.low, middle}))
            return true;
    }
}
