/* Fingerprints: hashes that identify content. Not cryptographic. */
#ifndef RANKPOOL_BASE_HASH_H
#define RANKPOOL_BASE_HASH_H

#include "rankpool.h"

/* Computes the fingerprint of a file's content. Returns RP_OK, or RP_ERR_IO if it cannot be
 * read. */
rp_status rpi_hash_file(const char *path, uint64_t *fingerprint, rp_error *error);

#endif
