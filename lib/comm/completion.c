#include "comm/completion.h"

#include "base/backoff.h"

int rpi_look(int count, MPI_Request *requests, int *done)
{
    int code = MPI_SUCCESS;
    *done = 1;
    for (int i = 0; i < count && code == MPI_SUCCESS; i++) {
        int one = requests[i] == MPI_REQUEST_NULL; /* SimGrid 3.32 does not report it as complete */
        if (!one)
            code = MPI_Test(&requests[i], &one, MPI_STATUS_IGNORE);
        *done = *done && one;
    }
    return code;
}

int rpi_complete(int count, MPI_Request *requests, bool spin)
{
    struct backoff backoff = {.spin = spin};
    int code, done;
    while ((code = rpi_look(count, requests, &done)) == MPI_SUCCESS && !done)
        rpi_backoff_wait(&backoff);
    return code;
}
