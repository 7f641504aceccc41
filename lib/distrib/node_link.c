#include "distrib/node_link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "comm/mpi_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* A message of the link's own kinds; it is sent in the length of the user's. */
union own_message {
    struct link_message begin;
    char bytes[LINK_MESSAGE_MOST];
};

/* ---- creation -------------------------------------------------------------------------------- */

/* Where ranks survive deaths the channel addresses ranks, elsewhere nodes. */
static bool peers_init(struct node_link *link)
{
    const struct world *world = &link->pool->world;
    link->peers = calloc((size_t)world->nodes, sizeof *link->peers);
    for (int node = 0; link->peers != NULL && node < world->nodes; node++)
        link->peers[node].address = link->survives ? -1 : node;
    if (link->peers != NULL && link->survives)
        link->peers[world->root_node].address = world->root;
    return link->peers != NULL;
}

rp_status rpi_node_link_init(struct node_link *link, rp_pool *pool, const struct node_link_ops *ops,
                             rp_error *error)
{
    const struct world *world = &pool->world;
    *link = (struct node_link){.ops = ops,
                               .pool = pool,
                               .job = world->agreement.number,
                               .on_root = world->rank == world->root,
                               .survives = pool->in_rounds,
                               .heard = rpi_clock_seconds(),
                               .lost_at = INFINITY,
                               .lost = -1};
    rpi_error_clear(&link->error);
    if (link->on_root)
        link->unfinished = world->nodes - !ops->serves_root;
    if (!link->survives &&
        rpi_channel_open(&link->channel, world->agents, ops->message_bytes, error) != RP_OK)
        return error->status;
    double silence = link->survives ? 0 : pool->heartbeat_timeout; /* TCP links detect deaths */
    link->received = calloc(1, ops->message_bytes);
    if (link->received == NULL || !peers_init(link) ||
        !rpi_heartbeat_begin(&link->heartbeat, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the link between %d nodes",
                             world->nodes);
    return RP_OK;
}

void rpi_node_link_free(struct node_link *link)
{
    rpi_heartbeat_end(&link->heartbeat);
    rpi_channel_close(&link->channel);
    free(link->peers);
    free(link->received);
}

/* ---- sending --------------------------------------------------------------------------------- */

int rpi_node_link_send(struct node_link *link, int node, struct link_message *message)
{
    message->job = link->job;
    return rpi_channel_message(&link->channel, link->peers[node].address, message);
}

int rpi_node_link_send_root(struct node_link *link, struct link_message *message)
{
    return rpi_node_link_send(link, link->pool->world.root_node, message);
}

static int link_send_own(struct node_link *link, int node, enum link_message_kind kind)
{
    union own_message message = {
        .begin = {.kind = (int)kind, .stop = link->stopped, .lost = link->lost}};
    return rpi_node_link_send(link, node, &message.begin);
}

static int link_send_own_root(struct node_link *link, enum link_message_kind kind)
{
    return link_send_own(link, link->pool->world.root_node, kind);
}

int rpi_node_link_payload(struct node_link *link, int node, enum channel_id id, const void *memory,
                          size_t bytes, int *pending)
{
    return rpi_channel_payload(&link->channel, link->peers[node].address, id, memory, bytes,
                               pending);
}

int rpi_node_link_expect(struct node_link *link, int node, enum channel_id id, void *memory,
                         size_t bytes, int *pending)
{
    return rpi_channel_expect(&link->channel, link->peers[node].address, id, memory, bytes,
                              pending);
}

void rpi_node_link_reject(struct node_link *link, int node)
{
    rpi_channel_reject(&link->channel, link->peers[node].address);
}

int rpi_node_link_finish(struct node_link *link, struct link_message *message)
{
    link->finish_sent = true;
    return rpi_node_link_send_root(link, message);
}

static bool link_serves(const struct node_link *link, int node)
{
    return node != link->pool->world.node || link->ops->serves_root;
}

int rpi_node_link_close(struct node_link *link, int node)
{
    link->peers[node].closed = node_link_registered(link, node);
    return link->peers[node].closed ? link_send_own(link, node, LINK_CLOSED) : MPI_SUCCESS;
}

int rpi_node_link_close_all(struct node_link *link)
{
    int code = MPI_SUCCESS;
    for (int node = 0; node < link->pool->world.nodes && code == MPI_SUCCESS; node++) {
        if (link_serves(link, node) && !link->peers[node].finished)
            code = rpi_node_link_close(link, node);
    }
    return code;
}

int rpi_node_link_stop_all(struct node_link *link)
{
    if (link->stopped)
        return MPI_SUCCESS;
    link->stopped = true;
    return rpi_node_link_close_all(link);
}

/* ---- losing a peer --------------------------------------------------------------------------- */

static void link_stop_node(struct node_link *link)
{
    rpi_work_queue_stop(link->pool->work_queue);
    if (link->ops->stopped != NULL)
        link->ops->stopped(link);
}

static void link_lose(struct node_link *link, int node)
{
    rpi_heartbeat_error(&link->heartbeat, &link->pool->world, node, &link->error);
    link->lost_at = rpi_clock_seconds();
    link_stop_node(link);
}

static void link_give_up(struct node_link *link, int node)
{
    link->peers[node].finished = link->peers[node].gone = true;
    link->unfinished--;
}

/* Sends heartbeats, and finds nodes that send none. */
static int link_keep_heartbeat(struct node_link *link)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (!link->on_root && !link->finish_sent && rpi_heartbeat_due(&link->heartbeat, now))
        code = link_send_own_root(link, LINK_ALIVE);
    int silent = isinf(link->lost_at) ? rpi_heartbeat_silent(&link->heartbeat, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    link_lose(link, silent);
    if (!link->on_root)
        return MPI_SUCCESS;
    if (!link->peers[silent].finished)
        link_give_up(link, silent);
    link->lost = silent;
    link->stopped = false; /* those that were stopped are told the reason, too */
    return rpi_node_link_stop_all(link);
}

bool rpi_node_link_broken(const struct node_link *link, int node)
{
    int rank = link->peers[node].address;
    return rank >= 0 && !rpi_tcp_links_whole(&link->pool->world.hub.tcp_links, rank);
}

/* Is the node dead, or its leader, or has the node joined the closing agreement without
 * LINK_FINISHED? */
static bool link_peer_gone(const struct node_link *link, int node)
{
    const struct hub *hub = &link->pool->world.hub;
    return !rpi_hub_lives(hub, node) || rpi_node_link_broken(link, node) ||
           rpi_hub_received(hub, node, hub->answered + 1) != NULL;
}

/* Where ranks survive deaths: the root handles the deaths of other nodes; other nodes stop when
 * they have lost the root. */
static int link_check_peers(struct node_link *link)
{
    const struct world *world = &link->pool->world;
    int code = MPI_SUCCESS;
    if (!link->on_root && rpi_node_link_broken(link, world->root_node)) {
        link_stop_node(link);
        link->over = true;
    }
    for (int node = 0; node < world->nodes && link->on_root && code == MPI_SUCCESS; node++) {
        if (node == world->node || link->peers[node].finished || !link_peer_gone(link, node))
            continue;
        if (node_link_registered(link, node))
            rpi_tcp_channel_forget(&link->channel.tcp, link->peers[node].address);
        link_give_up(link, node);
        code = link->ops->gone(link, node);
    }
    return code;
}

/* ---- receiving ------------------------------------------------------------------------------- */

bool rpi_link_message_valid(const struct link_message *message,
                            const struct link_message_terms *terms)
{
    unsigned char stop; /* as raw bytes: the received bool may be neither 0 nor 1 */
    memcpy(&stop, &message->stop, 1);
    if (stop > 1)
        return false;
    switch (message->kind) {
    case LINK_HELLO:
        return terms->to_root && terms->survives;
    case LINK_ALIVE:
        return terms->to_root || terms->to_node;
    case LINK_STOP:
        return terms->to_root;
    case LINK_FINISHED:
        return terms->to_root && !terms->finished;
    case LINK_CLOSED:
        return terms->to_node &&
               (!message->stop || (message->lost >= -1 && message->lost < terms->nodes));
    case LINK_OVER:
        return terms->to_node;
    default:
        return false;
    }
}

static bool link_valid(const struct node_link *link, int from, const struct link_message *message)
{
    const struct world *world = &link->pool->world;
    bool served = !link->on_root || link->ops->serves_root;
    struct link_message_terms terms = {.to_root = link->on_root && link_serves(link, from),
                                       .to_node = served && from == world->root_node,
                                       .survives = link->survives,
                                       .finished = link->peers[from].finished,
                                       .nodes = world->nodes};
    return message->kind < LINK_KINDS
               ? rpi_link_message_valid(message, &terms)
               : link->ops->valid(link, from, message, terms.to_root, terms.to_node);
}

/* What the link does about a message before its user reads it. */
static void link_note(struct node_link *link, int from, const struct link_message *message)
{
    rpi_heartbeat_received(&link->heartbeat, from, rpi_clock_seconds());
    switch (message->kind) {
    case LINK_FINISHED:
        rpi_heartbeat_unwatch(&link->heartbeat, from);
        link->peers[from].finished = true;
        link->unfinished--;
        break;
    case LINK_OVER:
        link->dismissed = true;
        break;
    case LINK_CLOSED:
        if (!message->stop)
            break;
        link->stop_sent = true;
        if (message->lost >= 0)
            link_lose(link, message->lost);
        else
            link_stop_node(link);
        break;
    default:
        break;
    }
}

static int link_read(struct node_link *link, int from, const struct link_message *message)
{
    link_note(link, from, message);
    int code = link->ops->read(link, from, message);
    if (code == MPI_SUCCESS && message->kind == LINK_FINISHED)
        code = link_send_own(link, from, LINK_OVER);
    if (code == MPI_SUCCESS && message->kind == LINK_ALIVE && link->on_root)
        code = link_send_own(link, from, LINK_ALIVE);
    return code;
}

/* Over TCP links *from is a rank: replaces it by the node. Returns whether that rank leads it; the
 * first rank of a node that sends a message does. */
static bool link_from_leader(struct node_link *link, int *from)
{
    int address = *from;
    if (link->survives)
        *from = link->pool->world.node_of[address];
    struct link_peer *peer = &link->peers[*from];
    if (peer->address < 0 && link->on_root && !peer->gone)
        peer->address = address;
    return peer->address == address && !peer->gone;
}

static int link_receive(struct node_link *link)
{
    const struct link_message *message = link->received;
    int from, code;
    while ((code = rpi_channel_next(&link->channel, &from, link->received)) == MPI_SUCCESS &&
           from >= 0) {
        int sender = from;
        link->heard = rpi_clock_seconds();
        if (message->job != link->job || !link_from_leader(link, &from))
            continue;
        if (!link_valid(link, from, message))
            rpi_channel_reject(&link->channel, sender);
        else if ((code = link_read(link, from, message)) != MPI_SUCCESS)
            return code;
    }
    return code;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int link_send_stop(struct node_link *link)
{
    if (link->stop_sent || link->finish_sent || !link_serves(link, link->pool->world.root_node) ||
        !work_queue_stopped(link->pool->work_queue))
        return MPI_SUCCESS;
    link->stop_sent = true;
    return link_send_own_root(link, LINK_STOP);
}

static int link_run_parts(struct node_link *link)
{
    int code = rpi_channel_step(&link->channel);
    if (code == MPI_SUCCESS)
        code = link_receive(link);
    if (code == MPI_SUCCESS && link->survives)
        code = link_check_peers(link);
    if (code == MPI_SUCCESS)
        code = link_send_stop(link);
    if (code == MPI_SUCCESS)
        code = link->ops->step(link);
    return code == MPI_SUCCESS ? link_keep_heartbeat(link) : code;
}

void rpi_node_link_check(struct node_link *link, int code)
{
    if (link->over || code == MPI_SUCCESS)
        return;
    if (link->error.status == RP_OK)
        rpi_mpi_check(code, "MPI between nodes", &link->error);
    link_stop_node(link);
    link->over = true;
}

/* Returns the seconds to sleep. */
static double link_step(struct node_link *link)
{
    const double linger = 0.1;
    rpi_node_link_check(link, link_run_parts(link));
    if (link->dismissed && link->unfinished == 0 && rpi_channel_idle(&link->channel))
        link->over = true;
    /* After the loss of a node, give the last messages time to be sent. */
    if (!isinf(link->lost_at) && rpi_clock_seconds() - link->lost_at > linger)
        link->over = true;
    return link->sleep;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Runs until nothing is left to do. A rank that becomes idle wakes the link. */
static void link_run(struct node_link *link)
{
    struct eventcount *idle = &link->pool->work_queue->idle;
    while (!link->over) {
        uint32_t seen = rpi_eventcount_key(idle);
        double sleep = link_step(link);
        if (!link->over)
            rpi_eventcount_sleep(idle, seen, sleep);
    }
}

/* The default timer slack of Linux would add 50 us to every sleep. */
static void *link_thread(void *link)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    link_run(link);
    return NULL;
}

double rpi_node_link_attend(void *closure)
{
    struct node_link *link = closure;
    double now = rpi_clock_seconds();
    if (link->threaded || link->over)
        return INFINITY;
    uint32_t idle = rpi_eventcount_key(&link->pool->work_queue->idle);
    if (now >= link->next_step || idle != link->idle) {
        link->idle = idle;
        link->next_step = now + link_step(link);
    }
    return link->next_step - now;
}

void rpi_node_link_open(struct node_link *link)
{
    if (!link->survives)
        return;
    rpi_channel_open_tcp(&link->channel, &link->pool->world.hub.tcp_links,
                         link->ops->message_bytes);
    if (link_serves(link, link->pool->world.root_node))
        rpi_node_link_check(link, link_send_own_root(link, LINK_HELLO));
}

void rpi_node_link_start(struct node_link *link)
{
    rpi_heartbeat_watch(&link->heartbeat, &link->pool->world, rpi_clock_seconds());
    link->threaded =
        link->pool->agent_threads && rpi_thread_start(&link->thread, link_thread, link) == 0;
}

void rpi_node_link_end(struct node_link *link, struct vote *vote)
{
    rpi_eventcount_notify_one(&link->pool->work_queue->idle);
    if (link->threaded)
        pthread_join(link->thread, NULL);
    else
        link_run(link);
    vote->cut_off = !isinf(link->lost_at);
    if (link->error.status != RP_OK && (vote->error.status == RP_OK || vote->cut_off))
        vote->error = link->error;
    link->pool->traffic.messages += link->channel.messages_sent;
    link->pool->traffic.bytes += link->channel.bytes_sent;
}
