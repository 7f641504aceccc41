/* The slot queue of a stream with threads as ranks: every item exactly once, with its own result,
 * for any interleaving.
 *
 * usage: tests/threads/slot_queue [PACKETS [THREADS]]
 *
 * The main thread is the feeder. Items and results are in ordinary memory, so under ThreadSanitizer
 * a slot used by two threads at once is a data race. Every second stream runs as if the kernel
 * forbade ranks to read each other's memory. */
#include "threads.h"

#include "base/buffer.h"
#include "base/eventcount.h"
#include "diag/diagnosis.h"
#include "observe/hooks.h"
#include "stream/feeder.h"
#include "stream/worker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 64,
    PACKETS_OF_STREAM = 500,
    ITEMS_OF_PACKET = 20
};

static struct slot_queue *slot_queue;
static struct work_queue *work_queue;
static struct feeder feeder;
static rp_pool pools[MOST_THREADS]; /* one for each rank; only its activity is used */
static struct rank_activity activities[MOST_THREADS];
static struct diagnosis diagnoses[MOST_THREADS];
static struct observation observation; /* observation is off */
static uint32_t threads = 8;
static bool by_chunks;
static int64_t items, consumed;

/* What the feeder knows of an item. */
static enum {
    WANTED,
    WITHDRAWN,
    NEVER_BEGUN /* withdrawn, and certain not to begin */
} wish[PACKETS_OF_STREAM * ITEMS_OF_PACKET];

static void fail(const char *what, int64_t item)
{
    fprintf(stderr, "FAILED: %s: item %" PRId64 "\n", what, item);
    exit(EXIT_FAILURE);
}

/* Bytes of an item's result behind its number: few, or more than a slot holds. */
static size_t extra(int64_t item)
{
    return item % 97 == 0 ? 30000 + (size_t)(item % 11) * 9000 : (size_t)(item % 29);
}

static int work(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    int64_t item = rp_task_item(task), told;
    memcpy(&told, in, sizeof told);
    if (told != item || ((const char *)in)[in_bytes - 1] != ((const char *)in)[sizeof told])
        fail("not its input", item);
    char *out = rp_buffer_resize(result, sizeof item + extra(item));
    if (out == NULL)
        fail("no memory", item);
    memcpy(out, &item, sizeof item);
    memset(out + sizeof item, (int)(item % 127), extra(item));
    return 0;
}

static void check(const char *data, size_t bytes, int64_t item)
{
    int64_t told;
    memcpy(&told, data, sizeof told);
    if (told != item || bytes != sizeof told + extra(item))
        fail("not its result", item);
    for (size_t i = sizeof told; i < bytes; i++) {
        if (data[i] != (char)(item % 127))
            fail("a spoilt result", item);
    }
    consumed++;
}

/* A packet of small items, or of a large one. */
static struct packet *make_packet(void)
{
    struct packet *packet = rpi_packet_make();
    packet->first = items;
    if (next_random() % 16 == 0) {
        packet->large_bytes = 40000 + next_random() % 50000;
        packet->large = malloc(packet->large_bytes);
        memset(packet->large, 'x', packet->large_bytes);
        memcpy(packet->large, &items, sizeof items);
        packet->items = 1;
        items++;
        return packet;
    }
    for (packet->items = 0; packet->items < 1 + next_random() % ITEMS_OF_PACKET; packet->items++) {
        size_t room, bytes = sizeof items + 1 + next_random() % 20;
        char *place = area_room(&packet->area, 0, &room);
        memset(place, 'y', bytes);
        memcpy(place, &items, sizeof items);
        area_add(&packet->area, false, bytes);
        items++;
    }
    return packet;
}

static void check_packet(struct packet *packet)
{
    const struct record *record;
    size_t position = 0;
    int64_t item = packet->first;
    while ((record = area_next(&packet->area, &position)) != NULL) {
        const char *data = (const char *)(record + 1);
        if (record->elsewhere)
            data = packet->large + *(const uint64_t *)(const void *)data;
        if (record->failed ? wish[item] == WANTED : wish[item] == NEVER_BEGUN)
            fail(record->failed ? "was not withdrawn" : "begun in spite of all", item);
        if (record->failed)
            consumed++;
        else
            check(data, record->bytes, item);
        item++;
    }
    if (item != packet->first + packet->items)
        fail("missing", item);
    rpi_packet_free(packet);
}

/* Withdraws one of the latest items, which a rank may be about to begin. */
static void withdraw_item(void)
{
    int64_t item = items - 1 - (int64_t)(next_random() % 10);
    bool never;
    if (item >= 0 && rpi_feeder_withdraw(&feeder, item, &never))
        wish[item] = never ? NEVER_BEGUN : WITHDRAWN;
}

static void supply(void)
{
    rp_error error;
    struct packet *packet;
    for (int put = 0; put < PACKETS_OF_STREAM || feeder.held > 0;) {
        uint32_t seen = rpi_eventcount_key(&slot_queue->feeder_event);
        if (rpi_feeder_take(&feeder, &packet, &error) != RP_OK)
            fail(error.text, -1);
        if (packet != NULL) {
            check_packet(packet);
        } else if (put < PACKETS_OF_STREAM && !feeder_full(&feeder)) {
            rpi_feeder_put(&feeder, make_packet());
            put++;
            if (next_random() % 4 == 0)
                withdraw_item();
        } else {
            rpi_eventcount_wait(&slot_queue->feeder_event, seen, false, 1);
        }
    }
    rpi_slot_queue_close(slot_queue);
}

static void *rank(void *argument)
{
    static const rp_stream_job job = {.work = work};
    rp_pool *pool = &pools[(uintptr_t)argument];
    pool->observe = &observation;
    pool->diag = &diagnoses[(uintptr_t)argument];
    pool->diag->activity = &activities[(uintptr_t)argument];
    struct stream_worker worker = {.pool = pool,
                                   .work_queue = work_queue,
                                   .slot_queue = slot_queue,
                                   .lane = (uint32_t)(uintptr_t)argument,
                                   .feeder = threads,
                                   .job = &job,
                                   .most_saved = 200000};
    if (!rpi_stream_worker_make(&worker))
        fail("no memory", -1);
    rpi_stream_worker_run(&worker, NULL, NULL);
    rpi_stream_worker_drop(&worker);
    return NULL;
}

static void run_stream(void)
{
    pthread_t thread[MOST_THREADS];
    rpi_slot_queue_reset(slot_queue, threads + 1);
    rpi_work_queue_prepare(work_queue, (struct unit_range){0, 0}, (struct unit_range){0, 0}, true);
    atomic_store(&slot_queue->unreachable, by_chunks);
    for (uint32_t lane = 0; lane <= threads; lane++)
        rpi_slot_queue_lane(slot_queue, lane)->self = rpi_peer_self();
    if (!rpi_feeder_make(&feeder, slot_queue, threads))
        fail("no memory", -1);
    items = consumed = 0;
    memset(wish, 0, sizeof wish);
    for (uint32_t i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, rank, (void *)(uintptr_t)i);
    supply();
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    rpi_feeder_drop(&feeder);
    if (consumed != items)
        fail("lost", items - consumed);
}

int main(int argc, char **argv)
{
    int64_t wanted = argc > 1 ? strtoll(argv[1], NULL, 10) : 20000, packets = 0, all = 0;
    threads = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : threads;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "tests/threads/slot_queue: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    slot_queue = aligned_alloc(APART, rpi_slot_queue_bytes(threads + 1));
    work_queue = make_work_queue(threads);
    while (packets < wanted) {
        run_stream();
        by_chunks = !by_chunks;
        packets += PACKETS_OF_STREAM;
        all += items;
    }
    printf("ok: %" PRId64 " parcels of %" PRId64 " items on %u threads\n", packets, all, threads);
    free(work_queue);
    free(slot_queue);
    return EXIT_SUCCESS;
}
