/* Detects that ranks failed to start. A rank registers before its main() begins. One that cannot be
 * executed, or ends earlier, sends nothing, and an mpirun that lets ranks live when one has died
 * may then wait for ever with the others. So the supervisor polls: when mpirun is idle and all its
 * children are registered, no other rank will start. */
#ifndef RANKPOOL_LAUNCH_STARTUP_H
#define RANKPOOL_LAUNCH_STARTUP_H

#include "launch/rank_table.h"

struct startup {
    pid_t mpirun;
    int ranks, started; /* expected, and registered so far */
    bool blind;         /* not every rank could register */
    long sleep;         /* mpirun's context switches at the last poll */
    double since;       /* since when the count has not changed */
    double polled;      /* time of the last poll */
};

/* Polls at most every 0.1 s. True if not all ranks have started and no other will. `complained`:
 * mpirun has written to stderr. */
bool rpi_startup_has_failed(struct startup *startup, const struct rank_table *rank_table,
                            bool complained);

/* Has mpirun been idle for a second? */
bool rpi_startup_mpirun_rests(struct startup *startup);

#endif
