/* Files that all ranks write together: a draft that the root makes, and all write into.
 *
 * Beneath is pwrite and not MPI-IO, which does not tell every error; see doc/design.md. */
#ifndef RANKPOOL_POOL_FILE_H
#define RANKPOOL_POOL_FILE_H

#include "base/draft.h"
#include "pool/pool.h"

struct rp_file {
    rp_pool *pool;
    rp_file *next; /* of the pool's; every rank has the same list in the same order */
    int64_t number;
    char *path;         /* as the program named it */
    struct draft draft; /* on the root */
    int descriptor;
    int64_t end;    /* behind the last byte that this rank knows of */
    rp_error error; /* the first of this rank's writes that failed */
};

/* Drops all that are left, unfinished. Local. */
void rpi_files_drop(rp_pool *pool);

#endif
