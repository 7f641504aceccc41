/* Ranks that died, and the others went on. */
#ifndef RANKPOOL_LAUNCH_LOSSES_H
#define RANKPOOL_LAUNCH_LOSSES_H

/* Zero: none yet. */
struct losses {
    int count;
    int signal;      /* that ended the last of which it is known, or 0 */
    char ranks[128]; /* for people, as far as there is room */
};

/* A rank died, by a signal if that is not 0. */
void rpi_losses_add(struct losses *losses, int rank, int signal_number);

/* Says so in one line on stderr, if there were any. */
void rpi_losses_tell(const struct losses *losses);

#endif
