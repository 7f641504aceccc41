#include "comm/bigcount.h"

#include "config.h"

#include <string.h>

enum {
    BYTES_TAG = 0,
    RUN_TAG = 1,
    COPY_BYTES = 1 << 17, /* between two looks at messages, which take longer to transfer */
    /* A part of a round: less than Open MPI sends over TCP without asking the receiver first. Both
     * ranks are in the same round, so the receiver is ready, and large messages both ways take 1.2
     * to 1.7 times as long as such parts. */
    ROUND_BYTES = 60 << 10
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
    transfer->round = transfer->ranks = 0;
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

/* Starts the first `count` units of the run as a part. */
static void run_start_part(struct transfer *transfer, run_part_starter start, const struct run *run,
                           int count, int rank)
{
    struct run part = rpi_run_part(run, 0, count);
    MPI_Request *request = transfer_next_request(transfer);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = start(&part, rank, transfer->comm, request);
}

static void run_start_parts(struct transfer *transfer, run_part_starter start,
                            const struct run *run, int rank)
{
    struct run left = *run;
    while (left.units > 0 && transfer->code == MPI_SUCCESS) {
        int count = rpi_part(left.units, left.layout->size);
        run_start_part(transfer, start, &left, count, rank);
        left = rpi_run_part(&left, count, left.units - count);
    }
}

void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank)
{
    run_start_parts(transfer, run_part_send, from, rank);
}

void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank)
{
    run_start_parts(transfer, run_part_receive, to, rank);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Starts the next part of one direction of the round, if any is left. */
static void round_start_part(struct transfer *transfer, run_part_starter start, struct run *left,
                             int rank)
{
    if (left->units == 0)
        return;
    int64_t most = left->layout->size < ROUND_BYTES ? ROUND_BYTES / left->layout->size : 1;
    int count = rpi_part(left->units < most ? left->units : most, left->layout->size);
    run_start_part(transfer, start, left, count, rank);
    *left = rpi_run_part(left, count, left->units - count);
}

static int round_receiver(const struct transfer *transfer)
{
    return (transfer->rank + transfer->round) % transfer->ranks;
}

static int round_sender(const struct transfer *transfer)
{
    return (transfer->rank - transfer->round + transfer->ranks) % transfer->ranks;
}

static void round_start_parts(struct transfer *transfer)
{
    round_start_part(transfer, run_part_receive, &transfer->to, round_sender(transfer));
    round_start_part(transfer, run_part_send, &transfer->from, round_receiver(transfer));
}

/* Is something left to start? Goes on to the next round if needed. */
static bool rounds_left(struct transfer *transfer)
{
    if (transfer->code != MPI_SUCCESS)
        transfer->round = transfer->ranks;
    while (transfer->round < transfer->ranks && transfer->from.units == 0 &&
           transfer->to.units == 0 && ++transfer->round < transfer->ranks) {
        transfer->from = transfer->part_of(transfer->closure, round_receiver(transfer), false);
        transfer->to = transfer->part_of(transfer->closure, round_sender(transfer), true);
    }
    return transfer->round < transfer->ranks;
}

/* Can the parts of both directions be started without waiting? */
static bool rounds_may_start(struct transfer *transfer)
{
    int code = MPI_SUCCESS, done = 1;
    for (unsigned i = 0; i < 2 && done && code == MPI_SUCCESS; i++)
        code = MPI_Test(&transfer->requests[(transfer->begun + i) % TRANSFERS_AT_ONCE], &done,
                        MPI_STATUS_IGNORE);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = code;
    return done && code == MPI_SUCCESS;
}

void rpi_transfer_rounds(struct transfer *transfer, round_part part_of, void *closure)
{
    MPI_Comm_rank(transfer->comm, &transfer->rank);
    MPI_Comm_size(transfer->comm, &transfer->ranks);
    transfer->part_of = part_of;
    transfer->closure = closure;
    transfer->from.units = transfer->to.units = 0;
    rpi_transfer_progress(transfer);
}

/* ---- progress -------------------------------------------------------------------------------- */

bool rpi_transfer_pending(const struct transfer *transfer)
{
    return transfer->begun > 0 || transfer->round < transfer->ranks;
}

void rpi_transfer_progress(struct transfer *transfer)
{
    while (rounds_left(transfer) && rounds_may_start(transfer))
        round_start_parts(transfer);
    if (transfer->round < transfer->ranks || transfer->begun == 0)
        return;
    int count = transfer->begun < TRANSFERS_AT_ONCE ? (int)transfer->begun : TRANSFERS_AT_ONCE;
    int done, code = MPI_Testall(count, transfer->requests, &done, MPI_STATUSES_IGNORE);
    if (transfer->code == MPI_SUCCESS)
        transfer->code = code;
}

int rpi_transfer_end(struct transfer *transfer)
{
    while (rounds_left(transfer))
        round_start_parts(transfer);
    for (int i = 0; i < TRANSFERS_AT_ONCE; i++)
        transfer_wait(transfer, &transfer->requests[i]);
    return transfer->code;
}

/* ---- copies, and a broadcast ----------------------------------------------------------------- */

static void transfer_copy_bytes(struct transfer *transfer, const char *from, char *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        size_t left = bytes - done;
        size_t part = left < COPY_BYTES || !rpi_transfer_pending(transfer) ? left : COPY_BYTES;
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
    if (from->units > 0 && rpi_layout_plain(from->layout)) {
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
