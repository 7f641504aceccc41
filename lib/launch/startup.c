#include "launch/job.h"

#include "base/clock.h"
#include "launch/processes.h"

/* Seconds between polls, and for how long mpirun must be idle: once ranks have started, once a
 * child has ended, and otherwise, since at its start it may wait for a name server or a file
 * server. */
static const double poll_seconds = 0.1, idle_seconds = 1, longest_poll_seconds = 1;
static const double failure_seconds = 3, childless_seconds = 8, patient_seconds = 30;

/* For how many seconds has mpirun been idle? */
static double startup_idle_seconds(struct startup *startup)
{
    double now = rpi_clock_seconds();
    if (now - startup->polled < poll_seconds)
        return startup->polled - startup->since;
    long sleep = rpi_process_sleep(startup->mpirun);
    /* After a long time without a poll this process, too, has waited for the machine. */
    if (sleep < 0 || sleep != startup->sleep || startup->since == 0 ||
        now - startup->polled > longest_poll_seconds)
        startup->since = now;
    startup->sleep = sleep;
    startup->polled = now;
    return now - startup->since;
}

/* Are all living children of mpirun registered ranks? */
static bool startup_knows_all(const struct startup *startup, const struct rank_table *rank_table)
{
    static pid_t children[MOST_CHILDREN];
    int count = rpi_children_of(startup->mpirun, children);
    bool known = count >= 0 && count < MOST_CHILDREN;
    for (int i = 0; i < count && known; i++)
        known = rpi_rank_table_knows(rank_table, children[i]) || rpi_process_has_ended(children[i]);
    return known;
}

bool rpi_startup_has_failed(struct startup *startup, const struct rank_table *rank_table,
                            bool complained)
{
    if (startup->started >= startup->ranks || startup->blind)
        return false;
    double enough = startup->started > 0 || complained            ? failure_seconds
                    : rpi_process_has_lost_child(startup->mpirun) ? childless_seconds
                                                                  : patient_seconds;
    if (startup_idle_seconds(startup) < enough)
        return false;
    if (startup_knows_all(startup, rank_table))
        return true;
    startup->since = startup->polled; /* a child has yet to register */
    return false;
}

bool rpi_startup_mpirun_rests(struct startup *startup)
{
    return startup_idle_seconds(startup) >= idle_seconds;
}
