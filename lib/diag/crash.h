/* Crashes: what a rank says on stderr before it goes, when a signal such as SIGSEGV or a call of
 * exit() ends it inside a job: which item, on which rank and host, and the way there.
 *
 * Handlers are a process's own, so all pools that ask for them share one set: the first installs
 * it, the last takes it away. They run on a stack of their own, call only what may be called
 * there, and hand over to whoever handled the signal before: another handler (of MPI, of a
 * sanitizer) or the system, so that the process ends as it would have, with its core dump if there
 * is to be one. */
#ifndef RANKPOOL_DIAG_CRASH_H
#define RANKPOOL_DIAG_CRASH_H

#include "rankpool.h"

/* From now on crashes of this process are told, with what this pool was doing. */
void rpi_crash_guard(rp_pool *pool);

/* No longer. For a pool that is not guarded nothing happens. */
void rpi_crash_unguard(rp_pool *pool);

#endif
