/* The main loop of the root: takes finished packets, consumes, produces and computes. */
#include "stream/root.h"

#include "diag/diagnosis.h"
#include "observe/hooks.h"

#include <math.h>
#include <stdlib.h>

/* Once an item has failed, stops producing and tells the other nodes the limit, from which on items
 * are not wanted. */
static void apply_failure_limit(struct stream *stream)
{
    int64_t limit = slot_queue_limit(stream->feeder.slot_queue);
    if (limit == INT64_MAX)
        return;
    stream->exhausted = true;
    if (stream->stream_link != NULL)
        rpi_stream_link_limit(stream->stream_link, limit);
}

bool rpi_stream_finished(const struct stream *stream)
{
    return stream->over || (stream->exhausted && stream->outstanding == 0) ||
           work_queue_stopped(stream->pool->work_queue);
}

bool rpi_stream_round_drained(const struct stream *stream)
{
    bool empty = stream->round_ending;
    for (int node = 0; node < stream->pool->world.nodes && empty; node++)
        empty = stream->destinations[node].held == 0;
    return empty;
}

/* Updates the estimates of result size and item duration. */
static void pace_learn(struct stream *stream, const struct packet *packet)
{
    double bytes = (double)(packet->area.used + packet->large_bytes) / packet->done;
    stream->item_bytes += (bytes - stream->item_bytes) / 2;
    rpi_chunk_policy_learn(&stream->pace, packet->done, packet->seconds);
}

/* Handles a packet that has come back from a node. */
static void accept_returned(struct stream *stream, struct packet *packet, bool starved)
{
    struct destination *destination = &stream->destinations[packet->node];
    destination->held--;
    destination->probing = destination->probing && destination->held > 0;
    if (packet->fate != PACKET_DONE) {
        rpi_stream_redo(stream, packet);
        return;
    }
    if (starved && destination->depth + destination->ranks <= destination->most)
        destination->depth += destination->ranks;
    if (packet->done > 0 && !packet_any_withdrawn(packet))
        pace_learn(stream, packet);
    int64_t limit = slot_queue_limit(stream->feeder.slot_queue);
    limit = packet->limit < limit ? packet->limit : limit;
    if (packet->done < packet->items && packet->first + packet->done < limit)
        stream->cut = true;
    rpi_stream_saving_add(stream->saving, packet);
    rpi_stream_accept_done(stream, packet);
}

/* Takes finished packets from the slot queue of the root's node. */
static bool collect_local(struct stream *stream)
{
    struct slot_queue *slot_queue = stream->feeder.slot_queue;
    struct packet *packet;
    rp_error error;
    bool any = false;
    while (!stream->over) {
        if (rpi_feeder_take(&stream->feeder, &packet, &error) != RP_OK)
            rpi_stream_fail(stream, &error);
        if (packet == NULL)
            break;
        any = true;
        accept_returned(stream, packet,
                        atomic_exchange_explicit(&slot_queue->starved, 0, memory_order_relaxed) !=
                            0);
    }
    return any;
}

/* Takes finished packets from all nodes and consumes those that are due. Returns whether there were
 * any. */
static bool collect_finished(struct stream *stream)
{
    bool any = collect_local(stream);
    struct packet *packet;
    while (stream->stream_link != NULL && !stream->over &&
           (packet = rpi_stream_link_take(stream->stream_link)) != NULL) {
        any = true;
        activity_packet_returned(stream->pool->diag->activity);
        accept_returned(stream, packet, packet->starved);
    }
    rpi_stream_consume_due(stream);
    return any;
}

/* Waits for a finished packet, but not longer than `most` seconds, and than the liveness check and
 * the stream link may wait. */
static void wait_for_completion(struct stream *stream, uint32_t seen, double most)
{
    most = fmin(most, stream->look_again);
    if (stream->stream_link != NULL)
        most = fmin(most, rpi_node_link_attend(&stream->stream_link->link));
    double begin = observe_now(stream->pool);
    rpi_eventcount_wait(&stream->feeder.slot_queue->feeder_event, seen,
                        stream->pool->world.crowding <= 1, most);
    rpi_observe_wait(stream->pool, begin);
}

void rpi_stream_close(struct stream *stream)
{
    bool stop = stream->over || work_queue_stopped(stream->pool->work_queue);
    stream->complete =
        stream->over || (stream->exhausted && stream->outstanding == 0 && !stream->cut);
    stream->another_round = !stop && !stream->complete;
    if (stop) {
        rpi_work_queue_stop(stream->pool->work_queue);
        rpi_eventcount_notify_all(&stream->feeder.slot_queue->worker_event);
    }
    rpi_slot_queue_close(stream->feeder.slot_queue);
    if (stream->stream_link != NULL)
        rpi_stream_link_close(stream->stream_link, stop);
}

struct stream_shown rpi_stream_shown(const struct stream *stream)
{
    if (stream->shown != NULL)
        return *stream->shown;
    return (struct stream_shown){.done = stream->produced - stream->items_held,
                                 .waiting = stream->items_held};
}

bool rpi_stream_exchange(struct stream *stream)
{
    rpi_stream_check_liveness(stream);
    bool moved = collect_finished(stream);
    const struct stream_shown shown = rpi_stream_shown(stream);
    observe_consumed(stream->pool, shown.done, shown.waiting);
    apply_failure_limit(stream);
    if (!stream->over && !stream->round_ending)
        moved = rpi_stream_supply(stream) || moved;
    return moved;
}

void rpi_stream_work(struct stream *stream, bool moved, uint32_t seen, double most)
{
    const double longest = 50e-3;
    if (stream->stream_link != NULL)
        rpi_node_link_attend(&stream->stream_link->link);
    bool worked = stream->worker != NULL && rpi_stream_worker_step(stream->worker);
    if (!moved && !worked)
        wait_for_completion(stream, seen, fmin(most, longest));
}

void rpi_stream_serve(struct stream *stream)
{
    const double ask_again = 1e-3;
    while (!rpi_stream_finished(stream) && !rpi_stream_round_drained(stream)) {
        uint32_t seen = rpi_eventcount_key(&stream->feeder.slot_queue->feeder_event);
        bool moved = rpi_stream_exchange(stream);
        if (rpi_stream_finished(stream) || rpi_stream_round_drained(stream))
            break;
        rpi_stream_work(stream, moved, seen, stream->idle ? ask_again : INFINITY);
    }
}

bool rpi_stream_withdraw(struct stream *stream, int64_t item)
{
    bool never;
    if (rpi_feeder_withdraw(&stream->feeder, item, &never))
        return never;
    for (struct packet *packet = stream->requeued.head; packet != NULL; packet = packet->next) {
        if (packet_has(packet, item)) {
            rpi_packet_withdraw(packet, item);
            return packet->attempt == 0;
        }
    }
    if (stream->stream_link != NULL)
        rpi_stream_link_withdraw(stream->stream_link, item);
    return false;
}

void rpi_stream_drop(struct stream *stream)
{
    for (int64_t i = 0; i < stream->done_capacity; i++) {
        for (struct packet *packet = stream->done[i], *next; packet != NULL; packet = next) {
            next = packet->next;
            rpi_packet_free(packet);
        }
    }
    rpi_packets_free(&stream->requeued);
    free(stream->done);
    free(stream->destinations);
    free(stream->remote_nodes);
    rpi_feeder_drop(&stream->feeder);
}
