#include "comm/bigcount.h"

#include "comm/parts.h"

#include <string.h>

enum {
    TAG = 1
};

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm)
{
    transfer->comm = comm;
    transfer->code = MPI_SUCCESS;
    transfer->begun = 0;
    for (int i = 0; i < TRANSFERS_AT_ONCE; i++)
        transfer->requests[i] = MPI_REQUEST_NULL;
}

static void wait_for(struct transfer *transfer, MPI_Request *request)
{
    int code = MPI_Wait(request, MPI_STATUS_IGNORE);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = code;
}

/* Returns a free request, after completing the oldest one, which occupies it. */
static MPI_Request *place(struct transfer *transfer)
{
    MPI_Request *request = &transfer->requests[transfer->begun++ % TRANSFERS_AT_ONCE];
    wait_for(transfer, request);
    return request;
}

typedef int (*part_starter)(const struct run *part, int rank, MPI_Comm comm, MPI_Request *request);

static int start_send(const struct run *part, int rank, MPI_Comm comm, MPI_Request *request)
{
    return MPI_Isend(part->base, (int)part->units, part->layout->type, rank, TAG, comm, request);
}

static int start_receive(const struct run *part, int rank, MPI_Comm comm, MPI_Request *request)
{
    return MPI_Irecv(part->base, (int)part->units, part->layout->type, rank, TAG, comm, request);
}

static void in_parts(struct transfer *transfer, part_starter start, const struct run *run, int rank)
{
    for (int64_t done = 0; done < run->units && transfer->code == MPI_SUCCESS;) {
        int count = rpi_part(run->units - done, run->layout->size);
        struct run part = rpi_run_part(run, done, count);
        MPI_Request *request = place(transfer);
        if (transfer->code == MPI_SUCCESS)
            transfer->code = start(&part, rank, transfer->comm, request);
        done += count;
    }
}

void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank)
{
    in_parts(transfer, start_send, from, rank);
}

void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank)
{
    in_parts(transfer, start_receive, to, rank);
}

static bool without_gaps(const struct layout *layout)
{
    return layout->low == 0 && layout->high == layout->extent && layout->extent == layout->size;
}

/* This rank has only one layout, which both runs share. */
void rpi_transfer_copy(struct transfer *transfer, const struct run *from, const struct run *to)
{
    if (from->units > 0 && without_gaps(from->layout)) {
        memcpy(to->base, from->base, (size_t)(from->units * from->layout->size));
        return;
    }
    int self;
    MPI_Comm_rank(transfer->comm, &self);
    for (int64_t done = 0; done < from->units && transfer->code == MPI_SUCCESS;) {
        int count = rpi_part(from->units - done, from->layout->size);
        struct run source = rpi_run_part(from, done, count);
        struct run target = rpi_run_part(to, done, count);
        transfer->code =
            MPI_Sendrecv(source.base, count, source.layout->type, self, TAG, target.base, count,
                         target.layout->type, self, TAG, transfer->comm, MPI_STATUS_IGNORE);
        done += count;
    }
}

int rpi_transfer_end(struct transfer *transfer)
{
    for (int i = 0; i < TRANSFERS_AT_ONCE; i++)
        wait_for(transfer, &transfer->requests[i]);
    return transfer->code;
}

int rpi_run_broadcast(const struct run *run, int root, MPI_Comm comm)
{
    int code = MPI_SUCCESS;
    for (int64_t done = 0; done < run->units && code == MPI_SUCCESS;) {
        int count = rpi_part(run->units - done, run->layout->size);
        struct run part = rpi_run_part(run, done, count);
        code = MPI_Bcast(part.base, count, part.layout->type, root, comm);
        done += count;
    }
    return code;
}
