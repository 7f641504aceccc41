/* The form of a job: what distinguishes it from other jobs, and which journal entries it can
 * have. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_CHECK_H
#define RANKPOOL_CHECKPOINT_JOURNAL_CHECK_H

#include "rankpool.h"

/* Stored in journals and compared byte by byte, so it has no padding and no pointers. */
struct job_form {
    int64_t kind; /* of the entries of its items: enum journal_kind */
    int64_t n;
    int64_t in_bytes, out_bytes; /* size of an input item, of a result */
    int64_t leaf;                /* items per leaf of a reduction */
    uint64_t seed;               /* of random numbers */
    uint64_t inputs;             /* fingerprint of the array `in` */
};

/* Can a job of this form have an entry of this kind and payload size for these items? A valid
 * checksum does not prove that Rankpool wrote an entry, so all code that uses payloads relies on
 * this check. */
bool rpi_form_admits(const struct job_form *form, uint32_t kind, rp_range items, uint64_t bytes);

#endif
