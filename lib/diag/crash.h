/* Crash reports: what a rank writes to stderr when a signal such as SIGSEGV, or a call of exit(),
 * ends it inside a job: rank, host, item and backtrace.
 *
 * Signal handlers belong to the process, so all pools share one set: the first pool installs it,
 * the last one removes it. The handlers run on an alternate stack and call only what is safe there.
 * Then the earlier action takes effect, a handler (of MPI, of a sanitizer) or the default, so that
 * the process ends as it would have without them, with a core dump if one is due. */
#ifndef RANKPOOL_DIAG_CRASH_H
#define RANKPOOL_DIAG_CRASH_H

#include "rankpool.h"

#include <stddef.h>
#include <stdint.h>

/* Reports crashes of this process from now on, with what this pool was doing. */
void rpi_crash_guard(rp_pool *pool);

/* Undoes it. Does nothing for a pool that is not guarded. */
void rpi_crash_unguard(rp_pool *pool);

/* Text composed and written by a signal handler; its functions are async-signal-safe. Empty if
 * `length` is 0. Text that does not fit is cut off. */
struct crash_text {
    char bytes[1536];
    size_t length;
};

void rpi_crash_text_add(struct crash_text *text, const char *string);
void rpi_crash_text_add_number(struct crash_text *text, int64_t number);
void rpi_crash_text_add_hex(struct crash_text *text, uintptr_t number);

/* Writes the text to stderr. */
void rpi_crash_text_write(const struct crash_text *text);

#endif
