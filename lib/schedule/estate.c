#include "schedule/estate.h"

static _Atomic uint64_t *queue_of(struct estate *estate)
{
    return (_Atomic uint64_t *)&estate->grave[estate->lanes];
}

static _Atomic uint64_t *issued_in(struct estate *estate)
{
    return queue_of(estate) + estate->capacity;
}

size_t rpi_estate_bytes(uint32_t lanes, uint32_t capacity)
{
    return sizeof(struct estate) + lanes * sizeof(struct grave) +
           2 * capacity * sizeof(_Atomic uint64_t);
}

void rpi_estate_make(struct estate *estate, uint32_t lanes, uint32_t capacity)
{
    estate->lanes = lanes;
    estate->capacity = capacity;
}

void rpi_estate_prepare(struct estate *estate, struct span whole, struct estate_terms terms)
{
    estate->whole = whole;
    estate->terms = terms;
    atomic_store_explicit(&estate->first, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->length, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->more, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->failed, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->issues, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->told, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < estate->lanes; i++) {
        atomic_store_explicit(&estate->grave[i].left, 0, memory_order_relaxed);
        atomic_store_explicit(&estate->grave[i].state, GRAVE_NONE, memory_order_relaxed);
    }
}

bool rpi_estate_issue_room(struct estate *estate)
{
    return atomic_load_explicit(&estate->issues, memory_order_relaxed) < estate->capacity;
}

bool rpi_estate_issue(struct estate *estate, struct span span)
{
    uint32_t issues = atomic_load_explicit(&estate->issues, memory_order_relaxed);
    _Atomic uint64_t *issued = issued_in(estate);
    if (issues > 0) {
        struct span last =
            span_unpack(atomic_load_explicit(&issued[issues - 1], memory_order_relaxed));
        if (last.high == span.low) {
            span.low = last.low;
            issues--;
        }
    }
    if (issues == estate->capacity)
        return false;
    atomic_store_explicit(&issued[issues], span_pack(span), memory_order_release);
    atomic_store_explicit(&estate->issues, issues + 1, memory_order_release);
    return true;
}

bool rpi_estate_next_issue(struct estate *estate, uint32_t *place, struct span *span)
{
    if (*place >= atomic_load_explicit(&estate->issues, memory_order_acquire))
        return false;
    *span = span_unpack(atomic_load_explicit(&issued_in(estate)[*place], memory_order_acquire));
    ++*place;
    return true;
}

void rpi_estate_queue(struct estate *estate, const struct span *spans, uint32_t found)
{
    uint32_t length = found < estate->capacity ? found : estate->capacity;
    for (uint32_t i = 0; i < length; i++)
        atomic_store_explicit(&queue_of(estate)[i], span_pack(spans[i]), memory_order_relaxed);
    atomic_store_explicit(&estate->first, 0, memory_order_relaxed);
    atomic_store_explicit(&estate->more, found > length, memory_order_relaxed);
    atomic_store_explicit(&estate->length, length, memory_order_release);
}

/* Takes the first units of the span in a word; false if it is empty. */
static bool take_front(_Atomic uint64_t *word, uint32_t lanes, uint32_t least, struct span *taken)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
    for (;;) {
        struct span left = span_unpack(seen);
        if (span_empty(left))
            return false;
        uint32_t units = (left.high - left.low - 1) / lanes + 1;
        if (units < least)
            units = least;
        if (units > left.high - left.low)
            units = left.high - left.low;
        struct span rest = {left.low + units, left.high};
        if (atomic_compare_exchange_weak_explicit(word, &seen, span_pack(rest),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            *taken = (struct span){left.low, rest.low};
            return true;
        }
    }
}

bool rpi_estate_take(struct estate *estate, uint32_t least, struct span *taken)
{
    uint32_t length = atomic_load_explicit(&estate->length, memory_order_acquire);
    uint32_t first = atomic_load_explicit(&estate->first, memory_order_relaxed);
    for (uint32_t i = first; i < length; i++) {
        if (take_front(&queue_of(estate)[i], estate->lanes, least, taken))
            return true;
        /* Entries do not fill again while anybody looks, so a lower bound may be anybody's. */
        atomic_compare_exchange_strong_explicit(&estate->first, &first, i + 1, memory_order_relaxed,
                                                memory_order_relaxed);
        first = i + 1;
    }
    return false;
}

static bool settled(struct grave *grave)
{
    return atomic_load_explicit(&grave->state, memory_order_acquire) != GRAVE_NONE;
}

int rpi_estate_settled(struct estate *estate)
{
    int count = 0;
    for (uint32_t i = 0; i < estate->lanes; i++)
        count += settled(&estate->grave[i]);
    return count;
}

void rpi_estate_tell(struct estate *estate, int settled_ones)
{
    atomic_store(&estate->told, (uint32_t)settled_ones);
}

bool rpi_estate_take_suspects(struct estate *estate, struct span *taken)
{
    const uint32_t parts = 4 * estate->lanes; /* of what is left: shrinking, and not too many */
    if (estate->terms.tells && (int)atomic_load(&estate->told) < rpi_estate_settled(estate))
        return false;
    for (uint32_t i = 0; i < estate->lanes; i++) {
        struct grave *grave = &estate->grave[i];
        if (settled(grave) && take_front(&grave->left, parts, 1, taken))
            return true;
    }
    return false;
}

uint32_t rpi_estate_suspects(struct estate *estate)
{
    uint32_t units = 0;
    for (uint32_t i = 0; i < estate->lanes; i++) {
        struct grave *grave = &estate->grave[i];
        if (settled(grave))
            units += span_length(span_unpack(atomic_load(&grave->left)));
    }
    return units;
}

bool rpi_estate_exhausted(struct estate *estate)
{
    return atomic_load_explicit(&estate->more, memory_order_relaxed) != 0 &&
           atomic_load_explicit(&estate->first, memory_order_relaxed) >=
               atomic_load_explicit(&estate->length, memory_order_acquire);
}

static struct span hand_of(struct grave *grave)
{
    return span_unpack(atomic_load_explicit(&grave->hand, memory_order_relaxed));
}

bool rpi_estate_hand(struct estate *estate, uint32_t lane, struct span *hand)
{
    struct grave *grave = &estate->grave[lane];
    *hand = settled(grave) ? hand_of(grave) : (struct span){0, 0};
    return !span_empty(*hand);
}

uint32_t rpi_estate_deaths(struct estate *estate, uint32_t unit)
{
    uint32_t deaths = 0;
    for (uint32_t i = 0; i < estate->lanes; i++) {
        struct grave *grave = &estate->grave[i];
        if (atomic_load_explicit(&grave->state, memory_order_acquire) == GRAVE_NONE)
            continue;
        struct span hand = hand_of(grave);
        deaths += hand.low <= unit && unit < hand.high;
    }
    return deaths;
}

bool rpi_estate_next_given_up(struct estate *estate, struct span *span)
{
    uint32_t begin = span->high;
    bool found = false;
    for (uint32_t i = 0; i < estate->lanes; i++) {
        struct grave *grave = &estate->grave[i];
        if (atomic_load_explicit(&grave->state, memory_order_acquire) != GRAVE_GIVEN_UP)
            continue;
        struct span hand = hand_of(grave);
        if (hand.low >= begin && (!found || hand.low < span->low))
            *span = hand;
        found = found || hand.low >= begin;
    }
    return found;
}
