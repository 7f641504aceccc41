#include "collective/exchange.h"

#include "base/buffer.h"
#include "base/error.h"
#include "collective/node_exchange.h"
#include "comm/mpi_error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- announcements to the ranks of the node -------------------------------------------------- */

static void exchange_announce(const struct exchange *exchange)
{
    const struct world *world = &exchange->pool->world;
    for (int i = 0; i < world->node_ranks; i++)
        rpi_node_announce(exchange->pool, i, -1); /* not listed */
    for (int i = 0; i < exchange->n; i++) {
        int node_rank = rpi_world_node_rank(world, exchange->ranks[i]);
        if (node_rank >= 0)
            rpi_node_announce(exchange->pool, node_rank, (int64_t)exchange->out[i]->size);
    }
}

static void exchange_learn(struct exchange *exchange)
{
    const struct world *world = &exchange->pool->world;
    for (int i = 0; i < world->node_ranks; i++) {
        int rank = world->by_node[world->node_first[world->node] + i];
        rpi_exchange_note(exchange, rank, rpi_node_announced(exchange->pool, i));
    }
}

/* ---- arguments ------------------------------------------------------------------------------- */

static bool exchange_sound(const struct exchange *exchange)
{
    return exchange->error.status == RP_OK;
}

static void exchange_check_ranks(struct exchange *exchange)
{
    int ranks = exchange->pool->world.ranks;
    for (int rank = 0; rank < ranks; rank++)
        exchange->place[rank] = -1;
    for (int i = 0; i < exchange->n && exchange_sound(exchange); i++) {
        int rank = exchange->ranks[i];
        exchange->arriving[i] = -1;
        if (rank < 0 || rank >= ranks)
            rpi_error_set(&exchange->error, RP_ERR_ARGUMENT,
                          "ranks[%d] is %d, but the ranks are 0 to %d", i, rank, ranks - 1);
        else if (exchange->place[rank] >= 0)
            rpi_error_set(&exchange->error, RP_ERR_ARGUMENT,
                          "rank %d is listed twice: send what is for it in one buffer", rank);
        else
            exchange->place[rank] = i;
    }
}

/* Each buffer of `in` is marked meanwhile. */
static void exchange_check_buffers(struct exchange *exchange)
{
    rp_buffer *const *in = exchange->in, *const *out = exchange->out;
    int marked = 0;
    for (; marked < exchange->n && exchange_sound(exchange); marked++) {
        if (in[marked] == NULL || out[marked] == NULL)
            rpi_error_set(&exchange->error, RP_ERR_ARGUMENT, "%s[%d] is NULL",
                          in[marked] == NULL ? "in" : "out", marked);
        else if (in[marked]->marked)
            rpi_error_set(&exchange->error, RP_ERR_ARGUMENT,
                          "in[%d] is a buffer that is in the list already", marked);
        else
            in[marked]->marked = true;
    }
    for (int i = 0; i < exchange->n && exchange_sound(exchange); i++)
        if (out[i]->marked)
            rpi_error_set(&exchange->error, RP_ERR_ARGUMENT,
                          "out[%d] is in the list of buffers to receive in", i);
    for (int i = 0; i < marked; i++)
        if (in[i] != NULL)
            in[i]->marked = false;
}

/* Checks the arguments, and allocates what the call needs before it knows the lengths. */
static void exchange_prepare(struct exchange *exchange)
{
    const struct world *world = &exchange->pool->world;
    int n = exchange->n;
    if (n < 0 || n > world->ranks) {
        rpi_error_set(&exchange->error, RP_ERR_ARGUMENT,
                      "%d neighbours: give 0 to %d, the number of ranks", n, world->ranks);
        return;
    }
    if (n > 0 && (exchange->ranks == NULL || exchange->out == NULL || exchange->in == NULL)) {
        rpi_error_set(&exchange->error, RP_ERR_ARGUMENT, "ranks, out or in is NULL");
        return;
    }
    exchange->place = malloc((size_t)world->ranks * sizeof *exchange->place);
    exchange->arriving = malloc(((size_t)n + 1) * sizeof *exchange->arriving);
    bool made = exchange->place != NULL && exchange->arriving != NULL;
    if (!made || (world->nodes > 1 && !rpi_exchange_headers_make(exchange)))
        rpi_error_set(&exchange->error, RP_ERR_MEMORY, "no memory for an exchange");
    if (exchange_sound(exchange))
        exchange_check_ranks(exchange);
    if (exchange_sound(exchange))
        exchange_check_buffers(exchange);
}

static void exchange_release(struct exchange *exchange)
{
    free(exchange->place);
    free(exchange->arriving);
    free(exchange->headers);
    free(exchange->requests);
}

/* ---- the three agreements -------------------------------------------------------------------- */

static rp_status exchange_agree(struct exchange *exchange, enum call call)
{
    struct vote vote = rpi_vote(call);
    vote.error = exchange->error;
    return rpi_pool_agree(exchange->pool, &vote);
}

/* Every list has the ranks that list it. */
static void exchange_check_mutual(struct exchange *exchange)
{
    for (int i = 0; i < exchange->n && exchange_sound(exchange); i++)
        if (exchange->arriving[i] < 0)
            rpi_error_set(&exchange->error, RP_ERR_MISMATCH,
                          "rank %d lists rank %d as a neighbour, which does not list it",
                          exchange->pool->world.rank, exchange->ranks[i]);
}

static void exchange_match(struct exchange *exchange)
{
    rp_pool *pool = exchange->pool;
    exchange_learn(exchange);
    if (pool->world.nodes > 1) {
        rp_error error;
        rpi_error_clear(&error);
        int code = rpi_exchange_headers(exchange);
        if (rpi_mpi_check(code, "MPI_Issend, MPI_Iprobe or MPI_Ibarrier", &error) != RP_OK)
            exchange->error = error;
    }
    exchange_check_mutual(exchange);
}

static struct node_part exchange_node_part(void *closure, int rank, bool receive)
{
    const struct exchange *exchange = closure;
    int i = exchange->place[rank];
    if (i < 0)
        return (struct node_part){NULL, 0};
    const rp_buffer *buffer = receive ? exchange->in[i] : exchange->out[i];
    return (struct node_part){buffer->data, buffer->size};
}

static void exchange_copy_own(const struct exchange *exchange)
{
    int i = exchange->place[exchange->pool->world.rank];
    if (i >= 0 && exchange->out[i]->size > 0)
        memcpy(exchange->in[i]->data, exchange->out[i]->data, exchange->out[i]->size);
}

/* Copies and exchanges on this node while messages are on their way. */
static void exchange_move(struct exchange *exchange)
{
    struct transfer transfer;
    rp_error error;
    rpi_error_clear(&error);
    rpi_transfer_begin(&transfer, exchange->pool->world.comm);
    rpi_transfer_rounds(&transfer, rpi_exchange_rest, exchange);
    exchange_copy_own(exchange);
    rpi_node_exchange(exchange->pool, exchange_node_part, exchange, &transfer);
    if (rpi_mpi_check(rpi_transfer_end(&transfer), "MPI_Isend or MPI_Irecv", &error) != RP_OK)
        exchange->error = error;
}

rp_status rp_exchange(rp_pool *pool, int n, const int *ranks, rp_buffer *const *out,
                      rp_buffer *const *in)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct exchange exchange = {.pool = pool, .n = n, .ranks = ranks, .out = out, .in = in};
    rpi_error_clear(&exchange.error);
    rpi_layout_make(&exchange.bytes, rp_bytes(1), pool->world.comm, &exchange.error);
    exchange_prepare(&exchange);
    if (exchange_sound(&exchange) && !pool->loop.open)
        exchange_announce(&exchange);
    rp_status status = exchange_agree(&exchange, CALL_EXCHANGE);
    if (status == RP_OK) {
        exchange_match(&exchange);
        status = exchange_agree(&exchange, CALL_EXCHANGE_MATCHED);
    }
    if (status == RP_OK) {
        exchange_move(&exchange);
        status = exchange_agree(&exchange, CALL_MOVED);
    }
    exchange_release(&exchange);
    return status;
}
