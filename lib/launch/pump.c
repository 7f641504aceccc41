#include "launch/pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool takes_bytes(int file)
{
    struct pollfd state = {.fd = file, .events = POLLOUT};
    return poll(&state, 1, 0) != 0;
}

static void await_output(struct pump *pump)
{
    if (pump->waits_for_output)
        return;
    rpi_events_forget(pump->events, &pump->input);
    rpi_events_watch_output(pump->events, &pump->output);
    pump->waits_for_output = true;
}

static void await_input(struct pump *pump)
{
    if (!pump->waits_for_output)
        return;
    rpi_events_forget(pump->events, &pump->output);
    rpi_events_watch_input(pump->events, &pump->input);
    pump->waits_for_output = false;
}

/* Writes what is there, as far as the output takes it now. */
static void write_on(void *owner)
{
    struct pump *pump = owner;
    while (pump->begin < pump->end && !pump->muted) {
        if (!takes_bytes(pump->output.file)) {
            await_output(pump);
            return;
        }
        ssize_t size = write(pump->output.file, pump->bytes + pump->begin, pump->end - pump->begin);
        if (size >= 0)
            pump->begin += (size_t)size;
        else if (errno == EPIPE)
            pump->broken = pump->muted = true;
        else if (errno != EINTR && errno != EAGAIN)
            pump->muted = true;
    }
    await_input(pump);
}

static void hide_lines(struct pump *pump)
{
    pump->bytes[pump->end] = '\0';
    char *found;
    while (pump->hidden != NULL && (found = strstr(pump->bytes, pump->hidden)) != NULL) {
        char *begin = found, *end = strchr(found, '\n');
        while (begin > pump->bytes && begin[-1] != '\n')
            begin--;
        end = end != NULL ? end + 1 : pump->bytes + pump->end;
        size_t behind = (size_t)(pump->bytes + pump->end - end);
        memmove(begin, end, behind + 1);
        pump->end = (size_t)(begin - pump->bytes) + behind;
    }
}

static void read_on(void *owner)
{
    struct pump *pump = owner;
    ssize_t size = read(pump->input.file, pump->bytes, sizeof pump->bytes - 1);
    if (size <= 0) {
        rpi_events_forget(pump->events, &pump->input);
        return;
    }
    pump->begin = 0;
    pump->end = (size_t)size;
    hide_lines(pump);
    write_on(pump);
}

void rpi_pump_start(struct pump *pump, int events, int input, int output)
{
    pump->events = events;
    pump->input = (struct source){.file = input, .ready = read_on, .owner = pump};
    pump->output = (struct source){.file = output, .ready = write_on, .owner = pump};
    pump->waits_for_output = pump->broken = pump->muted = false;
    pump->hidden = NULL;
    pump->begin = pump->end = 0;
    rpi_events_watch_input(events, &pump->input);
}

void rpi_pump_hide(struct pump *pump, const char *text)
{
    pump->hidden = text;
}

void rpi_pump_mute(struct pump *pump)
{
    pump->muted = true;
    await_input(pump);
}

void rpi_pump_stop(struct pump *pump)
{
    if (pump->waits_for_output)
        rpi_events_forget(pump->events, &pump->output);
    close(pump->input.file);
}
