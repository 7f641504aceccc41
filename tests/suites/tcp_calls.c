#include "tcp_calls.h"

#include "comm/tcp_connect.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int tcp_call(const struct acceptor *acceptor, int rank)
{
    static const _Atomic bool not_over;
    struct connecting connecting = {.key = acceptor->key,
                                    .rank = rank,
                                    .addresses = {acceptor->addresses[0]},
                                    .count = 1,
                                    .silence = 60};
    return rpi_tcp_link_connect(&connecting, &not_over);
}

bool tcp_call_refused(int file)
{
    char byte;
    struct pollfd look = {.fd = file, .events = POLLIN};
    bool ended = poll(&look, 1, 60000) == 1 && recv(file, &byte, 1, MSG_DONTWAIT) <= 0;
    close(file);
    return ended;
}
