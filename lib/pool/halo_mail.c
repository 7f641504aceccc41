/* Edges as messages, between neighbours on different nodes. A message of no bytes instead of an
 * edge says that its sender closes the grid. */
#include "base/error.h"
#include "pool/halo.h"
#include "world/completion.h"
#include "world/mpi_error.h"
#include "world/parts.h"

#include <stdlib.h>

enum {
    TAG = 0
};

static bool is_open(const struct link *link)
{
    return link->parts > 0 && !link->gone;
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
    mail->statuses = malloc((size_t)mail->count * sizeof *mail->statuses);
    if (mail->requests == NULL || mail->statuses == NULL)
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
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++) {
        if (is_open(&halo->links[i]))
            code = receive(&halo->mail, &halo->links[i]);
    }
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++) {
        if (is_open(&halo->links[i]))
            code = send(&halo->mail, &halo->links[i]);
    }
    halo->mail.pending = halo->mail.count > 0;
    return rpi_mpi_check(code, "MPI_Irecv or MPI_Isend", error);
}

void rpi_mail_progress(const struct mail *mail)
{
    int there;
    if (mail->pending)
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, mail->comm, &there, MPI_STATUS_IGNORE);
}

/* Which neighbours have sent a farewell instead of an edge? Returns one of them, or -1. */
static int note_farewells(struct halo *halo)
{
    int rank = -1;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        struct link *link = &halo->links[i];
        int bytes;
        if (!is_open(link))
            continue;
        MPI_Get_count(&halo->mail.statuses[link->requests - halo->mail.requests], MPI_BYTE, &bytes);
        link->gone = bytes == 0;
        if (link->gone)
            rank = link->rank;
    }
    return rank;
}

rp_status rpi_mail_end(struct halo *halo, bool spin, rp_error *error)
{
    struct mail *mail = &halo->mail;
    if (!mail->pending)
        return RP_OK;
    int code = rpi_complete(mail->count, mail->requests, mail->statuses, spin);
    if (rpi_mpi_check(code, "MPI_Testall", error) != RP_OK)
        return error->status;
    mail->pending = false;
    int gone = note_farewells(halo);
    if (gone >= 0)
        return rpi_error_set(error, RP_ERR_STATE,
                             "rank %d has closed the grid that others go on with", gone);
    return RP_OK;
}

/* As many empty messages as an edge has parts, so that all that is awaited arrives. */
void rpi_mail_leave(struct halo *halo)
{
    struct mail *mail = &halo->mail;
    for (int i = 0; i < HALO_DIRECTIONS && !mail->left; i++) {
        struct link *link = &halo->links[i];
        for (int part = 0; part < link->parts; part++) {
            MPI_Request request;
            if (MPI_Isend(NULL, 0, MPI_BYTE, link->rank, TAG, mail->comm, &request) == MPI_SUCCESS)
                MPI_Request_free(&request);
        }
    }
    mail->left = true;
}

/* Receives what neighbours have sent, up to their farewells. */
static void drain(struct halo *halo)
{
    const bool spin = false;
    rp_error error;
    for (;;) {
        if (rpi_mail_end(halo, spin, &error) == RP_ERR_MPI)
            return;
        int code = MPI_SUCCESS;
        for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++) {
            if (!is_open(&halo->links[i]))
                continue;
            code = receive(&halo->mail, &halo->links[i]);
            halo->mail.pending = true;
        }
        if (!halo->mail.pending || code != MPI_SUCCESS)
            return;
    }
}

void rpi_mail_drop(struct halo *halo, bool orderly)
{
    if (orderly)
        drain(halo);
    int finalised;
    MPI_Finalized(&finalised);
    if (halo->mail.comm != MPI_COMM_NULL && !finalised)
        MPI_Comm_free(&halo->mail.comm);
    /* Ranks have lost step: what is still on its way may arrive here at any time. */
    if (halo->mail.pending)
        return;
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        if (halo->links[i].parts > 0) {
            free(halo->links[i].out[0]);
            free(halo->links[i].in[0]);
        }
    }
    free(halo->mail.requests);
    free(halo->mail.statuses);
}
