/* The temporary files of this process, removed when it ends, also by a signal.
 *
 * While there is one, signals that would end the process have a handler, which removes the files
 * and lets the signal do what it does. Handlers of the program stay, as do others of this library,
 * which call rpi_temporary_files_remove() themselves. What no process can handle (SIGKILL) leaves
 * the files to a supervisor, if there is one: it sees the table. */
#ifndef RANKPOOL_BASE_TEMPORARY_FILES_H
#define RANKPOOL_BASE_TEMPORARY_FILES_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
    TEMPORARY_FILES = 8, /* of a process at a time; more are not removed when it is killed */
    TEMPORARY_NAME_BYTES = 4096 + 32
};

/* Whole paths. All zero: none. */
struct temporary_files {
    struct {
        _Atomic int used; /* 0: the name means nothing */
        char name[TEMPORARY_NAME_BYTES];
    } file[TEMPORARY_FILES];
};

/* Puts the table into memory that another process sees, too. Before any file is there. */
void rpi_temporary_files_share(struct temporary_files *shared);

void rpi_temporary_files_add(const char *name);
void rpi_temporary_files_forget(const char *name);

/* Removes the files of this process, which is about to end. For signal handlers, too; in a process
 * that this one has forked nothing happens. */
void rpi_temporary_files_remove(void);

/* Removes the files of a process that has ended. */
void rpi_temporary_files_remove_of(struct temporary_files *files);

/* Are there any? */
bool rpi_temporary_files_any(const struct temporary_files *files);

/* Is this Open MPI's handler, in its library of such things, which prints a stack and ends the
 * process? Not for signal handlers. */
bool rpi_signal_of_mpi(const struct sigaction *action);

/* Is this our handler, which only stands for the default? */
bool rpi_temporary_files_handler(const struct sigaction *action);

#endif
