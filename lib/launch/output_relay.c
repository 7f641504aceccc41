#include "launch/output_relay.h"

#include "base/file_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool relay_output_is_ready(int file)
{
    struct pollfd state = {.fd = file, .events = POLLOUT};
    return poll(&state, 1, 0) != 0;
}

static void relay_await_output(struct output_relay *relay)
{
    if (relay->waits_for_output)
        return;
    rpi_event_loop_forget(relay->events, &relay->input);
    rpi_event_loop_watch_output(relay->events, &relay->output);
    relay->waits_for_output = true;
}

static void relay_await_input(struct output_relay *relay)
{
    if (!relay->waits_for_output)
        return;
    rpi_event_loop_forget(relay->events, &relay->output);
    rpi_event_loop_watch_input(relay->events, &relay->input);
    relay->waits_for_output = false;
}

/* Writes the buffered bytes, as many as the output accepts now. */
static void relay_write(void *owner)
{
    struct output_relay *relay = owner;
    while (relay->begin < relay->end && !relay->muted) {
        if (!relay_output_is_ready(relay->output.file)) {
            relay_await_output(relay);
            return;
        }
        ssize_t size = rpi_write_once(relay->output.file, relay->bytes + relay->begin,
                                      relay->end - relay->begin);
        if (size >= 0)
            relay->begin += (size_t)size;
        else if (errno == EPIPE)
            relay->broken = relay->muted = true;
        else if (errno != EINTR && errno != EAGAIN) {
            relay->code = errno;
            relay->muted = true;
        }
    }
    relay_await_input(relay);
}

static void relay_hide_lines(struct output_relay *relay)
{
    relay->bytes[relay->end] = '\0';
    char *found;
    while (relay->hidden != NULL && (found = strstr(relay->bytes, relay->hidden)) != NULL) {
        char *begin = found, *end = strchr(found, '\n');
        while (begin > relay->bytes && begin[-1] != '\n')
            begin--;
        end = end != NULL ? end + 1 : relay->bytes + relay->end;
        size_t behind = (size_t)(relay->bytes + relay->end - end);
        memmove(begin, end, behind + 1);
        relay->end = (size_t)(begin - relay->bytes) + behind;
    }
}

static void relay_read(void *owner)
{
    struct output_relay *relay = owner;
    ssize_t size = read(relay->input.file, relay->bytes, sizeof relay->bytes - 1);
    if (size <= 0) {
        rpi_event_loop_forget(relay->events, &relay->input);
        return;
    }
    relay->begin = 0;
    relay->end = (size_t)size;
    relay_hide_lines(relay);
    relay_write(relay);
}

void rpi_output_relay_start(struct output_relay *relay, int events, int input, int output,
                            const char *hidden)
{
    *relay = (struct output_relay){
        .events = events,
        .input = {.file = input, .ready = relay_read, .owner = relay},
        .output = {.file = output, .ready = relay_write, .owner = relay},
        .hidden = hidden,
    };
    rpi_event_loop_watch_input(events, &relay->input);
}

void rpi_output_relay_mute(struct output_relay *relay)
{
    relay->muted = true;
    relay_await_input(relay);
}
