#include "world/completion.h"

#include "base/waiting.h"

int rpi_look(int count, MPI_Request *requests, int *done)
{
    int code = MPI_SUCCESS;
    *done = 1;
    for (int i = 0; i < count && code == MPI_SUCCESS; i++) {
        int one = requests[i] == MPI_REQUEST_NULL; /* of which SimGrid 3.32 would not say so */
        if (!one)
            code = MPI_Test(&requests[i], &one, MPI_STATUS_IGNORE);
        *done = *done && one;
    }
    return code;
}

int rpi_complete(int count, MPI_Request *requests, bool spin)
{
    struct patience patience = {.spin = spin};
    int code, done;
    while ((code = rpi_look(count, requests, &done)) == MPI_SUCCESS && !done)
        rpi_patience_wait(&patience);
    return code;
}
