#include "schedule/ledger.h"

#include <math.h>
#include <stdlib.h>

bool rpi_ledger_begin(struct ledger *ledger, uint32_t units, int ranks, int nodes, uint32_t limit)
{
    *ledger = (struct ledger){.units = units, .limit = limit, .nodes = nodes};
    ledger->finished = calloc((size_t)nodes, sizeof *ledger->finished);
    ledger->given = calloc((size_t)nodes, sizeof *ledger->given);
    ledger->tried = calloc((size_t)nodes, sizeof *ledger->tried);
    ledger->blamed = calloc((size_t)ranks, sizeof *ledger->blamed);
    return ledger->finished != NULL && ledger->given != NULL && ledger->tried != NULL &&
           ledger->blamed != NULL;
}

void rpi_ledger_end(struct ledger *ledger)
{
    for (int node = 0; node < ledger->nodes; node++) {
        if (ledger->finished != NULL)
            rpi_cover_end(&ledger->finished[node]);
        if (ledger->given != NULL)
            rpi_cover_end(&ledger->given[node]);
    }
    free(ledger->finished);
    free(ledger->given);
    free(ledger->left);
    free(ledger->tried);
    free(ledger->blamed);
    rpi_cover_end(&ledger->settled);
    rpi_cover_end(&ledger->deaths);
    rpi_cover_end(&ledger->doubts);
    rpi_cover_end(&ledger->given_up);
    *ledger = (struct ledger){.nodes = 0};
}

void rpi_ledger_settle(struct ledger *ledger, struct span span)
{
    rpi_cover_add(&ledger->settled, span);
}

void rpi_ledger_finish(struct ledger *ledger, int node, struct span span)
{
    rpi_cover_add(&ledger->finished[node], span);
}

/* Batches that follow each other are one span. */
static void note_given(struct cover *given, struct span span)
{
    if (given->count > 0 && given->spans[given->count - 1].high == span.low)
        given->spans[given->count - 1].high = span.high;
    else
        rpi_cover_add(given, span);
}

static uint32_t held_by(const struct suspects *tried)
{
    return span_length(tried->batch[0].span) + span_length(tried->batch[1].span);
}

void rpi_ledger_give(struct ledger *ledger, int node, struct remainder units)
{
    struct suspects *tried = &ledger->tried[node];
    if (units.attempt == 0)
        note_given(&ledger->given[node], units.span);
    else
        tried->batch[span_empty(tried->batch[0].span) ? 0 : 1] = units;
}

bool rpi_ledger_acquit(struct ledger *ledger, int node, struct span span)
{
    struct suspects *tried = &ledger->tried[node];
    uint32_t before = held_by(tried);
    for (int i = 0; i < 2; i++) {
        struct span *held = &tried->batch[i].span;
        if (held->low == span.low && held->high == span.high)
            *held = (struct span){0, 0};
    }
    return held_by(tried) < before;
}

int64_t rpi_ledger_allows(const struct ledger *ledger, int node, bool single)
{
    const struct remainder *batch = ledger->tried[node].batch;
    bool full = !span_empty(batch[0].span) && !span_empty(batch[1].span);
    const struct remainder *held = span_empty(batch[0].span) ? &batch[1] : &batch[0];
    if (span_empty(held->span))
        return INT64_MAX;
    if (single)
        return -1;
    return full || held->attempt > 1 ? 0 : 1;
}

void rpi_ledger_give_up(struct ledger *ledger, struct span span)
{
    rpi_cover_add(&ledger->given_up, span);
    rpi_cover_add(&ledger->settled, span);
}

void rpi_ledger_blame(struct ledger *ledger, int rank, struct span span)
{
    if (!ledger->blamed[rank])
        rpi_cover_add(&ledger->deaths, span);
    ledger->blamed[rank] = true;
}

void rpi_ledger_bury(struct ledger *ledger, int node)
{
    struct cover *given = &ledger->given[node];
    struct suspects *tried = &ledger->tried[node];
    struct cover *cover = held_by(tried) == 1 ? &ledger->deaths : &ledger->doubts;
    for (int i = 0; i < 2; i++)
        rpi_cover_add(cover, tried->batch[i].span);
    for (uint32_t i = 0; i < given->count; i++)
        rpi_cover_add(&ledger->doubts, given->spans[i]);
    rpi_cover_end(&ledger->finished[node]);
    rpi_cover_end(given);
    *tried = (struct suspects){.batch = {{.attempt = 0}}};
}

static uint32_t count_of(const struct cover *cover, uint32_t unit)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cover->count; i++)
        count += cover->spans[i].low <= unit && unit < cover->spans[i].high;
    return count;
}

/* Was it alone at hand when somebody died? */
static bool accused(const struct ledger *ledger, uint32_t unit)
{
    bool alone = false;
    for (uint32_t i = 0; i < ledger->deaths.count && !alone; i++) {
        struct span death = ledger->deaths.spans[i];
        alone = death.low == unit && span_length(death) == 1;
    }
    return alone;
}

/* Nothing is given up for what may as well have been another's doing. */
static uint32_t deaths_of(const struct ledger *ledger, uint32_t unit)
{
    uint32_t deaths = count_of(&ledger->deaths, unit) + count_of(&ledger->doubts, unit);
    return deaths >= ledger->limit && !accused(ledger, unit) ? ledger->limit - 1 : deaths;
}

/* Up to where the units from `from` on have been in the same hands. */
static uint32_t same_in(const struct cover *cover, uint32_t from, uint32_t end)
{
    for (uint32_t i = 0; i < cover->count; i++) {
        struct span death = cover->spans[i];
        if (death.low > from && death.low < end)
            end = death.low;
        if (death.high > from && death.high < end)
            end = death.high;
    }
    return end;
}

static uint32_t same_until(const struct ledger *ledger, uint32_t from, uint32_t end)
{
    return same_in(&ledger->doubts, from, same_in(&ledger->deaths, from, end));
}

static void leave(struct ledger *ledger, struct remainder remainder)
{
    if (ledger->entries == ledger->capacity) {
        uint32_t capacity = ledger->capacity > 0 ? 2 * ledger->capacity : 64;
        struct remainder *left = realloc(ledger->left, capacity * sizeof *left);
        if (left == NULL) {
            ledger->short_of_memory = true;
            return;
        }
        ledger->left = left;
        ledger->capacity = capacity;
    }
    ledger->left[ledger->entries++] = remainder;
}

bool rpi_ledger_leave(struct ledger *ledger, struct span span)
{
    leave(ledger, (struct remainder){span, 0});
    return !ledger->short_of_memory;
}

/* Divides a gap by how often its units were at hand in deaths. */
static void divide(struct ledger *ledger, struct span gap)
{
    while (!span_empty(gap)) {
        struct span part = {gap.low, same_until(ledger, gap.low, gap.high)};
        uint32_t deaths = deaths_of(ledger, part.low);
        if (deaths >= ledger->limit)
            rpi_ledger_give_up(ledger, part);
        else
            leave(ledger, (struct remainder){part, deaths});
        gap.low = part.high;
    }
}

static void add_all(struct cover *cover, const struct cover *added)
{
    for (uint32_t i = 0; i < added->count; i++)
        rpi_cover_add(cover, added->spans[i]);
    cover->short_of_memory = cover->short_of_memory || added->short_of_memory;
}

/* Everything that need not be done any more. */
static struct cover done(const struct ledger *ledger, const struct cover *have)
{
    struct cover done = {.spans = NULL};
    add_all(&done, &ledger->settled);
    if (have != NULL)
        add_all(&done, have);
    for (int node = 0; node < ledger->nodes && have == NULL; node++)
        add_all(&done, &ledger->finished[node]);
    return done;
}

bool rpi_ledger_close(struct ledger *ledger, const struct cover *have)
{
    struct cover covered = done(ledger, have);
    uint32_t most = covered.count + 1;
    struct span *gaps = malloc(most * sizeof *gaps);
    ledger->entries = 0;
    bool sound = gaps != NULL && !covered.short_of_memory && !ledger->deaths.short_of_memory &&
                 !ledger->doubts.short_of_memory;
    uint32_t found =
        sound ? rpi_cover_gaps(&covered, (struct span){0, ledger->units}, gaps, most) : 0;
    for (uint32_t i = 0; i < found; i++)
        divide(ledger, gaps[i]);
    for (int node = 0; node < ledger->nodes; node++) {
        rpi_cover_end(&ledger->given[node]);
        ledger->tried[node] = (struct suspects){.batch = {{.attempt = 0}}};
    }
    free(gaps);
    rpi_cover_end(&covered);
    return sound && !ledger->short_of_memory;
}

int64_t rpi_ledger_next(const struct ledger *ledger, int64_t attempts)
{
    for (uint32_t i = 0; i < ledger->entries; i++) {
        if (!span_empty(ledger->left[i].span) && ledger->left[i].attempt <= attempts)
            return i;
    }
    return -1;
}

uint32_t rpi_ledger_most(const struct remainder *left, uint32_t some)
{
    const uint32_t few = 1000; /* one by one, they take some tenths of a second */
    uint32_t length = span_length(left->span);
    if (left->attempt == 0)
        return UINT32_MAX;
    bool alone = left->attempt > 1 && length <= few;
    return alone ? 1 : (uint32_t)fmin(some, floor(sqrt(length)));
}
