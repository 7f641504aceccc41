#include "comm/tcp_connect.h"

#include "base/clock.h"
#include "comm/tcp_accept.h"

#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* Seconds until the next address is tried as well, and until an address that closed the connection
 * is tried again: the root does that when too many callers connect at once. */
static const double next_address = 0.05, call_again = 0.1;

/* Seconds for which a rank tries at least: a busy machine needs some, however short the user's
 * timeout for silent nodes is. */
static const double least_seconds = 10;

void rpi_tcp_set_timeouts(int file, double silence)
{
    int on = 1, probes = 4, third = (int)(silence / 3) > 1 ? (int)(silence / 3) : 1;
    int between = third / probes > 1 ? third / probes : 1;
    unsigned all = (unsigned)(1e3 * silence);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &third, sizeof third);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
    setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(file, IPPROTO_TCP, TCP_USER_TIMEOUT, &all, sizeof all);
}

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
    rpi_tcp_set_timeouts(attempt->file, connecting->silence);
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

/* One address has proved to be the root's. If the root completed two handshakes, it would take one
 * link and refuse the other, and the caller might keep the wrong one. */
static void attempts_end_others(struct attempt *attempts, int count, int proven)
{
    for (int i = 0; i < count; i++) {
        if (i == proven)
            continue;
        if (attempts[i].file >= 0)
            attempt_end(&attempts[i], true);
        attempts[i].hopeless = true;
    }
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
        if (looks[i].revents == 0 || attempts[i].file < 0)
            continue;
        if (attempt_step(&attempts[i]))
            found = i;
        if (attempts[i].handshake.answered)
            attempts_end_others(attempts, count, i);
    }
    return found;
}

int rpi_tcp_link_connect(struct connecting *connecting, const _Atomic bool *over)
{
    struct attempt attempts[ADDRESSES];
    double begun = rpi_clock_seconds(), now = begun,
           most = fmax(connecting->silence, least_seconds);
    int found = -1, count = connecting->count;
    for (int i = 0; i < count; i++)
        attempts[i] = (struct attempt){.file = -1, .not_before = begun + i * next_address};
    while (found < 0 && attempts_left(attempts, count) && now - begun < most &&
           !atomic_load_explicit(over, memory_order_acquire)) {
        attempts_begin_next(attempts, connecting, now);
        found = attempts_poll(attempts, count);
        now = rpi_clock_seconds();
        if (connecting->succeeds && attempts[0].connected)
            begun = now;
    }
    for (int i = 0; i < count; i++) {
        if (i != found && attempts[i].file >= 0)
            close(attempts[i].file);
    }
    if (found < 0)
        return -1;
    connecting->addresses[0] = connecting->addresses[found];
    connecting->count = 1;
    return attempts[found].file;
}
