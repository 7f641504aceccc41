/* The processes of the job: queries of /proc, ranks that lost their mpirun, and the foreground of
 * the terminal. */
#ifndef RANKPOOL_LAUNCH_PROCESSES_H
#define RANKPOOL_LAUNCH_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

/* ---- queries of /proc ------------------------------------------------------------------------ */

enum {
    MOST_CHILDREN = 4096
};

/* The children of a process, up to MOST_CHILDREN. Returns their number, or -1 if the kernel does
 * not list them. */
int rpi_children_of(pid_t parent, pid_t children[MOST_CHILDREN]);

/* The number of context switches of a process's first thread, or -1 if it is not asleep now. While
 * the number stays the same, that thread has done nothing. */
long rpi_process_sleep(pid_t process);

/* Has the process ended, even if its parent has not waited for it yet? */
bool rpi_process_has_ended(pid_t process);

/* The parent of the process, or -1. */
pid_t rpi_process_parent(pid_t process);

/* The wait status, as from waitpid(); 0 also for a living process; -1: no such process. */
int rpi_process_wait_status(pid_t process);

/* Has the process waited for a child that ended? */
bool rpi_process_has_lost_child(pid_t process);

/* Was the process started with this environment variable and value? 1: yes; 0: no; -1: its
 * environment is empty, as that of a process about to end. */
int rpi_process_has_variable(pid_t process, const char *name, const char *value);

/* ---- orphans --------------------------------------------------------------------------------- */

/* Orphans are ranks whose mpirun is gone. They become children of the supervisor, which can then
 * end them even if they have not registered yet. Children that the user started in this process
 * before are neither ended nor waited for. */

/* Starts or stops adopting descendants whose own parent has died (PR_SET_CHILD_SUBREAPER). */
void rpi_orphans_adopt(bool adopt);

/* Reaps children that have ended, except those that existed before. */
void rpi_orphans_reap(void);

/* Kills the children whose environment holds this control socket's name, which are mpirun's
 * descendants, and waits until they are gone. */
void rpi_orphans_end(const char *channel_name);

/* ---- the foreground of the terminal ---------------------------------------------------------- */

/* The shell has put the supervisor into the foreground; mpirun puts every rank into its own process
 * group, which may write to the terminal but not read it. So the supervisor lends the foreground to
 * rank 0 when that wants to read. */

/* Lends the foreground to a process and its group. False if we are in the background. */
bool rpi_terminal_lend(pid_t process);

/* Takes the foreground back from the group that has it on loan. */
void rpi_terminal_take_back(void);

#endif
