#include "stream/link.h"

#include "base/error.h"
#include "resilience/survival.h"

#include <stdlib.h>

static rp_status stream_link_init(struct stream_link *stream_link, rp_error *error)
{
    const struct world *world = &stream_link->pool->world;
    bool root = world->rank == world->root;
    if (rpi_node_link_init(&stream_link->link, stream_link->pool,
                           root ? &rpi_stream_link_root_ops : &rpi_stream_link_node_ops, 0,
                           error) != RP_OK)
        return error->status;
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
    made->slot_queue = slot_queue;
    made->limit_sent = made->exchange.limit = INT64_MAX;
    pthread_mutex_init(&made->exchange.lock, NULL);
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

void rpi_stream_link_begin(struct stream_link *stream_link)
{
    rp_pool *pool = stream_link->pool;
    rpi_node_link_open(&stream_link->link);
    if (!stream_link->link.on_root) /* the feeder detects deaths on this node */
        rpi_feeder_attend(&stream_link->feeder, pool->work_queue, rpi_survival_look, pool);
    rpi_node_link_start(&stream_link->link);
}

/* After a failure MPI may still access the packets, so they are not freed. */
static void free_packets(struct stream_link *stream_link)
{
    if (stream_link->link.channel == NULL || !channel_idle(stream_link->link.channel))
        return;
    for (int node = 0; stream_link->nodes != NULL && node < stream_link->pool->world.nodes;
         node++) {
        struct served_node *served = &stream_link->nodes[node];
        for (uint32_t i = 0; served->packets != NULL && i < served->slots; i++)
            rpi_packet_free(served->packets[i]);
    }
    free(stream_link->exchange.withdrawn);
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
    rpi_node_link_free(&stream_link->link);
    free(stream_link);
}
