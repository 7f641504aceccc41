/* The calls that are ready, as a binary heap, and those that are sent, as a hash table by item. */
#include "calls/calls.h"

#include <stdlib.h>

/* ---- heap ------------------------------------------------------------------------------------ */

static bool ready_before(const struct rp_future *a, const struct rp_future *b)
{
    if (a->options.priority != b->options.priority)
        return a->options.priority > b->options.priority;
    return a->number < b->number;
}

static void ready_put(struct rp_control *control, size_t place, struct rp_future *future)
{
    control->ready[place] = future;
    future->place = place;
}

static void ready_rise(struct rp_control *control, size_t place)
{
    struct rp_future *future = control->ready[place];
    while (place > 0 && ready_before(future, control->ready[(place - 1) / 2])) {
        ready_put(control, place, control->ready[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    ready_put(control, place, future);
}

static void ready_sink(struct rp_control *control, size_t place)
{
    struct rp_future *future = control->ready[place];
    for (size_t child; (child = 2 * place + 1) < control->ready_count; place = child) {
        if (child + 1 < control->ready_count &&
            ready_before(control->ready[child + 1], control->ready[child]))
            child++;
        if (!ready_before(control->ready[child], future))
            break;
        ready_put(control, place, control->ready[child]);
    }
    ready_put(control, place, future);
}

void rpi_ready_add(struct rp_control *control, struct rp_future *future)
{
    future->state = FUTURE_READY;
    ready_put(control, control->ready_count++, future);
    ready_rise(control, control->ready_count - 1);
}

void rpi_ready_remove(struct rp_control *control, struct rp_future *future)
{
    size_t place = future->place;
    struct rp_future *last = control->ready[--control->ready_count];
    if (last == future)
        return;
    ready_put(control, place, last);
    ready_rise(control, place);
    ready_sink(control, last->place);
}

struct rp_future *rpi_ready_take(struct rp_control *control)
{
    struct rp_future *first = control->ready_count > 0 ? control->ready[0] : NULL;
    if (first != NULL)
        rpi_ready_remove(control, first);
    return first;
}

/* ---- table ----------------------------------------------------------------------------------- */

/* Items are consecutive numbers, which spread evenly over a power of two. */
static struct rp_future **sent_bucket(const struct rp_control *control, int64_t item)
{
    return &control->sent[(size_t)item & (control->sent_capacity - 1)];
}

void rpi_sent_add(struct rp_control *control, struct rp_future *future)
{
    struct rp_future **bucket = sent_bucket(control, future->item);
    future->state = FUTURE_SENT;
    future->next = *bucket;
    *bucket = future;
    control->sent_count++;
}

struct rp_future *rpi_sent_take(struct rp_control *control, int64_t item)
{
    for (struct rp_future **place = sent_bucket(control, item); *place != NULL;
         place = &(*place)->next) {
        struct rp_future *future = *place;
        if (future->item != item)
            continue;
        *place = future->next;
        future->next = NULL;
        control->sent_count--;
        return future;
    }
    return NULL;
}

static bool sent_grow(struct rp_control *control)
{
    size_t before = control->sent_capacity, capacity = before > 0 ? 2 * before : 64;
    struct rp_future **old = control->sent, **grown = calloc(capacity, sizeof(struct rp_future *));
    if (grown == NULL)
        return false;
    control->sent = grown;
    control->sent_capacity = capacity;
    control->sent_count = 0;
    for (size_t i = 0; i < before; i++) {
        for (struct rp_future *future = old[i], *next; future != NULL; future = next) {
            next = future->next;
            rpi_sent_add(control, future);
        }
    }
    free(old);
    return true;
}

bool rpi_calls_reserve(struct rp_control *control)
{
    size_t open = (size_t)control->open + 1;
    if (open > control->ready_capacity) {
        size_t capacity = 2 * open + 62;
        struct rp_future **grown = realloc(control->ready, capacity * sizeof(struct rp_future *));
        if (grown == NULL)
            return false;
        control->ready = grown;
        control->ready_capacity = capacity;
    }
    return open <= control->sent_capacity || sent_grow(control);
}
