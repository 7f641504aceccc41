/* The station of a stream with threads for ranks: every item once, with its own result, whatever
 * the interleaving.
 *
 * usage: station_threads [PARCELS [THREADS]]
 *
 * The main thread is the supplier. Items and results are plain memory, so under ThreadSanitizer a
 * slot that two threads believe to be theirs is a data race. Every second stream goes as if the
 * kernel forbade ranks to read each other's memory. */
#include "threads.h"

#include "base/buffer.h"
#include "base/waiting.h"
#include "pool/stream_work.h"
#include "pool/supplier.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 64,
    PARCELS_OF_STREAM = 500
};

static struct station *station;
static struct board *board;
static struct supplier supplier;
static rp_pool pools[MOST_THREADS]; /* a rank's own: all that is looked at is what it does */
static struct doing doings[MOST_THREADS];
static uint32_t threads = 8;
static bool by_chunks;
static int64_t items, consumed;

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

/* A parcel of small items, or of a large one. */
static struct parcel *make_parcel(void)
{
    struct parcel *parcel = rpi_parcel_make();
    parcel->first = items;
    if (next_random() % 16 == 0) {
        parcel->large_bytes = 40000 + next_random() % 50000;
        parcel->large = malloc(parcel->large_bytes);
        memset(parcel->large, 'x', parcel->large_bytes);
        memcpy(parcel->large, &items, sizeof items);
        parcel->items = 1;
        items++;
        return parcel;
    }
    for (parcel->items = 0; parcel->items < 1 + next_random() % 20; parcel->items++) {
        size_t room, bytes = sizeof items + 1 + next_random() % 20;
        char *place = area_room(&parcel->area, 0, &room);
        memset(place, 'y', bytes);
        memcpy(place, &items, sizeof items);
        area_add(&parcel->area, false, bytes);
        items++;
    }
    return parcel;
}

static void check_parcel(struct parcel *parcel)
{
    const struct record *record;
    size_t position = 0;
    int64_t item = parcel->first;
    while ((record = area_next(&parcel->area, &position)) != NULL) {
        const char *data = (const char *)(record + 1);
        if (record->elsewhere)
            data = parcel->large + *(const uint64_t *)(const void *)data;
        check(data, record->bytes, item++);
    }
    if (item != parcel->first + parcel->items)
        fail("missing", item);
    rpi_parcel_free(parcel);
}

static void supply(void)
{
    rp_error error;
    struct parcel *parcel;
    for (int put = 0; put < PARCELS_OF_STREAM || supplier.held > 0;) {
        uint32_t seen = rpi_signal_seen(&station->news);
        if (rpi_supplier_take(&supplier, &parcel, &error) != RP_OK)
            fail(error.text, -1);
        if (parcel != NULL) {
            check_parcel(parcel);
        } else if (put < PARCELS_OF_STREAM && !supplier_full(&supplier)) {
            rpi_supplier_put(&supplier, make_parcel());
            put++;
        } else {
            rpi_signal_wait(&station->news, seen, false, 1);
        }
    }
    rpi_station_close(station);
}

static void *rank(void *argument)
{
    static const rp_stream_job job = {.work = work};
    rp_pool *pool = &pools[(uintptr_t)argument];
    pool->doing = &doings[(uintptr_t)argument];
    struct stream_worker worker = {.pool = pool,
                                   .board = board,
                                   .station = station,
                                   .lane = (uint32_t)(uintptr_t)argument,
                                   .supplier = threads,
                                   .job = &job,
                                   .most_kept = 200000};
    if (!rpi_stream_worker_make(&worker))
        fail("no memory", -1);
    rpi_stream_work_off(&worker, NULL, NULL);
    rpi_stream_worker_drop(&worker);
    return NULL;
}

static void run_stream(void)
{
    pthread_t thread[MOST_THREADS];
    rpi_station_reset(station, threads + 1);
    rpi_board_prepare(board, (struct span){0, 0}, (struct span){0, 0}, true);
    atomic_store(&station->unreachable, by_chunks);
    for (uint32_t lane = 0; lane <= threads; lane++)
        rpi_station_lane(station, lane)->self = rpi_peer_self();
    if (!rpi_supplier_make(&supplier, station, threads))
        fail("no memory", -1);
    items = consumed = 0;
    for (uint32_t i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, rank, (void *)(uintptr_t)i);
    supply();
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    rpi_supplier_drop(&supplier);
    if (consumed != items)
        fail("lost", items - consumed);
}

int main(int argc, char **argv)
{
    int64_t wanted = argc > 1 ? strtoll(argv[1], NULL, 10) : 20000, parcels = 0, all = 0;
    threads = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : threads;
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "station_threads: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    station = aligned_alloc(APART, rpi_station_bytes(threads + 1));
    board = make_board(threads);
    while (parcels < wanted) {
        run_stream();
        by_chunks = !by_chunks;
        parcels += PARCELS_OF_STREAM;
        all += items;
    }
    printf("ok: %" PRId64 " parcels of %" PRId64 " items on %u threads\n", parcels, all, threads);
    free(board);
    free(station);
    return EXIT_SUCCESS;
}
