#include "checkpoint/journal_check.h"

#include "checkpoint/journal_format.h"

/* Results of a map: contiguous. */
static bool form_admits_results(const struct job_form *form, int64_t items, uint64_t bytes)
{
    uint64_t expected;
    return form->out_bytes >= 0 &&
           !__builtin_mul_overflow((uint64_t)items, (uint64_t)form->out_bytes, &expected) &&
           bytes == expected;
}

/* A node of the reduction tree: 2^k leaves from a multiple of 2^k on. The last leaf of the job may
 * have fewer items than the others. */
static bool form_admits_node(const struct job_form *form, rp_range items)
{
    int64_t leaf = form->leaf;
    if (leaf < 1 || items.begin % leaf != 0 || (items.end % leaf != 0 && items.end != form->n))
        return false;
    int64_t leaves = (items.end - items.begin) / leaf + ((items.end - items.begin) % leaf != 0);
    return (leaves & (leaves - 1)) == 0 && items.begin / leaf % leaves == 0;
}

bool rpi_form_admits(const struct job_form *form, uint32_t kind, rp_range items, uint64_t bytes)
{
    bool unbounded = kind == JOURNAL_RESULT; /* the length of a stream is unknown */
    if (kind != form->kind || items.begin < 0 || items.begin >= items.end ||
        (!unbounded && items.end > form->n))
        return false;
    switch (kind) {
    case JOURNAL_ITEMS:
        return form_admits_results(form, items.end - items.begin, bytes);
    case JOURNAL_LEAVES:
        return form->out_bytes >= 0 && bytes == (uint64_t)form->out_bytes &&
               form_admits_node(form, items);
    default:
        return kind == JOURNAL_RANGE || kind == JOURNAL_RESULT;
    }
}
