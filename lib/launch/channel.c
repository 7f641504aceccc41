#include "launch/channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract name begins with a zero byte and ends with its length. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    size_t length = strnlen(name, CHANNEL_NAME_SIZE - 1);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int close_and_fail(int file)
{
    int saved = errno;
    close(file);
    errno = saved;
    return -1;
}

/* The process at the other end, or -1 if it belongs to another user. */
static pid_t peer_of(int channel)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid())
        return peer.pid;
    errno = EACCES;
    return -1;
}

int rpi_channel_listen(char name[CHANNEL_NAME_SIZE])
{
    unsigned long long token[2];
    if (getrandom(token, sizeof token, 0) != (ssize_t)sizeof token)
        return -1;
    snprintf(name, CHANNEL_NAME_SIZE, "rankpool-%016llx%016llx", token[0], token[1]);
    int listener = open_socket();
    if (listener < 0)
        return -1;
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, SOMAXCONN) != 0)
        return close_and_fail(listener);
    return listener;
}

int rpi_channel_accept(int listener, pid_t *peer)
{
    int channel = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (channel < 0)
        return -1;
    *peer = peer_of(channel);
    return *peer > 0 ? channel : close_and_fail(channel);
}

int rpi_channel_connect(const char *name)
{
    int channel = open_socket();
    if (channel < 0)
        return -1;
    struct sockaddr_un address;
    socklen_t size = address_of(name, &address);
    if (connect(channel, (struct sockaddr *)&address, size) != 0 || peer_of(channel) < 0)
        return close_and_fail(channel);
    return channel;
}

/* Room for the files that travel with a message, aligned as the kernel wants it. */
union baggage {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
};

bool rpi_channel_send(int channel, struct message message, const int *files, int count)
{
    struct iovec body = {.iov_base = &message, .iov_len = sizeof message};
    struct msghdr letter = {.msg_iov = &body, .msg_iovlen = 1};
    union baggage baggage;
    if (count > 0) {
        size_t size = (size_t)count * sizeof *files;
        letter.msg_control = &baggage;
        letter.msg_controllen = CMSG_SPACE(size);
        memset(&baggage, 0, sizeof baggage);
        baggage.header.cmsg_level = SOL_SOCKET;
        baggage.header.cmsg_type = SCM_RIGHTS;
        baggage.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&baggage.header), files, size);
    }
    ssize_t sent;
    do
        sent = sendmsg(channel, &letter, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof message;
}

static void unpack_files(struct msghdr *letter, int files[MOST_FILES])
{
    struct cmsghdr *header = CMSG_FIRSTHDR(letter);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(files, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
}

int rpi_channel_receive(int channel, struct message *message, int files[MOST_FILES])
{
    union baggage baggage;
    struct iovec body = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr letter = {.msg_iov = &body,
                            .msg_iovlen = 1,
                            .msg_control = &baggage,
                            .msg_controllen = sizeof baggage};
    for (int i = 0; i < MOST_FILES; i++)
        files[i] = -1;
    ssize_t size;
    do
        size = recvmsg(channel, &letter, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return 0;
    unpack_files(&letter, files);
    return size == (ssize_t)sizeof *message ? 1 : -1;
}

bool rpi_channel_is_open(int channel)
{
    char byte;
    return recv(channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}
