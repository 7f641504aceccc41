/* Finalises MPI where ranks may die. */
#ifndef RANKPOOL_API_FINALIZE_H
#define RANKPOOL_API_FINALIZE_H

#include "comm/liveness.h"

/* Calls MPI_Finalize(), which waits for all ranks. False if a rank that we monitor died meanwhile
 * and the call does not return: then a thread stays in it, MPI must not be used any more, and the
 * process should end without the exit handlers of libraries. */
bool rpi_finalize(struct liveness *liveness);

#endif
