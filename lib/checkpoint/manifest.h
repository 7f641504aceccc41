/* The manifest of a checkpoint directory: names the program that the checkpoint belongs to. A short
 * text file, replaced atomically. */
#ifndef RANKPOOL_CHECKPOINT_MANIFEST_H
#define RANKPOOL_CHECKPOINT_MANIFEST_H

#include "rankpool.h"

struct manifest {
    char program[64];    /* its name */
    uint64_t executable; /* fingerprint of the executable file */
    uint64_t arguments;  /* fingerprint of the arguments, as given by the program */
    bool made;           /* Rankpool created the directory */
};

/* Reads the manifest of a directory. False: it is missing, incomplete or of another version. */
bool rpi_manifest_read(struct manifest *manifest, const char *directory);

/* Writes the manifest, replacing an earlier one. */
rp_status rpi_manifest_write(const struct manifest *manifest, const char *directory,
                             rp_error *error);

void rpi_manifest_remove(const char *directory);

#endif
