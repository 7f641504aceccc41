/* The manifest: whose work a directory keeps. A few lines of text, replaced as a whole. */
#ifndef RANKPOOL_CHECKPOINT_MANIFEST_H
#define RANKPOOL_CHECKPOINT_MANIFEST_H

#include "rankpool.h"

struct manifest {
    char program[64];    /* its name */
    uint64_t executable; /* fingerprint of its file */
    uint64_t arguments;  /* what the program gave as the fingerprint of its arguments */
    bool made;           /* the directory was made for this */
};

/* Reads the manifest of a directory. False: there is none, or it is not whole, or of another
 * version. */
bool rpi_manifest_read(struct manifest *manifest, const char *directory);

/* Puts it in the place of the one before. */
rp_status rpi_manifest_write(const struct manifest *manifest, const char *directory,
                             rp_error *error);

void rpi_manifest_remove(const char *directory);

#endif
