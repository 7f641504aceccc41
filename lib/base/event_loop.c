#include "base/event_loop.h"

#include <stddef.h>
#include <sys/epoll.h>

int rpi_event_loop_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

static bool event_loop_add(int events, struct event_source *source, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = source};
    return epoll_ctl(events, EPOLL_CTL_ADD, source->file, &event) == 0;
}

bool rpi_event_loop_watch_input(int events, struct event_source *source)
{
    return event_loop_add(events, source, EPOLLIN);
}

bool rpi_event_loop_watch_output(int events, struct event_source *source)
{
    return event_loop_add(events, source, EPOLLOUT);
}

void rpi_event_loop_forget(int events, const struct event_source *source)
{
    epoll_ctl(events, EPOLL_CTL_DEL, source->file, NULL);
}

bool rpi_event_loop_turn(int events, int milliseconds)
{
    struct epoll_event event;
    int happened = epoll_wait(events, &event, 1, milliseconds);
    if (happened < 0)
        return true; /* interrupted by a signal: the caller decides how long to wait now */
    if (happened == 0)
        return false;
    struct event_source *source = event.data.ptr;
    source->ready(source->owner);
    return true;
}
