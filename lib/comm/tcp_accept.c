#include "comm/tcp_accept.h"

#include "base/clock.h"
#include "base/eventcount.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Seconds for a whole handshake. A rank whose link is closed after this time connects again. */
static const double longest_handshake = 5;

/* With too many callers the oldest one is dropped, but only after this many seconds, so that many
 * ranks that connect at once do not evict each other. */
static const double shortest_handshake = 0.05;

uint64_t rpi_server_name(const struct sockaddr_in *address)
{
    return (uint64_t)ntohl(address->sin_addr.s_addr) << 16 | ntohs(address->sin_port);
}

/* ---- listening ------------------------------------------------------------------------------- */

/* Returns a listening socket and stores its port in the address, or returns -1. */
static int socket_listen(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    address->sin_port = 0;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file >= 0 && bind(file, (struct sockaddr *)address, length) == 0 &&
        listen(file, SOMAXCONN) == 0 && getsockname(file, (struct sockaddr *)address, &length) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

bool rpi_acceptor_open(struct acceptor *acceptor, bool here_only)
{
    int known = 0;
    if (getrandom(&acceptor->key, sizeof acceptor->key, 0) != (ssize_t)sizeof acceptor->key)
        return false;
    if (!here_only)
        rpi_addresses_add(acceptor->addresses, &known, false);
    rpi_addresses_add(acceptor->addresses, &known, true);
    for (int i = 0; i < known; i++) {
        struct sockaddr_in address = acceptor->addresses[i];
        int file = socket_listen(&address);
        if (file < 0)
            continue;
        acceptor->addresses[acceptor->count] = address;
        acceptor->listening[acceptor->count++] = file;
    }
    return acceptor->count > 0;
}

void rpi_acceptor_close(struct acceptor *acceptor)
{
    for (int i = 0; i < acceptor->count; i++)
        close(acceptor->listening[i]);
    for (int i = 0; i < acceptor->waiting; i++)
        close(acceptor->callers[i].file);
    acceptor->count = acceptor->waiting = 0;
}

/* ---- callers --------------------------------------------------------------------------------- */

static void caller_remove(struct acceptor *acceptor, int i)
{
    acceptor->waiting--;
    memmove(&acceptor->callers[i], &acceptor->callers[i + 1],
            (size_t)(acceptor->waiting - i) * sizeof acceptor->callers[0]);
}

/* Returns whether the caller is still waiting. */
static bool caller_serve(struct acceptor *acceptor, int i)
{
    struct caller *caller = &acceptor->callers[i];
    enum handshake_state state = rpi_handshake_step(&caller->handshake, caller->file);
    if (state == HANDSHAKE_PENDING)
        return true;
    bool done = state == HANDSHAKE_DONE;
    if (done)
        rpi_handshake_confirm(&caller->handshake, caller->file); /* if not, the link breaks */
    if (!done || !acceptor->take(acceptor->closure, (int)caller->handshake.rank, caller->file))
        close(caller->file);
    caller_remove(acceptor, i);
    return false;
}

static void caller_drop(struct acceptor *acceptor, int i)
{
    close(acceptor->callers[i].file);
    caller_remove(acceptor, i);
}

/* Drops callers that take too long. Their input has been read before. */
static void callers_drop_late(struct acceptor *acceptor, double now)
{
    while (acceptor->waiting > 0 && now - acceptor->callers[0].since > longest_handshake)
        caller_drop(acceptor, 0);
}

static bool callers_make_room(struct acceptor *acceptor, double now)
{
    if (acceptor->waiting == CALLERS && now - acceptor->callers[0].since > shortest_handshake)
        caller_drop(acceptor, 0);
    return acceptor->waiting < CALLERS;
}

static void caller_add(struct acceptor *acceptor, int file, double now)
{
    struct caller *caller = &acceptor->callers[acceptor->waiting];
    struct sockaddr_in called;
    socklen_t length = sizeof called;
    caller->file = file;
    caller->since = now;
    if (getsockname(file, (struct sockaddr *)&called, &length) != 0 ||
        !rpi_handshake_answer(&caller->handshake, &acceptor->key, rpi_server_name(&called),
                              acceptor->ranks)) {
        close(file);
        return;
    }
    caller_serve(acceptor, acceptor->waiting++);
}

/* Accepts callers while there is space. Further ones wait in the kernel's queue. */
static void callers_accept(struct acceptor *acceptor, int listening, double now)
{
    for (int i = 0; i < CALLERS && callers_make_room(acceptor, now); i++) {
        int file = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        bool full = file < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS);
        if (full && acceptor->waiting > 0)
            caller_drop(acceptor, 0);
        if (file < 0)
            return;
        caller_add(acceptor, file, now);
    }
}

void rpi_acceptor_step(struct acceptor *acceptor, int milliseconds)
{
    struct pollfd looks[ADDRESSES + CALLERS];
    double now = rpi_clock_seconds();
    bool room = callers_make_room(acceptor, now);
    int listening = room ? acceptor->count : 0, waiting = acceptor->waiting;
    for (int i = 0; i < listening; i++)
        looks[i] = (struct pollfd){.fd = acceptor->listening[i], .events = POLLIN};
    for (int i = 0; i < waiting; i++)
        looks[listening + i] = (struct pollfd){.fd = acceptor->callers[i].file, .events = POLLIN};
    if (poll(looks, (nfds_t)(listening + waiting), milliseconds) <= 0)
        waiting = listening = 0;
    /* backwards, since serving a caller may remove it */
    for (int i = waiting - 1; i >= 0; i--) {
        if (looks[listening + i].revents != 0)
            caller_serve(acceptor, i);
    }
    callers_drop_late(acceptor, now);
    for (int i = 0; i < listening; i++) {
        if (looks[i].revents != 0)
            callers_accept(acceptor, acceptor->listening[i], rpi_clock_seconds());
    }
}
