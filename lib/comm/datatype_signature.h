/* Signature of a datatype: its basic types in order, ignoring gaps. Ranks may exchange data between
 * different datatypes with equal signatures. */
#ifndef RANKPOOL_COMM_DATATYPE_SIGNATURE_H
#define RANKPOOL_COMM_DATATYPE_SIGNATURE_H

#include "rankpool.h"

/* Computes a hash of the signature of a valid type: equal for equal signatures, on every rank.
 * Local. */
rp_status rpi_signature(MPI_Datatype type, uint64_t *signature, rp_error *error);

#endif
