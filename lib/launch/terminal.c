#include "launch/terminal.h"

#include <unistd.h>

/* The group in the foreground by our will, or 0. */
static pid_t lent_to;

bool rpi_terminal_lend(pid_t process)
{
    pid_t group = getpgid(process), foreground = tcgetpgrp(STDIN_FILENO);
    if (foreground == group)
        return true;
    if (foreground != getpgrp() || tcsetpgrp(STDIN_FILENO, group) != 0)
        return false;
    lent_to = group;
    return true;
}

void rpi_terminal_take_back(void)
{
    if (lent_to > 0 && tcgetpgrp(STDIN_FILENO) == lent_to)
        tcsetpgrp(STDIN_FILENO, getpgrp());
    lent_to = 0;
}
