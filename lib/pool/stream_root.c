#include "pool/stream_root.h"

#include "pool/sight.h"

#include <math.h>
#include <stdlib.h>

/* An item failed somewhere: what lies behind it is not wanted, and the nodes learn where that
 * is. */
static void heed_limit(struct stream *stream)
{
    int64_t limit = station_limit(stream->supplier.station);
    if (limit == INT64_MAX)
        return;
    stream->dry = true;
    if (stream->courier != NULL)
        rpi_courier_limit(stream->courier, limit);
}

static bool finished(const struct stream *stream)
{
    return stream->over || (stream->dry && stream->flying == 0) ||
           board_stopped(stream->pool->board);
}

/* Has this round come to its end, since others wait for the next, and nothing is left on any
 * node? */
static bool regrouped(const struct stream *stream)
{
    bool empty = stream->regroups;
    for (int node = 0; node < stream->pool->world.nodes && empty; node++)
        empty = stream->outlets[node].held == 0;
    return empty;
}

/* Waits until something is done, but not longer than the producer may be left alone. */
static void wait_for_news(struct stream *stream, uint32_t seen)
{
    const double longest = 50e-3, ask_again = 1e-3, look_again = 20e-3;
    double most = stream->idle ? ask_again : longest;
    if (stream->stand_in != NULL)
        most = fmin(most, look_again);
    if (stream->courier != NULL) {
        double attend = rpi_courier_attend(stream->courier);
        most = attend < most ? attend : most;
    }
    double begin = sight_now(stream->pool);
    rpi_signal_wait(&stream->supplier.station->news, seen, stream->pool->world.crowding <= 1, most);
    rpi_sight_wait(stream->pool, begin);
}

static void close_stations(struct stream *stream)
{
    bool stop = stream->over || board_stopped(stream->pool->board);
    stream->complete = stream->over || (stream->dry && stream->flying == 0);
    stream->goes_on = !stop && !stream->complete;
    if (stop) {
        rpi_board_stop(stream->pool->board);
        rpi_signal_all(&stream->supplier.station->work);
    }
    rpi_station_close(stream->supplier.station);
    if (stream->courier != NULL)
        rpi_courier_close(stream->courier, stop);
}

void rpi_stream_serve(struct stream *stream)
{
    while (!finished(stream) && !regrouped(stream)) {
        uint32_t seen = rpi_signal_seen(&stream->supplier.station->news);
        rpi_stream_look(stream);
        bool moved = rpi_stream_collect(stream);
        sight_consumed(stream->pool, stream->produced - stream->items_held, stream->items_held);
        heed_limit(stream);
        if (!stream->over && !stream->regroups)
            moved = rpi_stream_supply(stream) || moved;
        if (finished(stream) || regrouped(stream))
            break;
        if (stream->courier != NULL)
            rpi_courier_attend(stream->courier);
        bool worked = stream->worker != NULL && rpi_stream_work(stream->worker);
        if (!moved && !worked)
            wait_for_news(stream, seen);
    }
    close_stations(stream);
}

void rpi_stream_drop(struct stream *stream)
{
    for (int64_t i = 0; i < stream->done_capacity; i++) {
        for (struct parcel *parcel = stream->done[i], *next; parcel != NULL; parcel = next) {
            next = parcel->next;
            rpi_parcel_free(parcel);
        }
    }
    rpi_parcels_free(&stream->again);
    free(stream->done);
    free(stream->outlets);
    free(stream->outposts);
    rpi_supplier_drop(&stream->supplier);
}
