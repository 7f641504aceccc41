/* The checkpoint directory, as the root handles it: creation, locking, ownership. */
#ifndef RANKPOOL_CHECKPOINT_DIRECTORY_H
#define RANKPOOL_CHECKPOINT_DIRECTORY_H

#include "rankpool.h"

struct checkpoint_directory {
    char *path;           /* absolute; owned; NULL: no checkpoint */
    int lock;             /* locked file descriptor; -1: none */
    bool made;            /* created by Rankpool, in this run or an earlier one */
    bool resumes;         /* saved results are to be used */
    bool forced;          /* even those of another program, build or set of arguments */
    double interval;      /* seconds between two writes; 0: chosen by measured cost */
    uint64_t fingerprint; /* of executable and arguments */
};

/* Opens and locks the directory that the config names, or else the environment. Errors: invalid
 * settings, or a directory in use or with other work. If the directory cannot be written, warns on
 * stderr and returns RP_OK. */
rp_status rpi_checkpoint_directory_open(struct checkpoint_directory *directory,
                                        const rp_config *config, rp_error *error);

/* Prints "rankpool: the work is not protected: ..." on stderr. */
void rpi_checkpoint_warn(const char *why);

/* Warns on stderr that this many entries of the journals in the directory were ignored. */
void rpi_checkpoint_warn_refused(const char *directory, int64_t entries);

/* Removes the files of the checkpoint and, if `made`, the directory. */
void rpi_checkpoint_directory_remove(const char *path, bool made);

#endif
