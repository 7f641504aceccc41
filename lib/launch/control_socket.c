#include "launch/control_socket.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract name starts with a zero byte; the address length ends it. */
static socklen_t control_address(const char *name, struct sockaddr_un *address)
{
    size_t length = strnlen(name, CONTROL_NAME_SIZE - 1);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int control_open(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int control_close_on_error(int file)
{
    int saved = errno;
    close(file);
    errno = saved;
    return -1;
}

/* The peer's process id, or -1 if it belongs to another user. */
static pid_t control_peer(int channel)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid())
        return peer.pid;
    errno = EACCES;
    return -1;
}

int rpi_control_listen(char name[CONTROL_NAME_SIZE])
{
    unsigned long long token[2];
    if (getrandom(token, sizeof token, 0) != (ssize_t)sizeof token)
        return -1;
    snprintf(name, CONTROL_NAME_SIZE, "rankpool-%016llx%016llx", token[0], token[1]);
    int listener = control_open();
    if (listener < 0)
        return -1;
    struct sockaddr_un address;
    socklen_t size = control_address(name, &address);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, SOMAXCONN) != 0)
        return control_close_on_error(listener);
    return listener;
}

int rpi_control_accept(int listener, pid_t *peer)
{
    int channel = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (channel < 0)
        return -1;
    *peer = control_peer(channel);
    return *peer > 0 ? channel : control_close_on_error(channel);
}

int rpi_control_connect(const char *name)
{
    int channel = control_open();
    if (channel < 0)
        return -1;
    struct sockaddr_un address;
    socklen_t size = control_address(name, &address);
    if (connect(channel, (struct sockaddr *)&address, size) != 0 || control_peer(channel) < 0)
        return control_close_on_error(channel);
    return channel;
}

/* Buffer for the file descriptors of a message, aligned as the kernel requires. */
union file_buffer {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
};

bool rpi_control_send(int channel, struct message message, const int *files, int count)
{
    struct iovec body = {.iov_base = &message, .iov_len = sizeof message};
    struct msghdr envelope = {.msg_iov = &body, .msg_iovlen = 1};
    union file_buffer file_buffer;
    if (count > 0) {
        size_t size = (size_t)count * sizeof *files;
        envelope.msg_control = &file_buffer;
        envelope.msg_controllen = CMSG_SPACE(size);
        memset(&file_buffer, 0, sizeof file_buffer);
        file_buffer.header.cmsg_level = SOL_SOCKET;
        file_buffer.header.cmsg_type = SCM_RIGHTS;
        file_buffer.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&file_buffer.header), files, size);
    }
    ssize_t sent;
    do
        sent = sendmsg(channel, &envelope, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof message;
}

/* The buffer is padded, so more files may come than were asked for: these are closed. */
static void control_unpack_files(struct msghdr *envelope, int files[MOST_FILES])
{
    struct cmsghdr *header = CMSG_FIRSTHDR(envelope);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof *files;
    for (size_t i = 0; i < count; i++) {
        int file;
        memcpy(&file, CMSG_DATA(header) + i * sizeof file, sizeof file);
        if (i < MOST_FILES)
            files[i] = file;
        else
            close(file);
    }
}

int rpi_control_receive(int channel, struct message *message, int files[MOST_FILES])
{
    union file_buffer file_buffer;
    struct iovec body = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr envelope = {.msg_iov = &body,
                              .msg_iovlen = 1,
                              .msg_control = &file_buffer,
                              .msg_controllen = sizeof file_buffer};
    for (int i = 0; i < MOST_FILES; i++)
        files[i] = -1;
    ssize_t size;
    do
        size = recvmsg(channel, &envelope, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        return 0;
    control_unpack_files(&envelope, files);
    return size == (ssize_t)sizeof *message ? 1 : -1;
}

bool rpi_control_is_open(int channel)
{
    char byte;
    return recv(channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}
