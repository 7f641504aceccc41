#include "launch/events.h"

#include <stddef.h>
#include <sys/epoll.h>

int rpi_events_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

static bool watch(int events, struct source *source, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = source};
    return epoll_ctl(events, EPOLL_CTL_ADD, source->file, &event) == 0;
}

bool rpi_events_watch_input(int events, struct source *source)
{
    return watch(events, source, EPOLLIN);
}

bool rpi_events_watch_output(int events, struct source *source)
{
    return watch(events, source, EPOLLOUT);
}

void rpi_events_forget(int events, const struct source *source)
{
    epoll_ctl(events, EPOLL_CTL_DEL, source->file, NULL);
}

bool rpi_events_turn(int events, int milliseconds)
{
    struct epoll_event event;
    int happened = epoll_wait(events, &event, 1, milliseconds);
    if (happened < 0)
        return true; /* we were stopped and go on: the caller knows best how long to wait now */
    if (happened == 0)
        return false;
    struct source *source = event.data.ptr;
    source->ready(source->owner);
    return true;
}
