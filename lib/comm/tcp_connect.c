#include "comm/tcp_connect.h"

#include "base/clock.h"
#include "comm/tcp_accept.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Seconds until the next address is tried as well, and until an address that closed the connection
 * is tried again: the root does that when too many callers connect at once. */
static const double next_address = 0.05, call_again = 0.1;

/* A connection attempt to one of the addresses. */
struct attempt {
    int file; /* -1: none */
    bool connected;
    bool hopeless; /* this is not the root */
    double not_before;
    struct handshake handshake;
};

static void attempt_end(struct attempt *attempt, bool hopeless)
{
    close(attempt->file);
    attempt->file = -1;
    attempt->hopeless = hopeless;
    attempt->not_before = rpi_clock_seconds() + call_again;
}

/* The root listens before it sends its addresses, so a refusal does not come from the root. */
static bool connect_refused(int code)
{
    return code == ECONNREFUSED || code == ENETUNREACH || code == EACCES || code == EPERM ||
           code == EADDRNOTAVAIL || code == EINVAL;
}

static void attempt_begin(struct attempt *attempt, const struct connecting *connecting, int i)
{
    const struct sockaddr_in *address = &connecting->addresses[i];
    attempt->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    attempt->connected = false;
    if (attempt->file < 0) {
        attempt->not_before = rpi_clock_seconds() + call_again;
        return;
    }
    if (!rpi_handshake_call(&attempt->handshake, &connecting->key, rpi_server_name(address),
                            connecting->rank))
        attempt_end(attempt, true);
    else if (connect(attempt->file, (const struct sockaddr *)address, sizeof *address) != 0 &&
             errno != EINPROGRESS)
        attempt_end(attempt, connect_refused(errno));
}

/* Returns whether the root has authenticated. */
static bool attempt_step(struct attempt *attempt)
{
    int code = 0;
    socklen_t length = sizeof code;
    if (!attempt->connected) {
        if (getsockopt(attempt->file, SOL_SOCKET, SO_ERROR, &code, &length) != 0 || code != 0) {
            attempt_end(attempt, connect_refused(code));
            return false;
        }
        attempt->connected = true;
    }
    enum handshake_state state = rpi_handshake_step(&attempt->handshake, attempt->file);
    if (state == HANDSHAKE_FAILED)
        attempt_end(attempt, attempt->handshake.refuted);
    return state == HANDSHAKE_DONE;
}

/* Starts the next attempt that is due, if any. */
static void attempts_begin_next(struct attempt *attempts, const struct connecting *connecting,
                                double now)
{
    for (int i = 0; i < connecting->count; i++) {
        struct attempt *attempt = &attempts[i];
        if (attempt->file < 0 && !attempt->hopeless && now >= attempt->not_before) {
            attempt_begin(attempt, connecting, i);
            return;
        }
    }
}

static bool attempts_left(const struct attempt *attempts, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || !attempts[i].hopeless;
    return any;
}

/* Returns the index of the attempt that found the root, or -1. */
static int attempts_poll(struct attempt *attempts, int count)
{
    const int milliseconds = 10;
    struct pollfd looks[ADDRESSES];
    int found = -1;
    for (int i = 0; i < count; i++) /* poll() ignores negative files */
        looks[i] = (struct pollfd){.fd = attempts[i].file,
                                   .events = attempts[i].connected ? POLLIN : POLLOUT};
    if (poll(looks, (nfds_t)count, milliseconds) <= 0)
        return -1;
    for (int i = 0; i < count && found < 0; i++) {
        if (looks[i].revents != 0 && attempt_step(&attempts[i]))
            found = i;
    }
    return found;
}

int rpi_tcp_link_connect(const struct connecting *connecting)
{
    struct attempt attempts[ADDRESSES];
    double begun = rpi_clock_seconds(), now = begun;
    int found = -1, count = connecting->count;
    for (int i = 0; i < count; i++)
        attempts[i] = (struct attempt){.file = -1, .not_before = begun + i * next_address};
    while (found < 0 && attempts_left(attempts, count) && now - begun < connecting->most_seconds) {
        attempts_begin_next(attempts, connecting, now);
        found = attempts_poll(attempts, count);
        now = rpi_clock_seconds();
    }
    for (int i = 0; i < count; i++) {
        if (i != found && attempts[i].file >= 0)
            close(attempts[i].file);
    }
    return found >= 0 ? attempts[found].file : -1;
}
