#include "comm/message.h"

#include "comm/parts.h"

enum {
    TAG = 0
};

typedef int (*transfer)(void *bytes, int count, int rank, MPI_Comm comm);

static int send_part(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Send(bytes, count, MPI_BYTE, rank, TAG, comm);
}

static int receive_part(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Recv(bytes, count, MPI_BYTE, rank, TAG, comm, MPI_STATUS_IGNORE);
}

static int broadcast_part(void *bytes, int count, int rank, MPI_Comm comm)
{
    return MPI_Bcast(bytes, count, MPI_BYTE, rank, comm);
}

static int in_parts(transfer move, void *bytes, size_t size, int rank, MPI_Comm comm)
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
    return in_parts(send_part, (void *)(uintptr_t)bytes, size, rank, comm);
}

int rpi_message_receive(void *bytes, size_t size, int rank, MPI_Comm comm)
{
    return in_parts(receive_part, bytes, size, rank, comm);
}

int rpi_message_broadcast(void *bytes, size_t size, int root, MPI_Comm comm)
{
    return in_parts(broadcast_part, bytes, size, root, comm);
}
