/* The temporary files of this process, removed when it ends, even by a signal.
 *
 * While there is one, the signals that end the process by default have a handler, which removes the
 * files and then lets the signal take effect. Handlers of the program stay installed, as do other
 * handlers of this library, which call rpi_temporary_files_remove() themselves. After SIGKILL a
 * supervisor, if there is one, removes the files that are in the table. */
#ifndef RANKPOOL_BASE_TEMPORARY_FILES_H
#define RANKPOOL_BASE_TEMPORARY_FILES_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
    TEMPORARY_FILES = 8, /* at a time; further ones are not removed when the process is killed */
    TEMPORARY_NAME_BYTES = 4096 + 32
};

/* Absolute paths. All zero: none. */
struct temporary_files {
    struct {
        _Atomic int used; /* 0: the name is invalid */
        char name[TEMPORARY_NAME_BYTES];
    } file[TEMPORARY_FILES];
};

/* Keeps the table in memory shared with another process. Call before adding the first file. */
void rpi_temporary_files_share(struct temporary_files *shared);

void rpi_temporary_files_add(const char *name);
void rpi_temporary_files_forget(const char *name);

/* Removes the files of this process, which is about to end. Async-signal-safe; does nothing in a
 * forked child. */
void rpi_temporary_files_remove(void);

/* Removes the files of a process that has ended. */
void rpi_temporary_files_remove_of(struct temporary_files *files);

/* Are there any? */
bool rpi_temporary_files_any(const struct temporary_files *files);

/* Is this Open MPI's handler, which prints a stack trace and ends the process? Not
 * async-signal-safe. */
bool rpi_is_mpi_handler(const struct sigaction *action);

/* Is this the handler of temporary_files.c? It replaces only default actions. */
bool rpi_is_temporary_files_handler(const struct sigaction *action);

#endif
