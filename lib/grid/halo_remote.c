/* Messages between neighbours on different nodes: edges, and progress at each agreement. */
#include "base/backoff.h"
#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/completion.h"
#include "comm/mpi_error.h"
#include "grid/halo.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    EDGE_TAG = 0, /* 1: whole fields */
    PROGRESS_TAG = 2
};

void rpi_halo_remote_clear(struct halo_remote *remote)
{
    remote->comm = MPI_COMM_NULL;
    for (int i = 0; i < HALO_MOST_LINKS; i++)
        remote->counts_requests[0][i] = remote->counts_requests[1][i] = MPI_REQUEST_NULL;
}

/* ---- progress -------------------------------------------------------------------------------- */

static void progress_store(struct halo *halo, int rank, struct halo_counts counts)
{
    for (int i = 0; i < halo->neighbours; i++) {
        if (halo->links[i].rank == rank)
            halo->links[i].last_counts = counts;
    }
}

int rpi_halo_progress_take(struct halo *halo)
{
    MPI_Comm comm = halo->remote.comm;
    int code = MPI_SUCCESS, there = halo->remote.count > 0;
    while (there && code == MPI_SUCCESS) {
        struct halo_counts counts;
        MPI_Status status;
        code = MPI_Iprobe(MPI_ANY_SOURCE, PROGRESS_TAG, comm, &there, &status);
        if (code != MPI_SUCCESS || !there)
            break;
        code = MPI_Recv(&counts, sizeof counts, MPI_BYTE, status.MPI_SOURCE, PROGRESS_TAG, comm,
                        MPI_STATUS_IGNORE);
        if (code == MPI_SUCCESS)
            progress_store(halo, status.MPI_SOURCE, counts);
    }
    return code;
}

/* Completes the sends of two agreements ago first. All neighbours have passed that agreement, so
 * these messages have long been in flight. */
int rpi_halo_progress_send(struct halo *halo)
{
    struct halo_remote *remote = &halo->remote;
    if (remote->count == 0)
        return MPI_SUCCESS;
    uint64_t agreements = atomic_load_explicit(&halo->notice->agreements, memory_order_relaxed);
    MPI_Request *requests = remote->counts_requests[agreements % 2];
    struct halo_counts *counts = &remote->counts[agreements % 2];
    int code = rpi_complete(HALO_MOST_LINKS, requests, halo->spin);
    *counts = (struct halo_counts){halo->begun, agreements};
    for (int i = 0; i < halo->neighbours && code == MPI_SUCCESS; i++) {
        if (halo->links[i].parts > 0)
            code = MPI_Isend(counts, sizeof *counts, MPI_BYTE, halo->links[i].rank, PROGRESS_TAG,
                             remote->comm, &requests[i]);
    }
    int taken = rpi_halo_progress_take(halo);
    return code == MPI_SUCCESS ? taken : code;
}

bool rpi_halo_is_lost(const struct halo *halo, uint64_t sent, uint64_t agreements)
{
    return sent < halo->begun &&
           agreements > atomic_load_explicit(&halo->notice->agreements, memory_order_relaxed);
}

rp_status rpi_halo_lost(const struct halo *halo, const struct link *link, rp_error *error)
{
    return rpi_error_set(error, RP_ERR_STATE,
                         "rank %d has closed the grid, or waits in another call, before its "
                         "exchange %" PRIu64,
                         link->rank, halo->begun);
}

/* Waits until a neighbour has entered as many agreements as this rank. */
static int progress_await(struct halo *halo, const struct link *link)
{
    struct backoff backoff = {.spin = halo->spin};
    uint64_t mine = atomic_load_explicit(&halo->notice->agreements, memory_order_relaxed);
    int code;
    while ((code = rpi_halo_progress_take(halo)) == MPI_SUCCESS &&
           link->last_counts.agreements < mine)
        rpi_backoff_wait(&backoff);
    return code;
}

/* ---- edges ----------------------------------------------------------------------------------- */

static int64_t edge_bytes(const struct link *link)
{
    return (int64_t)rpi_strided_block_bytes(&link->shape);
}

/* A part of an edge, sent as one message. All parts but the last have the same length. */
struct part {
    size_t offset;
    int bytes;
};

static struct part edge_part(const struct link *link, int number)
{
    int64_t bytes = edge_bytes(link), offset = (int64_t)number * rpi_part(bytes, 1);
    return (struct part){(size_t)offset, rpi_part(bytes - offset, 1)};
}

static bool link_make_buffers(struct link *link)
{
    int64_t bytes = edge_bytes(link);
    link->parts = (int)((bytes - 1) / rpi_part(bytes, 1) + 1);
    link->out[0] = link->out[1] = malloc((size_t)bytes);
    link->in[0] = link->in[1] = malloc((size_t)bytes);
    return link->out[0] != NULL && link->in[0] != NULL;
}

static bool remote_make_requests(struct halo *halo)
{
    struct halo_remote *remote = &halo->remote;
    remote->requests = malloc((size_t)remote->count * sizeof *remote->requests);
    if (remote->requests == NULL)
        return false;
    for (int i = 0; i < remote->count; i++)
        remote->requests[i] = MPI_REQUEST_NULL;
    MPI_Request *requests = remote->requests;
    for (int i = 0; i < halo->neighbours; i++) {
        halo->links[i].requests = requests;
        requests += 2 * halo->links[i].parts;
    }
    return true;
}

rp_status rpi_halo_remote_make(struct halo *halo, rp_error *error)
{
    bool made = true;
    for (int i = 0; i < halo->neighbours; i++) {
        struct link *link = &halo->links[i];
        if (link->notice != NULL)
            continue;
        made = link_make_buffers(link) && made;
        halo->remote.count += 2 * link->parts;
    }
    if (halo->remote.count > 0 && !(made && remote_make_requests(halo)))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the messages of a halo");
    return RP_OK;
}

static int edge_receive(const struct halo_remote *remote, const struct link *link)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->parts && code == MPI_SUCCESS; i++) {
        struct part part = edge_part(link, i);
        code = MPI_Irecv(link->in[0] + part.offset, part.bytes, MPI_BYTE, link->rank, EDGE_TAG,
                         remote->comm, &link->requests[i]);
    }
    return code;
}

static int edge_send(const struct halo_remote *remote, const struct link *link)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->parts && code == MPI_SUCCESS; i++) {
        struct part part = edge_part(link, i);
        code = MPI_Isend(link->out[0] + part.offset, part.bytes, MPI_BYTE, link->rank, EDGE_TAG,
                         remote->comm, &link->requests[link->parts + i]);
    }
    return code;
}

rp_status rpi_halo_remote_begin(struct halo *halo, rp_error *error)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < halo->neighbours && code == MPI_SUCCESS; i++)
        code = edge_receive(&halo->remote, &halo->links[i]);
    for (int i = 0; i < halo->neighbours && code == MPI_SUCCESS; i++)
        code = edge_send(&halo->remote, &halo->links[i]);
    halo->remote.pending = halo->remote.count > 0;
    return rpi_mpi_check(code, "MPI_Irecv or MPI_Isend", error);
}

/* A neighbour on another node whose edge will never arrive, or NULL. */
static const struct link *link_find_lost(const struct halo *halo)
{
    for (int i = 0; i < halo->neighbours; i++) {
        const struct link *link = &halo->links[i];
        if (link->parts > 0 &&
            rpi_halo_is_lost(halo, link->last_counts.sent, link->last_counts.agreements))
            return link;
    }
    return NULL;
}

rp_status rpi_halo_remote_end(struct halo *halo, rp_error *error)
{
    struct halo_remote *remote = &halo->remote;
    struct backoff backoff = {.spin = halo->spin};
    while (remote->pending) {
        int done;
        int code = rpi_look(remote->count, remote->requests, &done);
        if (code == MPI_SUCCESS && !done)
            code = rpi_halo_progress_take(halo);
        if (rpi_mpi_check(code, "MPI_Test", error) != RP_OK)
            return error->status;
        remote->pending = !done;
        const struct link *lost = done ? NULL : link_find_lost(halo);
        if (lost != NULL)
            return rpi_halo_lost(halo, lost, error);
        if (!done)
            rpi_backoff_wait(&backoff);
    }
    return RP_OK;
}

static void link_cancel(struct link *link)
{
    for (int i = 0; i < link->parts; i++) {
        if (link->requests[i] != MPI_REQUEST_NULL)
            MPI_Cancel(&link->requests[i]);
        MPI_Wait(&link->requests[i], MPI_STATUS_IGNORE);
    }
}

/* Receives what the neighbour has sent: it may have begun one exchange less than this rank, or one
 * more. */
static int link_drain(struct halo *halo, struct link *link)
{
    int code = progress_await(halo, link);
    if (halo->remote.pending && link->last_counts.sent < halo->begun)
        link_cancel(link);
    else if (code == MPI_SUCCESS)
        code = rpi_complete(link->parts, link->requests, halo->spin);
    if (code == MPI_SUCCESS && link->last_counts.sent > halo->begun) {
        code = edge_receive(&halo->remote, link);
        if (code == MPI_SUCCESS)
            code = rpi_complete(link->parts, link->requests, halo->spin);
    }
    return code;
}

/* Waits until no message of this grid is in flight. */
static void remote_drain(struct halo *halo)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < halo->neighbours && code == MPI_SUCCESS; i++) {
        if (halo->links[i].parts > 0)
            code = link_drain(halo, &halo->links[i]);
    }
    if (code == MPI_SUCCESS)
        code = rpi_complete(halo->remote.count, halo->remote.requests, halo->spin);
    halo->remote.pending = code != MPI_SUCCESS;
}

/* For ranks that are out of step: receives nothing more. MPI may read the buffer of a send that
 * never completes at any time, so rpi_halo_remote_drop() then keeps the buffers. */
static void remote_abandon(struct halo *halo)
{
    int done;
    rpi_halo_progress_take(halo);
    for (int i = 0; i < halo->neighbours && halo->remote.pending; i++)
        link_cancel(&halo->links[i]);
    rpi_look(halo->remote.count, halo->remote.requests, &done);
    halo->remote.pending = !done;
}

void rpi_halo_remote_drop(struct halo *halo, enum halo_end end)
{
    struct halo_remote *remote = &halo->remote;
    int finalised;
    MPI_Finalized(&finalised);
    remote->pending = remote->pending || end == HALO_FORGET;
    if (remote->comm != MPI_COMM_NULL && !finalised && end != HALO_FORGET) {
        if (end == HALO_DRAIN)
            remote_drain(halo);
        else if (end == HALO_ABANDON && remote->requests != NULL)
            remote_abandon(halo);
        rpi_complete(HALO_MOST_LINKS, remote->counts_requests[0], halo->spin);
        rpi_complete(HALO_MOST_LINKS, remote->counts_requests[1], halo->spin);
        /* Edges that were not received must not arrive in another grid's communicator, which MPI
         * may give the same context. */
        if (end != HALO_ABANDON)
            MPI_Comm_free(&remote->comm);
    }
    if (remote->pending)
        return;
    for (int i = 0; i < halo->neighbours; i++) {
        if (halo->links[i].parts > 0) {
            free(halo->links[i].out[0]);
            free(halo->links[i].in[0]);
        }
    }
    free(remote->requests);
}
