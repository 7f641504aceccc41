/* What the watch tells a person, composed as a whole and written at once, so that what several
 * nodes have to say does not mingle. */
#include "base/error.h"
#include "base/writing.h"
#include "pool/survival.h"
#include "pool/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct units units_of(const struct watch *watch)
{
    struct doings *doings = watch->pool->doings;
    return (struct units){.items = atomic_load_explicit(&doings->items, memory_order_relaxed),
                          .unit_items =
                              atomic_load_explicit(&doings->unit_items, memory_order_relaxed)};
}

/* "items 3 to 9", of a span that is not empty. */
static const char *items_text(const struct watch *watch, uint64_t span, char text[64])
{
    struct units units = units_of(watch);
    rpi_range_text(units_to_items(&units, span_unpack(span)), text, 64);
    return text;
}

static void tell_job(const struct watch *watch, uint32_t lane, double now, FILE *report)
{
    char text[64];
    const struct sight *sight = &watch->sights[lane];
    uint64_t range = atomic_load(&watch->pool->board->lane[lane].range);
    if (span_empty(span_unpack(sight->slice)))
        fprintf(report, "looks for work");
    else
        fprintf(report, "computes %s, for %.3g s", items_text(watch, sight->slice, text),
                now - sight->slice_since);
    if (!span_empty(span_unpack(range)))
        fprintf(report, "; next: %s", items_text(watch, range, text));
}

static void tell_stream(const struct watch *watch, uint32_t lane, double now, FILE *report)
{
    char text[64];
    struct doing *doing = &watch->pool->doings->of[lane];
    rp_range parcel = {atomic_load_explicit(&doing->parcel_begin, memory_order_relaxed),
                       atomic_load_explicit(&doing->parcel_end, memory_order_relaxed)};
    rpi_range_text(parcel, text, sizeof text);
    if (parcel.begin < parcel.end)
        fprintf(report, "computes %s of a stream, for %.3g s", text,
                now - watch->sights[lane].parcel_since);
    else
        fprintf(report, "waits for items of a stream, or produces or consumes them");
}

static void tell_meeting(const struct sight *sight, double now, FILE *report)
{
    enum call call = doing_call_of(sight->meeting);
    if (call == CALL_LOOP_CLOSE)
        fprintf(report, "has done its part of the job");
    else
        fprintf(report, "is in %s", rpi_call_name(call));
    fprintf(report, ", and waits for other ranks for %.3g s", now - sight->meeting_since);
}

static void tell_rank(const struct watch *watch, uint32_t lane, double now, FILE *report)
{
    struct doing *doing = &watch->pool->doings->of[lane];
    uint32_t in_job = atomic_load_explicit(&doing->in_job, memory_order_relaxed);
    fprintf(report, "  rank %d ", atomic_load_explicit(&doing->rank, memory_order_relaxed));
    if (rpi_rank_lost(watch->pool, (int)lane))
        fprintf(report, "has died");
    else if (watch->sights[lane].meeting != 0)
        tell_meeting(&watch->sights[lane], now, report);
    else if (in_job == IN_STREAM)
        tell_stream(watch, lane, now, report);
    else if (in_job == IN_JOB)
        tell_job(watch, lane, now, report);
    else
        fprintf(report, "is in the program's own code, in no call of this pool");
    fputc('\n', report);
}

/* What no rank has taken yet. */
static void tell_reservoirs(const struct watch *watch, FILE *report)
{
    char text[64];
    for (int i = 0; i < RESERVOIRS; i++) {
        uint64_t left = atomic_load(&watch->pool->board->reservoir[i].left);
        if (!span_empty(span_unpack(left)))
            fprintf(report, "  no rank has taken %s yet\n", items_text(watch, left, text));
    }
}

void rpi_watch_report(const struct watch *watch, double now)
{
    const struct world *world = &watch->pool->world;
    char *text = NULL;
    size_t length = 0;
    FILE *report = open_memstream(&text, &length);
    if (report == NULL)
        return;
    rp_error here;
    rpi_error_host(&here);
    fprintf(report, "rankpool: nothing has finished for %.3g s on node %d (%s):\n",
            now - watch->quiet_since, world->node, here.host);
    for (uint32_t lane = 0; lane < watch->pool->board->lanes; lane++)
        tell_rank(watch, lane, now, report);
    tell_reservoirs(watch, report);
    if (fclose(report) == 0)
        rpi_write_whole(STDERR_FILENO, text, length);
    free(text);
}
