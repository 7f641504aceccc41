/* The supervisor's ranks: those that have registered, which implies that they run on this
 * machine. */
#ifndef RANKPOOL_LAUNCH_RANK_TABLE_H
#define RANKPOOL_LAUNCH_RANK_TABLE_H

#include "base/event_loop.h"
#include "launch/rank_state.h"

#include <sys/types.h>

/* One rank. While its control socket is open the process lives, and its process id is not
 * reused. */
struct member {
    struct event_source source; /* its control socket */
    struct member *next;
    void *supervisor; /* the owner of the table, for the source's event handler */
    pid_t process;
    int rank;                     /* -1 until it registers */
    bool exiting;                 /* it has reported its exit code, and may still write output */
    struct rank_state_page *page; /* or NULL */
};

struct rank_table {
    struct member *first;
    struct departed_page *departed; /* of ranks that are gone but left files */
};

/* Adds a member with this control socket. NULL if out of memory. The caller fills in the rest of
 * its event source. */
struct member *rpi_rank_table_add(struct rank_table *rank_table, int channel, pid_t process);

/* Closes the member's control socket and frees the member. */
void rpi_rank_table_remove(struct rank_table *rank_table, struct member *member);

/* Removes the temporary files that ended ranks could not remove themselves. Call it after all have
 * ended. */
void rpi_rank_table_remove_files(struct rank_table *rank_table);

/* Is there a member with this rank? */
bool rpi_rank_table_has(const struct rank_table *rank_table, int rank);

/* Sends a signal to every registered member. */
void rpi_rank_table_signal(const struct rank_table *rank_table, int signal_number);

/* Kills every member, or only those that are not exiting. */
void rpi_rank_table_end(const struct rank_table *rank_table, bool all);

/* Is a member exiting? */
bool rpi_rank_table_exits(const struct rank_table *rank_table);

/* Does a member that is not exiting use a pool, or wait in one? */
bool rpi_rank_table_waits(const struct rank_table *rank_table);

/* The state of a member. */
enum rank_state rpi_rank_table_state(const struct member *member);

/* Has the rank printed why it aborts the job? */
bool rpi_rank_table_told(const struct member *member);

/* From now on SIGUSR1 stands for this signal. */
void rpi_rank_table_interrupt(const struct rank_table *rank_table, int signal_number);

/* Has this process registered? One that has connected may be about to. */
bool rpi_rank_table_knows(const struct rank_table *rank_table, pid_t process);

#endif
