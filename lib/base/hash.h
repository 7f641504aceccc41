/* Fingerprints: numbers by which bytes are told from others. Not for secrets. */
#ifndef RANKPOOL_BASE_HASH_H
#define RANKPOOL_BASE_HASH_H

#include "rankpool.h"

/* The fingerprint of a file's content. RP_ERR_IO: it cannot be read. */
rp_status rpi_hash_file(const char *path, uint64_t *fingerprint, rp_error *error);

#endif
