/* The watchdog's report, composed in memory and written at once, so that the reports of several
 * nodes do not interleave. */
#include "base/error.h"
#include "base/file_io.h"
#include "base/message.h"
#include "base/numeric_locale.h"
#include "diag/activity.h"
#include "diag/diagnosis.h"
#include "diag/watchdog.h"
#include "engine/task.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct units report_units(const struct watchdog *watchdog)
{
    struct activities *activities = watchdog->pool->diag->activities;
    return (struct units){.items = atomic_load_explicit(&activities->items, memory_order_relaxed),
                          .unit_items =
                              atomic_load_explicit(&activities->unit_items, memory_order_relaxed)};
}

/* "items 3 to 9", for a packed unit range that is not empty. */
static const char *report_items_text(const struct watchdog *watchdog, uint64_t unit_range,
                                     char text[64])
{
    struct units units = report_units(watchdog);
    rpi_range_text(units_to_items(&units, unit_range_unpack(unit_range)), text, 64);
    return text;
}

static void report_job(const struct watchdog *watchdog, uint32_t lane, double now, FILE *report)
{
    char text[64];
    const struct rank_sample *sample = &watchdog->samples[lane];
    uint64_t range = atomic_load(&watchdog->pool->work_queue->lane[lane].range);
    if (unit_range_empty(unit_range_unpack(sample->chunk)))
        fprintf(report, "looks for work");
    else
        fprintf(report, "computes %s, for %.3g s", report_items_text(watchdog, sample->chunk, text),
                now - sample->chunk_since);
    if (!unit_range_empty(unit_range_unpack(range)))
        fprintf(report, "; next: %s", report_items_text(watchdog, range, text));
}

static void report_stream(const struct watchdog *watchdog, uint32_t lane, double now, FILE *report)
{
    char text[64];
    struct rank_activity *activity = &watchdog->pool->diag->activities->of[lane];
    rp_range packet = {atomic_load_explicit(&activity->packet_begin, memory_order_relaxed),
                       atomic_load_explicit(&activity->packet_end, memory_order_relaxed)};
    rpi_range_text(packet, text, sizeof text);
    if (packet.begin < packet.end)
        fprintf(report, "computes %s of a stream, for %.3g s", text,
                now - watchdog->samples[lane].packet_since);
    else
        fprintf(report, "waits for items of a stream, or produces or consumes them");
}

static void report_worklist(const struct watchdog *watchdog, uint32_t lane, double now,
                            FILE *report)
{
    struct rank_activity *activity = &watchdog->pool->diag->activities->of[lane];
    int64_t done = atomic_load_explicit(&activity->packet_begin, memory_order_relaxed);
    bool busy = atomic_load_explicit(&activity->packet_end, memory_order_relaxed) != done;
    fprintf(report, "%s items of a worklist, for %.3g s, and has finished %" PRId64,
            busy ? "computes" : "looks for", now - watchdog->samples[lane].packet_since, done);
}

static void report_agreement(const struct rank_sample *sample, double now, FILE *report)
{
    enum call call = activity_call_of(sample->agreement);
    if (call == CALL_LOOP_CLOSE)
        fprintf(report, "has done its part of the job");
    else
        fprintf(report, "is in %s", rpi_call_name(call));
    fprintf(report, ", and waits for other ranks for %.3g s", now - sample->agreement_since);
}

static void report_rank(const struct watchdog *watchdog, uint32_t lane, double now, FILE *report)
{
    struct rank_activity *activity = &watchdog->pool->diag->activities->of[lane];
    uint32_t in_job = atomic_load_explicit(&activity->in_job, memory_order_relaxed);
    fprintf(report, "  rank %d ", atomic_load_explicit(&activity->rank, memory_order_relaxed));
    if (rank_lost(watchdog->pool, (int)lane))
        fprintf(report, "has died");
    else if (watchdog->samples[lane].agreement != 0)
        report_agreement(&watchdog->samples[lane], now, report);
    else if (in_job == IN_STREAM)
        report_stream(watchdog, lane, now, report);
    else if (in_job == IN_WORKLIST)
        report_worklist(watchdog, lane, now, report);
    else if (in_job == IN_JOB)
        report_job(watchdog, lane, now, report);
    else
        fprintf(report, "is in the program's own code, in no call of this pool");
    fputc('\n', report);
}

/* The unclaimed rest of each batch. */
static void report_unclaimed(const struct watchdog *watchdog, FILE *report)
{
    char text[64];
    for (int i = 0; i < BATCH_QUEUES; i++) {
        uint64_t left = atomic_load(&watchdog->pool->work_queue->batch_queue[i].left);
        if (!unit_range_empty(unit_range_unpack(left)))
            fprintf(report, "  no rank has taken %s yet\n",
                    report_items_text(watchdog, left, text));
    }
}

void rpi_watchdog_report(const struct watchdog *watchdog, double now)
{
    const struct world *world = &watchdog->pool->world;
    char *text = NULL;
    size_t length = 0;
    FILE *report = open_memstream(&text, &length);
    if (report == NULL)
        return;
    char host[HOST_NAME_BYTES];
    rpi_host_name(host, sizeof host);
    locale_t before = rpi_numeric_locale_begin();
    fprintf(report, "rankpool: nothing has finished for %.3g s on node %d (%s):\n",
            now - watchdog->quiet_since, world->node, host);
    for (uint32_t lane = 0; lane < watchdog->pool->work_queue->lanes; lane++)
        report_rank(watchdog, lane, now, report);
    report_unclaimed(watchdog, report);
    rpi_numeric_locale_end(before);
    if (fclose(report) == 0)
        rpi_message_write(text, length);
    free(text);
}
