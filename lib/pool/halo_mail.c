/* Edges as messages, between neighbours on different nodes. */
#include "base/error.h"
#include "pool/halo.h"
#include "world/completion.h"
#include "world/mpi_error.h"
#include "world/parts.h"

#include <stdlib.h>

enum {
    TAG = 0
};

void rpi_mail_clear(struct mail *mail)
{
    mail->comm = MPI_COMM_NULL;
    for (int i = 0; i < HALO_DIRECTIONS; i++)
        mail->tidings_requests[0][i] = mail->tidings_requests[1][i] = MPI_REQUEST_NULL;
}

static int64_t edge_bytes(const struct link *link)
{
    return (int64_t)(link->rows * link->row_bytes);
}

/* A part of an edge: all but the last are as long as the first. */
struct part {
    size_t offset;
    int bytes;
};

static struct part part_of(const struct link *link, int number)
{
    int64_t bytes = edge_bytes(link), offset = (int64_t)number * rpi_part(bytes, 1);
    return (struct part){(size_t)offset, rpi_part(bytes - offset, 1)};
}

static bool make_room(struct link *link)
{
    int64_t bytes = edge_bytes(link);
    link->parts = (int)((bytes - 1) / rpi_part(bytes, 1) + 1);
    link->out[0] = link->out[1] = malloc((size_t)bytes);
    link->in[0] = link->in[1] = malloc((size_t)bytes);
    return link->out[0] != NULL && link->in[0] != NULL;
}

static bool make_requests(struct halo *halo)
{
    struct mail *mail = &halo->mail;
    mail->requests = malloc((size_t)mail->count * sizeof *mail->requests);
    if (mail->requests == NULL)
        return false;
    for (int i = 0; i < mail->count; i++)
        mail->requests[i] = MPI_REQUEST_NULL;
    MPI_Request *requests = mail->requests;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        halo->links[i].requests = requests;
        requests += 2 * halo->links[i].parts;
    }
    return true;
}

rp_status rpi_mail_make(struct halo *halo, rp_error *error)
{
    bool made = true;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        struct link *link = &halo->links[i];
        if (link->rank < 0 || link->notice != NULL)
            continue;
        made = make_room(link) && made;
        halo->mail.count += 2 * link->parts;
    }
    if (halo->mail.count > 0 && !(made && make_requests(halo)))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the messages of a halo");
    return RP_OK;
}

static int receive(const struct mail *mail, const struct link *link)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->parts && code == MPI_SUCCESS; i++) {
        struct part part = part_of(link, i);
        code = MPI_Irecv(link->in[0] + part.offset, part.bytes, MPI_BYTE, link->rank, TAG,
                         mail->comm, &link->requests[i]);
    }
    return code;
}

static int send(const struct mail *mail, const struct link *link)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->parts && code == MPI_SUCCESS; i++) {
        struct part part = part_of(link, i);
        code = MPI_Isend(link->out[0] + part.offset, part.bytes, MPI_BYTE, link->rank, TAG,
                         mail->comm, &link->requests[link->parts + i]);
    }
    return code;
}

rp_status rpi_mail_begin(struct halo *halo, rp_error *error)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++)
        code = receive(&halo->mail, &halo->links[i]);
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++)
        code = send(&halo->mail, &halo->links[i]);
    halo->mail.pending = halo->mail.count > 0;
    return rpi_mpi_check(code, "MPI_Irecv or MPI_Isend", error);
}

/* A neighbour on another node whose edge will never come, or NULL. */
static const struct link *find_lost(const struct halo *halo)
{
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        const struct link *link = &halo->links[i];
        if (link->parts > 0 && rpi_halo_is_lost(halo, link->told.sent, link->told.meetings))
            return link;
    }
    return NULL;
}

rp_status rpi_mail_end(struct halo *halo, rp_error *error)
{
    struct mail *mail = &halo->mail;
    struct patience patience = {.spin = halo->spin};
    while (mail->pending) {
        int done;
        int code = rpi_look(mail->count, mail->requests, &done);
        if (code == MPI_SUCCESS && !done)
            code = rpi_tidings_take(halo);
        if (rpi_mpi_check(code, "MPI_Test", error) != RP_OK)
            return error->status;
        mail->pending = !done;
        const struct link *lost = done ? NULL : find_lost(halo);
        if (lost != NULL)
            return rpi_halo_lost(halo, lost, error);
        if (!done)
            rpi_patience_wait(&patience);
    }
    return RP_OK;
}

static void cancel(struct link *link)
{
    for (int i = 0; i < link->parts; i++) {
        if (link->requests[i] != MPI_REQUEST_NULL)
            MPI_Cancel(&link->requests[i]);
        MPI_Wait(&link->requests[i], MPI_STATUS_IGNORE);
    }
}

/* Receives what the neighbour has sent, which may be one exchange less than this rank has begun, or
 * one more. */
static int drain_link(struct halo *halo, struct link *link)
{
    int code = rpi_tidings_await(halo, link);
    if (halo->mail.pending && link->told.sent < halo->begun)
        cancel(link);
    else if (code == MPI_SUCCESS)
        code = rpi_complete(link->parts, link->requests, halo->spin);
    if (code == MPI_SUCCESS && link->told.sent > halo->begun) {
        code = receive(&halo->mail, link);
        if (code == MPI_SUCCESS)
            code = rpi_complete(link->parts, link->requests, halo->spin);
    }
    return code;
}

/* Until nothing of this grid is on its way any more. */
static void drain(struct halo *halo)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++) {
        if (halo->links[i].parts > 0)
            code = drain_link(halo, &halo->links[i]);
    }
    if (code == MPI_SUCCESS)
        code = rpi_complete(halo->mail.count, halo->mail.requests, halo->spin);
    halo->mail.pending = code != MPI_SUCCESS;
}

/* Ranks have lost step: nothing more is received. What was sent and never arrives may be looked at
 * by MPI at any time, and stays. */
static void abandon(struct halo *halo)
{
    int done;
    rpi_tidings_take(halo);
    for (int i = 0; i < HALO_DIRECTIONS && halo->mail.pending; i++)
        cancel(&halo->links[i]);
    rpi_look(halo->mail.count, halo->mail.requests, &done);
    halo->mail.pending = !done;
}

void rpi_mail_drop(struct halo *halo, bool orderly)
{
    struct mail *mail = &halo->mail;
    int finalised;
    MPI_Finalized(&finalised);
    if (mail->comm != MPI_COMM_NULL && !finalised) {
        if (orderly)
            drain(halo);
        else if (mail->requests != NULL)
            abandon(halo);
        rpi_complete(HALO_DIRECTIONS, mail->tidings_requests[0], halo->spin);
        rpi_complete(HALO_DIRECTIONS, mail->tidings_requests[1], halo->spin);
        MPI_Comm_free(&mail->comm);
    }
    if (mail->pending)
        return;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        if (halo->links[i].parts > 0) {
            free(halo->links[i].out[0]);
            free(halo->links[i].in[0]);
        }
    }
    free(mail->requests);
}
