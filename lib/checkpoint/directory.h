/* The directory in which work is kept, as the root sees it: made, locked, and whose it is. */
#ifndef RANKPOOL_CHECKPOINT_DIRECTORY_H
#define RANKPOOL_CHECKPOINT_DIRECTORY_H

#include "rankpool.h"

/* What the root finds out, and tells the others. */
struct checkpoint_directory {
    char *path;           /* whole; owned; NULL: no work is kept */
    int lock;             /* open and locked; -1: none */
    bool made;            /* it was made for this, now or in an earlier run */
    bool resumes;         /* what is there is to be used */
    bool forced;          /* whoever kept it */
    double interval;      /* seconds between two writes; 0: as measured */
    uint64_t fingerprint; /* of program and arguments */
};

/* Reads the config, and the environment where that says nothing. An error is one of the user's:
 * nonsense, or a directory that holds other work. Where nothing can be kept there, that is told on
 * stderr; it is no error. */
rp_status rpi_checkpoint_directory_open(struct checkpoint_directory *directory,
                                        const rp_config *config, rp_error *error);

/* "rankpool: the work is not protected: ..." */
void rpi_checkpoint_warn(const char *why);

/* Says on stderr that so many entries of the journals in the directory cannot be used. */
void rpi_checkpoint_warn_refused(const char *directory, int64_t entries);

/* Removes all that saving work has left in the directory, and the directory if it was made for
 * that. */
void rpi_checkpoint_directory_remove(const char *path, bool made);

#endif
