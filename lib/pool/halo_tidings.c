/* Notices between neighbours on different nodes: tidings, sent at each meeting. */
#include "pool/halo.h"
#include "world/completion.h"

enum {
    TAG = 2 /* 0: edges, 1: whole fields */
};

/* Two meetings ago all the neighbours were where this rank is now, so what is completed first here
 * has long been on its way. */
void rpi_tidings_send(struct halo *halo)
{
    struct mail *mail = &halo->mail;
    if (mail->count == 0)
        return;
    uint64_t meetings = atomic_load_explicit(&halo->notice->meetings, memory_order_relaxed);
    MPI_Request *requests = mail->tidings_requests[meetings % 2];
    struct tidings *tidings = &mail->tidings[meetings % 2];
    int code = rpi_complete(HALO_DIRECTIONS, requests, halo->spin);
    *tidings = (struct tidings){halo->begun, meetings};
    for (int i = 0; i < HALO_DIRECTIONS && code == MPI_SUCCESS; i++) {
        if (halo->links[i].parts > 0)
            code = MPI_Isend(tidings, sizeof *tidings, MPI_BYTE, halo->links[i].rank, TAG,
                             mail->comm, &requests[i]);
    }
    rpi_tidings_take(halo);
}

static void note(struct halo *halo, int rank, struct tidings tidings)
{
    for (int i = 0; i < HALO_DIRECTIONS; i++) {
        if (halo->links[i].rank == rank)
            halo->links[i].told = tidings;
    }
}

int rpi_tidings_take(struct halo *halo)
{
    MPI_Comm comm = halo->mail.comm;
    int code = MPI_SUCCESS, there = halo->mail.count > 0;
    while (there && code == MPI_SUCCESS) {
        struct tidings tidings;
        MPI_Status status;
        code = MPI_Iprobe(MPI_ANY_SOURCE, TAG, comm, &there, &status);
        if (code != MPI_SUCCESS || !there)
            break;
        code = MPI_Recv(&tidings, sizeof tidings, MPI_BYTE, status.MPI_SOURCE, TAG, comm,
                        MPI_STATUS_IGNORE);
        note(halo, status.MPI_SOURCE, tidings);
    }
    return code;
}

int rpi_tidings_await(struct halo *halo, const struct link *link)
{
    struct patience patience = {.spin = halo->spin};
    uint64_t mine = atomic_load_explicit(&halo->notice->meetings, memory_order_relaxed);
    int code;
    while ((code = rpi_tidings_take(halo)) == MPI_SUCCESS && link->told.meetings < mine)
        rpi_patience_wait(&patience);
    return code;
}
