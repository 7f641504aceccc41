#include "comm/bigcount.h"

#include "config.h"

#include <string.h>

enum {
    BYTES_TAG = 0,
    RUN_TAG = 1,
    COPY_BYTES = 1 << 17 /* between two looks at messages, which take longer to transfer */
};

int rpi_part(int64_t left, int64_t size)
{
    int64_t most = size < RANKPOOL_PART_LIMIT ? RANKPOOL_PART_LIMIT / size : 1;
    return (int)(left < most ? left : most);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

typedef int (*bytes_mover)(void *bytes, int count, int rank, MPI_Comm comm);

static int bytes_part_send(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Send(bytes, count, MPI_BYTE, rank, BYTES_TAG, comm);
}

static int bytes_part_receive(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Recv(bytes, count, MPI_BYTE, rank, BYTES_TAG, comm, MPI_STATUS_IGNORE);
}

static int bytes_part_broadcast(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Bcast(bytes, count, MPI_BYTE, rank, comm);
}

static int bytes_move_parts(bytes_mover move, void *bytes, size_t size, int rank, MPI_Comm comm)
{
    int code = MPI_SUCCESS;
    for (size_t done = 0; done < size && code == MPI_SUCCESS;) {
        int count = rpi_part((int64_t)(size - done), 1);
        code = move((char *)bytes + done, count, rank, comm);
        done += (size_t)count;
    }
    return code;
}

int rpi_message_send(const void *bytes, size_t size, int rank, MPI_Comm comm)
{
    return bytes_move_parts(bytes_part_send, (void *)(uintptr_t)bytes, size, rank, comm);
}

int rpi_message_receive(void *bytes, size_t size, int rank, MPI_Comm comm)
{
    return bytes_move_parts(bytes_part_receive, bytes, size, rank, comm);
}

int rpi_message_broadcast(void *bytes, size_t size, int root, MPI_Comm comm)
{
    return bytes_move_parts(bytes_part_broadcast, bytes, size, root, comm);
}

/* ---- runs ------------------------------------------------------------------------------------ */

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm)
{
    transfer->comm = comm;
    transfer->code = MPI_SUCCESS;
    transfer->begun = 0;
    for (int i = 0; i < TRANSFERS_AT_ONCE; i++)
        transfer->requests[i] = MPI_REQUEST_NULL;
}

static void transfer_wait(struct transfer *transfer, MPI_Request *request)
{
    int code = MPI_Wait(request, MPI_STATUS_IGNORE);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = code;
}

/* Returns a free request, after completing the oldest one, which occupies it. */
static MPI_Request *transfer_next_request(struct transfer *transfer)
{
    MPI_Request *request = &transfer->requests[transfer->begun++ % TRANSFERS_AT_ONCE];
    transfer_wait(transfer, request);
    return request;
}

typedef int (*run_part_starter)(const struct run *part, int rank, MPI_Comm comm,
                                MPI_Request *request);

static int run_part_send(const struct run *part, int rank, MPI_Comm comm, MPI_Request *request)
{
    return MPI_Isend(part->base, (int)part->units, part->layout->type, rank, RUN_TAG, comm,
                     request);
}

static int run_part_receive(const struct run *part, int rank, MPI_Comm comm, MPI_Request *request)
{
    return MPI_Irecv(part->base, (int)part->units, part->layout->type, rank, RUN_TAG, comm,
                     request);
}

/* Starts the part that begins with unit `done`, and returns its number of units. */
static int run_start_part(struct transfer *transfer, run_part_starter start, const struct run *run,
                          int64_t done, int rank)
{
    int count = rpi_part(run->units - done, run->layout->size);
    struct run part = rpi_run_part(run, done, count);
    MPI_Request *request = transfer_next_request(transfer);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = start(&part, rank, transfer->comm, request);
    return count;
}

static void run_start_parts(struct transfer *transfer, run_part_starter start,
                            const struct run *run, int rank)
{
    for (int64_t done = 0; done < run->units && transfer->code == MPI_SUCCESS;)
        done += run_start_part(transfer, start, run, done, rank);
}

void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank)
{
    run_start_parts(transfer, run_part_send, from, rank);
}

void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank)
{
    run_start_parts(transfer, run_part_receive, to, rank);
}

void rpi_transfer_exchange(struct transfer *transfer, const struct run *from, int to_rank,
                           const struct run *to, int from_rank)
{
    int64_t sent = 0, received = 0;
    while ((sent < from->units || received < to->units) && transfer->code == MPI_SUCCESS) {
        if (received < to->units)
            received += run_start_part(transfer, run_part_receive, to, received, from_rank);
        if (sent < from->units)
            sent += run_start_part(transfer, run_part_send, from, sent, to_rank);
    }
}

static bool layout_without_gaps(const struct layout *layout)
{
    return layout->low == 0 && layout->high == layout->extent && layout->extent == layout->size;
}

void rpi_transfer_progress(struct transfer *transfer)
{
    int count = transfer->begun < TRANSFERS_AT_ONCE ? (int)transfer->begun : TRANSFERS_AT_ONCE;
    int done, code;
    if (count == 0)
        return;
    code = MPI_Testall(count, transfer->requests, &done, MPI_STATUSES_IGNORE);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = code;
}

static void transfer_copy_bytes(struct transfer *transfer, const char *from, char *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        size_t left = bytes - done;
        size_t part = left < COPY_BYTES || transfer->begun == 0 ? left : COPY_BYTES;
        memcpy(to + done, from + done, part);
        done += part;
        rpi_transfer_progress(transfer);
    }
}

/* This rank has only one layout, which both runs share. */
void rpi_transfer_copy(struct transfer *transfer, const struct run *from, const struct run *to)
{
    if (from->base == to->base)
        return;
    if (from->units > 0 && layout_without_gaps(from->layout)) {
        transfer_copy_bytes(transfer, from->base, to->base,
                            (size_t)(from->units * from->layout->size));
        return;
    }
    int self;
    MPI_Comm_rank(transfer->comm, &self);
    for (int64_t done = 0; done < from->units && transfer->code == MPI_SUCCESS;) {
        int count = rpi_part(from->units - done, from->layout->size);
        struct run source = rpi_run_part(from, done, count);
        struct run target = rpi_run_part(to, done, count);
        transfer->code =
            MPI_Sendrecv(source.base, count, source.layout->type, self, RUN_TAG, target.base, count,
                         target.layout->type, self, RUN_TAG, transfer->comm, MPI_STATUS_IGNORE);
        done += count;
    }
}

int rpi_transfer_end(struct transfer *transfer)
{
    for (int i = 0; i < TRANSFERS_AT_ONCE; i++)
        transfer_wait(transfer, &transfer->requests[i]);
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
