#include "launch/crew.h"

#include "launch/channel.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct member *rpi_crew_add(struct crew *crew, int channel, pid_t process)
{
    struct member *member = malloc(sizeof *member);
    if (member == NULL)
        return NULL;
    *member = (struct member){
        .source.file = channel, .next = crew->first, .process = process, .rank = -1};
    crew->first = member;
    return member;
}

void rpi_crew_remove(struct crew *crew, struct member *member)
{
    struct member **link = &crew->first;
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    rpi_standing_unmap(member->page);
    close(member->source.file);
    free(member);
}

bool rpi_crew_has(const struct crew *crew, int rank)
{
    for (const struct member *member = crew->first; member != NULL; member = member->next)
        if (member->rank == rank)
            return true;
    return false;
}

void rpi_crew_signal(const struct crew *crew, int signal_number)
{
    for (const struct member *member = crew->first; member != NULL; member = member->next)
        if (member->rank >= 0 && rpi_channel_is_open(member->source.file))
            kill(member->process, signal_number);
}
