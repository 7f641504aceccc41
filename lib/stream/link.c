#include "stream/link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "comm/mpi_error.h"
#include "distrib/node_leader.h"
#include "resilience/survival.h"

#include <math.h>
#include <stdlib.h>

/* Seconds between steps: after one that moved something, and at most. Each wakeup costs about 8 us
 * of a core that computes. */
static const double shortest_sleep = 0.1e-3, longest_sleep = 1e-3;

static bool on_root(const struct stream_link *stream_link)
{
    return stream_link->nodes != NULL;
}

/* ---- heartbeats ------------------------------------------------------------------------------ */

static void declare_node_lost(struct stream_link *stream_link, int node)
{
    rpi_heartbeat_error(&stream_link->heartbeat, &stream_link->pool->world, node,
                        &stream_link->error);
    stream_link->lost_at = rpi_clock_seconds();
    rpi_stream_link_stop_node(stream_link);
}

static int keep_heartbeat(struct stream_link *stream_link)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (!on_root(stream_link) && !stream_link->finish_sent &&
        rpi_heartbeat_due(&stream_link->heartbeat, now))
        code = rpi_stream_link_notify(stream_link, stream_link->root_address,
                                      (struct packet_message){.kind = PACKET_HEARTBEAT});
    int silent =
        isinf(stream_link->lost_at) ? rpi_heartbeat_silent(&stream_link->heartbeat, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    declare_node_lost(stream_link, silent);
    return on_root(stream_link) ? rpi_stream_link_node_lost(stream_link, silent) : MPI_SUCCESS;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int stream_link_dispatch(struct stream_link *stream_link, int from,
                                const struct packet_message *message)
{
    rpi_heartbeat_received(&stream_link->heartbeat, from, rpi_clock_seconds());
    if (message->kind == PACKET_FINISHED)
        rpi_heartbeat_unwatch(&stream_link->heartbeat, from);
    if (message->kind == PACKET_CLOSED && message->stop && message->lost >= 0)
        declare_node_lost(stream_link, message->lost);
    return on_root(stream_link) ? rpi_stream_link_read_on_root(stream_link, from, message)
                                : rpi_stream_link_read_on_node(stream_link, message);
}

/* TCP links deliver messages by rank: replaces the rank in *from by its node. Returns whether
 * to accept the message. */
static bool check_sender(struct stream_link *stream_link, const struct packet_message *message,
                         int *from)
{
    int rank = *from;
    if (!stream_link->survives)
        return true;
    *from = stream_link->pool->world.node_of[rank];
    return !on_root(stream_link) ||
           (message->job == stream_link->job && rpi_stream_link_accepts_sender(stream_link, rank));
}

static int stream_link_receive(struct stream_link *stream_link)
{
    struct packet_message message;
    int from, code;
    while ((code = rpi_channel_next(&stream_link->channel, &from, &message)) == MPI_SUCCESS &&
           from >= 0) {
        stream_link->moved = true;
        int sender = from;
        if (!check_sender(stream_link, &message, &from) || message.job != stream_link->job)
            continue;
        if (!rpi_stream_link_message_valid(stream_link, from, &message)) {
            rpi_channel_reject(&stream_link->channel, sender);
            continue;
        }
        if ((code = stream_link_dispatch(stream_link, from, &message)) != MPI_SUCCESS)
            return code;
    }
    return code;
}

static int stream_link_advance(struct stream_link *stream_link)
{
    int code = rpi_channel_step(&stream_link->channel);
    if (code == MPI_SUCCESS)
        code = stream_link_receive(stream_link);
    if (code == MPI_SUCCESS)
        code = on_root(stream_link) ? rpi_stream_link_step_on_root(stream_link)
                                    : rpi_stream_link_step_on_node(stream_link);
    if (stream_link->survives && on_root(stream_link))
        rpi_stream_link_check_nodes(stream_link);
    return code == MPI_SUCCESS ? keep_heartbeat(stream_link) : code;
}

/* After an error of MPI or of memory the stream link cannot send or receive any more. */
static void stream_link_check(struct stream_link *stream_link, int code)
{
    if (stream_link->over || code == MPI_SUCCESS)
        return;
    if (stream_link->error.status == RP_OK)
        rpi_mpi_check(code, "MPI between nodes", &stream_link->error);
    rpi_stream_link_stop_node(stream_link);
    stream_link->over = true;
}

static bool stream_link_done(const struct stream_link *stream_link)
{
    bool ended = on_root(stream_link) ? stream_link->close_sent && stream_link->unfinished == 0
                                      : stream_link->over_received;
    return ended && rpi_channel_idle(&stream_link->channel);
}

/* Returns the seconds to sleep. */
static double stream_link_step(struct stream_link *stream_link)
{
    const double send_time = 0.1;
    stream_link->moved = false;
    stream_link_check(stream_link, stream_link_advance(stream_link));
    if (stream_link_done(stream_link))
        stream_link->over = true;
    /* After a node is lost, leaves some time for the messages that say so. */
    if (!isinf(stream_link->lost_at) && rpi_clock_seconds() - stream_link->lost_at > send_time)
        stream_link->over = true;
    double longer = stream_link->sleep * 1.5;
    stream_link->sleep = stream_link->moved       ? shortest_sleep
                         : longer < longest_sleep ? longer
                                                  : longest_sleep;
    return stream_link->sleep;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static void *stream_link_thread(void *argument)
{
    struct stream_link *stream_link = argument;
    while (!stream_link->over)
        rpi_sleep(stream_link_step(stream_link));
    return NULL;
}

double rpi_stream_link_attend(struct stream_link *stream_link)
{
    double now = rpi_clock_seconds();
    if (stream_link->threaded || stream_link->over)
        return INFINITY;
    if (now >= stream_link->next_step)
        stream_link->next_step = now + stream_link_step(stream_link);
    return stream_link->next_step - now;
}

static rp_status stream_link_init(struct stream_link *stream_link, rp_error *error)
{
    const struct world *world = &stream_link->pool->world;
    bool root = world->rank == world->root;
    double silence = stream_link->survives
                         ? 0
                         : stream_link->pool->heartbeat_timeout; /* a TCP link breaks at once */
    if (!stream_link->survives && rpi_channel_open(&stream_link->channel, world->agents,
                                                   sizeof(struct packet_message), error) != RP_OK)
        return error->status;
    if (!rpi_heartbeat_begin(&stream_link->heartbeat, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to watch %d nodes", world->nodes);
    bool made = root ? rpi_stream_link_nodes_init(stream_link)
                     : rpi_feeder_make(&stream_link->feeder, stream_link->slot_queue,
                                       (uint32_t)world->node_rank);
    if (!made)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the stream link of a node");
    return RP_OK;
}

rp_status rpi_stream_link_make(rp_pool *pool, struct slot_queue *slot_queue,
                               struct stream_link **stream_link, rp_error *error)
{
    *stream_link = NULL;
    if (pool->world.nodes == 1 || !may_lead_node(pool))
        return RP_OK;
    struct stream_link *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the stream link of a node");
    made->pool = pool;
    made->job = pool->world.agreement.number;
    made->slot_queue = slot_queue;
    made->survives = pool->in_rounds;
    made->root_address = made->survives ? pool->world.root : pool->world.root_node;
    made->lost_at = INFINITY;
    made->sleep = shortest_sleep;
    made->limit_sent = made->exchange.limit = INT64_MAX;
    pthread_mutex_init(&made->exchange.lock, NULL);
    rpi_error_clear(&made->error);
    if (stream_link_init(made, error) != RP_OK) {
        rpi_stream_link_drop(made);
        return error->status;
    }
    *stream_link = made;
    return RP_OK;
}

struct stream_link *rpi_stream_link_elect(struct stream_link *stream_link)
{
    if (stream_link == NULL || leads_node(stream_link->pool))
        return stream_link;
    rpi_stream_link_drop(stream_link);
    return NULL;
}

/* Opens the channel over TCP links and registers with the root. The feeder detects deaths on this
 * node. */
static void open_tcp_channel(struct stream_link *stream_link)
{
    rp_pool *pool = stream_link->pool;
    rpi_channel_open_tcp(&stream_link->channel, &pool->world.hub.tcp_links,
                         sizeof(struct packet_message));
    if (on_root(stream_link))
        return;
    rpi_feeder_attend(&stream_link->feeder, pool->work_queue, rpi_survival_look, pool);
    stream_link_check(stream_link,
                      rpi_stream_link_notify(stream_link, stream_link->root_address,
                                             (struct packet_message){.kind = PACKET_HELLO}));
}

void rpi_stream_link_begin(struct stream_link *stream_link)
{
    if (stream_link == NULL)
        return;
    if (stream_link->survives)
        open_tcp_channel(stream_link);
    rpi_heartbeat_watch(&stream_link->heartbeat, &stream_link->pool->world, rpi_clock_seconds());
    stream_link->threaded =
        stream_link->pool->agent_threads &&
        rpi_thread_start(&stream_link->thread, stream_link_thread, stream_link) == 0;
}

void rpi_stream_link_end(struct stream_link *stream_link, struct vote *vote)
{
    if (stream_link == NULL)
        return;
    if (stream_link->threaded)
        pthread_join(stream_link->thread, NULL);
    else
        stream_link_thread(stream_link);
    vote->cut_off = !isinf(stream_link->lost_at);
    if (stream_link->error.status != RP_OK && (vote->error.status == RP_OK || vote->cut_off))
        vote->error = stream_link->error;
    stream_link->pool->traffic.messages += stream_link->channel.messages_sent;
    stream_link->pool->traffic.bytes += stream_link->channel.bytes_sent;
}

/* After a failure MPI may still access the packets, so they are not freed. */
static void free_packets(struct stream_link *stream_link)
{
    if (!rpi_channel_idle(&stream_link->channel))
        return;
    for (int node = 0; stream_link->nodes != NULL && node < stream_link->pool->world.nodes;
         node++) {
        struct served_node *served = &stream_link->nodes[node];
        for (uint32_t i = 0; served->packets != NULL && i < served->slots; i++)
            rpi_packet_free(served->packets[i]);
    }
    rpi_packets_free(&stream_link->exchange.out);
    rpi_packets_free(&stream_link->exchange.back);
    rpi_packets_free(&stream_link->returning);
    rpi_packets_free(&stream_link->arriving);
    rpi_packets_free(&stream_link->leaving);
    rpi_feeder_drop(&stream_link->feeder);
}

void rpi_stream_link_drop(struct stream_link *stream_link)
{
    if (stream_link == NULL)
        return;
    free_packets(stream_link);
    rpi_stream_link_nodes_free(stream_link);
    pthread_mutex_destroy(&stream_link->exchange.lock);
    rpi_heartbeat_end(&stream_link->heartbeat);
    rpi_channel_close(&stream_link->channel);
    free(stream_link);
}
