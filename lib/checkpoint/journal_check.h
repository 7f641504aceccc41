/* The form of a job: what tells it from other jobs, and what an entry of it may look like. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_CHECK_H
#define RANKPOOL_CHECKPOINT_JOURNAL_CHECK_H

#include "rankpool.h"

/* Plain numbers without gaps: forms are compared byte by byte. */
struct job_form {
    int64_t kind; /* of the entries of its items: enum journal_kind */
    int64_t n;
    int64_t in_bytes, out_bytes; /* of an item, or of a result */
    int64_t leaf;
    uint64_t seed;   /* of random numbers */
    uint64_t inputs; /* a fingerprint of the array `in` */
};

/* Can a job of this form have an entry of this kind and length for these items? A checksum says
 * only that an entry is as it was written, not that Rankpool wrote it: whoever uses an entry relies
 * on this check. */
bool rpi_form_admits(const struct job_form *form, uint32_t kind, rp_range items, uint64_t bytes);

#endif
