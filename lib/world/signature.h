/* The signature of a datatype: which basic types it is made of, in which order, whatever its gaps.
 * Two ranks may exchange data between datatypes that differ if their signatures do not. */
#ifndef RANKPOOL_WORLD_SIGNATURE_H
#define RANKPOOL_WORLD_SIGNATURE_H

#include "rankpool.h"

/* A number that stands for the signature of a valid type: equal for equal signatures, and on every
 * rank. Local. */
rp_status rpi_signature(MPI_Datatype type, uint64_t *signature, rp_error *error);

#endif
