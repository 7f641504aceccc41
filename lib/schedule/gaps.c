#include "schedule/gaps.h"

#include <stdlib.h>

void rpi_cover_add(struct cover *cover, struct span span)
{
    if (span_empty(span))
        return;
    if (cover->count == cover->capacity) {
        uint32_t capacity = cover->capacity > 0 ? 2 * cover->capacity : 64;
        struct span *spans = realloc(cover->spans, capacity * sizeof *spans);
        if (spans == NULL) {
            cover->short_of_memory = true;
            return;
        }
        cover->spans = spans;
        cover->capacity = capacity;
    }
    cover->spans[cover->count++] = span;
}

static int by_begin(const void *left, const void *right)
{
    uint32_t a = ((const struct span *)left)->low, b = ((const struct span *)right)->low;
    return (a > b) - (a < b);
}

uint32_t rpi_cover_gaps(struct cover *cover, struct span whole, struct span *gaps, uint32_t most)
{
    uint32_t found = 0, reached = whole.low;
    if (cover->count > 0)
        qsort(cover->spans, cover->count, sizeof *cover->spans, by_begin);
    for (uint32_t i = 0; i <= cover->count && reached < whole.high; i++) {
        bool last = i == cover->count;
        uint32_t next = last || cover->spans[i].low > whole.high ? whole.high : cover->spans[i].low;
        if (next > reached && found++ < most)
            gaps[found - 1] = (struct span){reached, next};
        if (!last && cover->spans[i].high > reached)
            reached = cover->spans[i].high;
    }
    return found;
}

void rpi_cover_end(struct cover *cover)
{
    free(cover->spans);
    *cover = (struct cover){.spans = NULL};
}
