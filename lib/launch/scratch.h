/* A private directory for what mpirun and MPI keep in files while a job runs: session files, and
 * memory that ranks share. It goes when the job goes, even if they could not clean up. */
#ifndef RANKPOOL_LAUNCH_SCRATCH_H
#define RANKPOOL_LAUNCH_SCRATCH_H

enum {
    SCRATCH_PATH_SIZE = 256
};

/* Makes one in /dev/shm or, where that has no room, in TMPDIR, and removes those of our dead: a
 * lock says who lives. An empty path if that is not possible. */
void rpi_scratch_make(char path[SCRATCH_PATH_SIZE]);

/* Removes it with all that is in it. An empty path is fine. */
void rpi_scratch_remove(const char *path);

#endif
