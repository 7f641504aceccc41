/* A private directory for the files of mpirun and MPI while a job runs: session files, and memory
 * that ranks share. It is removed with the job, even if mpirun and the ranks could not clean up. */
#ifndef RANKPOOL_LAUNCH_SESSION_DIR_H
#define RANKPOOL_LAUNCH_SESSION_DIR_H

enum {
    SESSION_DIR_PATH_SIZE = 256
};

/* Creates the directory in /dev/shm or, if that lacks room, in TMPDIR. Also removes the directories
 * of supervisors that have died: a living one holds a lock. The path is empty on failure. */
void rpi_session_dir_make(char path[SESSION_DIR_PATH_SIZE]);

/* Removes the directory and its contents. The path may be empty. */
void rpi_session_dir_remove(const char *path);

#endif
