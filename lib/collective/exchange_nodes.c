/* The messages of an exchange.
 *
 * A rank does not know its senders before it knows all lists of neighbours. So it sends its headers
 * synchronously, receives from any rank, and enters a nonblocking barrier when its own headers have
 * been received. When the barrier is complete, no header is on its way. (Hoefler, Siebert,
 * Lumsdaine: Scalable communication protocols for dynamic sparse data exchange, 2010.) */
#include "base/backoff.h"
#include "base/buffer.h"
#include "base/error.h"
#include "collective/exchange.h"
#include "comm/completion.h"
#include "comm/mpi_error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 4096,
    FIRST_BYTES = HEADER_BYTES - sizeof(int64_t),
    HEADER_TAG = 4 /* 0 to 3: other calls */
};

/* The length of what a neighbour sends, and its first bytes. */
struct header {
    int64_t bytes;
    char first[FIRST_BYTES];
};

void rpi_exchange_note(struct exchange *exchange, int rank, int64_t bytes)
{
    int place = exchange->place[rank];
    if (place >= 0)
        exchange->arriving[place] = bytes;
    if (exchange->error.status != RP_OK || (place < 0 && bytes < 0))
        return;
    if (place < 0)
        rpi_error_set(&exchange->error, RP_ERR_MISMATCH,
                      "rank %d lists rank %d as a neighbour, which does not list it", rank,
                      exchange->pool->world.rank);
    else if (bytes >= 0 && rp_buffer_resize(exchange->in[place], (size_t)bytes) == NULL)
        rpi_error_set(&exchange->error, RP_ERR_MEMORY,
                      "no memory for the %" PRId64 " bytes that rank %d sends", bytes, rank);
}

/* How many of the bytes that go to another node the header carries. */
static size_t header_carries(int64_t bytes)
{
    const int64_t most = FIRST_BYTES;
    return (size_t)(bytes < most ? bytes : most);
}

bool rpi_exchange_headers_make(struct exchange *exchange)
{
    size_t room = (size_t)exchange->n + 1;
    exchange->headers = malloc(room * sizeof *exchange->headers);
    exchange->requests = malloc(room * sizeof(MPI_Request));
    return exchange->headers != NULL && exchange->requests != NULL;
}

/* ---- headers --------------------------------------------------------------------------------- */

static int headers_send(struct exchange *exchange)
{
    const struct world *world = &exchange->pool->world;
    int code = MPI_SUCCESS;
    for (int i = 0; i < exchange->n; i++) {
        struct header *header = &exchange->headers[i];
        exchange->requests[i] = MPI_REQUEST_NULL;
        if (rpi_world_node_rank(world, exchange->ranks[i]) >= 0 || code != MPI_SUCCESS)
            continue;
        header->bytes = (int64_t)exchange->out[i]->size;
        size_t carried = header_carries(header->bytes);
        if (carried > 0)
            memcpy(header->first, exchange->out[i]->data, carried);
        code = MPI_Issend(header, (int)(offsetof(struct header, first) + carried), MPI_BYTE,
                          exchange->ranks[i], HEADER_TAG, world->comm, &exchange->requests[i]);
    }
    return code;
}

static int header_receive(struct exchange *exchange, const MPI_Status *status)
{
    struct header header;
    int rank = status->MPI_SOURCE, count;
    int code = MPI_Get_count(status, MPI_BYTE, &count);
    if (code != MPI_SUCCESS)
        return code;
    if (count < (int)offsetof(struct header, first) || count > HEADER_BYTES)
        rpi_mpi_reject("rank", rank);
    code = MPI_Recv(&header, count, MPI_BYTE, rank, HEADER_TAG, exchange->pool->world.comm,
                    MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS)
        return code;
    if (header.bytes < 0)
        rpi_mpi_reject("rank", rank);
    rpi_exchange_note(exchange, rank, header.bytes);
    int place = exchange->place[rank];
    size_t carried = (size_t)count - offsetof(struct header, first);
    if (place < 0 || exchange->error.status != RP_OK)
        return MPI_SUCCESS;
    if (carried != header_carries(header.bytes))
        rpi_mpi_reject("rank", rank);
    memcpy(exchange->in[place]->data, header.first, carried);
    return MPI_SUCCESS;
}

/* Receives the headers that have arrived. */
static int headers_take(struct exchange *exchange)
{
    int code = MPI_SUCCESS, there = 1;
    while (there && code == MPI_SUCCESS) {
        MPI_Status status;
        code = MPI_Iprobe(MPI_ANY_SOURCE, HEADER_TAG, exchange->pool->world.comm, &there, &status);
        if (there && code == MPI_SUCCESS)
            code = header_receive(exchange, &status);
    }
    return code;
}

int rpi_exchange_headers(struct exchange *exchange)
{
    const struct world *world = &exchange->pool->world;
    struct backoff backoff = {.spin = world->agreement.spin};
    MPI_Request barrier = MPI_REQUEST_NULL;
    bool entered = false;
    int code = headers_send(exchange), over = 0;
    while (code == MPI_SUCCESS && !over) {
        int sent = 0;
        code = headers_take(exchange);
        if (code == MPI_SUCCESS && entered)
            code = MPI_Test(&barrier, &over, MPI_STATUS_IGNORE);
        else if (code == MPI_SUCCESS)
            code = rpi_look(exchange->n, exchange->requests, &sent);
        if (code == MPI_SUCCESS && sent) {
            code = MPI_Ibarrier(world->comm, &barrier);
            entered = true;
        }
        if (!over)
            rpi_backoff_wait(&backoff);
    }
    return code;
}

/* ---- the rest -------------------------------------------------------------------------------- */

struct run rpi_exchange_rest(void *closure, int rank, bool receive)
{
    const struct exchange *exchange = closure;
    int i = exchange->place[rank];
    if (i < 0 || rpi_world_node_rank(&exchange->pool->world, rank) >= 0)
        return rpi_run(&exchange->bytes, NULL, 0, 0);
    const rp_buffer *buffer = receive ? exchange->in[i] : exchange->out[i];
    int64_t size = (int64_t)buffer->size, carried = (int64_t)header_carries(size);
    return rpi_run(&exchange->bytes, buffer->data, carried, size - carried);
}
