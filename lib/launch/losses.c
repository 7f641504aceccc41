#include "launch/losses.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void rpi_losses_add(struct losses *losses, int rank, int signal_number)
{
    size_t length = strlen(losses->ranks), room = sizeof losses->ranks - length;
    snprintf(losses->ranks + length, room, "%s%d", losses->count > 0 ? ", " : "", rank);
    losses->count++;
    if (signal_number != 0)
        losses->signal = signal_number;
}

void rpi_losses_tell(const struct losses *losses)
{
    if (losses->count == 0)
        return;
    fprintf(stderr, "%s: rank%s %s died", program_invocation_short_name,
            losses->count > 1 ? "s" : "", losses->ranks);
    if (losses->signal != 0)
        fprintf(stderr, " by signal %d (%s)", losses->signal, strsignal(losses->signal));
    fprintf(stderr, "; the others went on\n");
}
