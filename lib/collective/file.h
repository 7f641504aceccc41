/* Files that all ranks write together. The root creates a temporary file, and all ranks write into
 * it.
 *
 * The files use pwrite() and not MPI-IO, which does not report every error; see doc/design.md. */
#ifndef RANKPOOL_COLLECTIVE_FILE_H
#define RANKPOOL_COLLECTIVE_FILE_H

#include "base/atomic_file.h"
#include "pool/pool.h"

struct rp_file {
    rp_pool *pool;
    rp_file *next; /* in the pool's list, which has the same order on every rank */
    int64_t number;
    char *path;                     /* as given by the program */
    struct atomic_file atomic_file; /* on the root */
    int descriptor;
    int64_t end;    /* offset after the last byte that this rank knows of */
    rp_error error; /* of this rank's first failed write */
};

/* Drops all files that are still open, unfinished. Local. */
void rpi_files_drop(rp_pool *pool);

#endif
