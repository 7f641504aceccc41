#include "launch/terminal.h"

#include <fcntl.h>
#include <unistd.h>

/* The group in the foreground by our will, or 0. */
static pid_t lent_to;

/* Our terminal, wherever the standard files lead. */
static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool rpi_terminal_lend(pid_t process)
{
    int terminal = open_terminal();
    if (terminal < 0)
        return true; /* what is not there needs no foreground */
    pid_t group = getpgid(process), foreground = tcgetpgrp(terminal);
    bool ours = foreground == getpgrp() && tcsetpgrp(terminal, group) == 0;
    if (ours)
        lent_to = group;
    close(terminal);
    return ours || foreground == group;
}

void rpi_terminal_take_back(void)
{
    int terminal = lent_to > 0 ? open_terminal() : -1;
    if (terminal < 0)
        return;
    if (tcgetpgrp(terminal) == lent_to)
        tcsetpgrp(terminal, getpgrp());
    close(terminal);
    lent_to = 0;
}
