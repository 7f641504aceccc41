#include "launch/obituary.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* From Linux 6.16 on; the C library's headers may be older. */
enum {
    PEER_PROCESS_FILE = 77,   /* SO_PEERPIDFD */
    KNOWS_EXIT_CODE = 1 << 3, /* PIDFD_INFO_EXIT */
    LONGEST_WAIT = 100        /* ms for the process to be gone, after its files are */
};

/* struct pidfd_info */
struct process_information {
    uint64_t mask, group;
    uint32_t numbers[11];
    int32_t exit_code;
};

static int status_of_peer(int channel)
{
    struct process_information information = {.mask = KNOWS_EXIT_CODE};
    int process = -1, status = 0;
    socklen_t size = sizeof process;
    if (getsockopt(channel, SOL_SOCKET, PEER_PROCESS_FILE, &process, &size) != 0)
        return 0;
    struct pollfd gone = {.fd = process, .events = POLLIN};
    poll(&gone, 1, LONGEST_WAIT);
    if (ioctl(process, _IOWR(0xFF, 11, struct process_information), &information) == 0 &&
        (information.mask & KNOWS_EXIT_CODE) != 0)
        status = information.exit_code;
    close(process);
    return status;
}

static int status_by_number(pid_t process)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const char *last = NULL; /* of its fields is the exit code */
    if (fgets(line, sizeof line, file) != NULL)
        last = strrchr(line, ' ');
    fclose(file);
    return last != NULL ? atoi(last + 1) : 0;
}

int rpi_obituary(pid_t process, int channel)
{
    int status = status_by_number(process);
    return status != 0 ? status : status_of_peer(channel);
}
