#include "world/summary.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool agree(const struct statement *a, const struct statement *b)
{
    return a->ballot.call == b->ballot.call &&
           memcmp(a->ballot.terms, b->ballot.terms, sizeof a->ballot.terms) == 0;
}

static void keep_lowest(struct statement *kept, const struct statement *candidate)
{
    if (candidate->rank >= 0 && (kept->rank < 0 || candidate->rank < kept->rank))
        *kept = *candidate;
}

/* What concerns the whole call comes before what concerns an item, the lowest item before others.
 * The order is total, so that the worst of all is the same in whatever order they are compared. */
static void keep_worst(struct statement *kept, const struct statement *candidate)
{
    int64_t kept_item = kept->rank >= 0 ? kept->ballot.error.item : INT64_MAX;
    int64_t item = candidate->rank >= 0 ? candidate->ballot.error.item : INT64_MAX;
    if (item == kept_item)
        keep_lowest(kept, candidate);
    else if (item < kept_item)
        *kept = *candidate;
}

static bool other_call(const struct statement *a, const struct statement *b)
{
    return a->rank >= 0 && a->ballot.call != b->ballot.call;
}

/* Keeps what differs most from `reference`: another call before another term, then the
 * lowest rank. */
static void keep_most_different(struct statement *kept, const struct statement *candidate,
                                const struct statement *reference)
{
    if (candidate->rank < 0 || agree(candidate, reference))
        return;
    bool kept_call = other_call(kept, reference);
    bool candidate_call = other_call(candidate, reference);
    if (kept->rank < 0 || kept_call == candidate_call)
        keep_lowest(kept, candidate);
    else if (candidate_call)
        *kept = *candidate;
}

struct summary rpi_summary_begin(void)
{
    return (struct summary){.first.rank = -1, .different.rank = -1, .failed.rank = -1};
}

void rpi_summary_add(struct summary *summary, const struct statement *statement)
{
    keep_lowest(&summary->first, statement);
    keep_most_different(&summary->different, statement, &summary->first);
    if (statement->ballot.error.status != RP_OK)
        keep_worst(&summary->failed, statement);
}

void rpi_summary_sign(struct summary *summary)
{
    rpi_error_host(&summary->first.ballot.error);
    rpi_error_host(&summary->different.ballot.error);
}

void rpi_summary_join(struct summary *known, const struct summary *heard)
{
    struct summary both = {.first = known->first, .different.rank = -1, .failed = known->failed};
    keep_lowest(&both.first, &heard->first);
    keep_most_different(&both.different, &known->first, &both.first);
    keep_most_different(&both.different, &known->different, &both.first);
    keep_most_different(&both.different, &heard->first, &both.first);
    keep_most_different(&both.different, &heard->different, &both.first);
    keep_worst(&both.failed, &heard->failed);
    *known = both;
}

static void describe(const struct statement *statement, int term, char *text, size_t size)
{
    const struct ballot *ballot = &statement->ballot;
    int length =
        snprintf(text, size, "rank %d called %s", statement->rank, rpi_call_name(ballot->call));
    if (term >= 0)
        snprintf(text + length, size - (size_t)length, " with %s = %" PRId64,
                 rpi_call_term(ballot->call, term), ballot->terms[term]);
}

static int differing_term(const struct ballot *a, const struct ballot *b)
{
    int term = 0;
    while (term < BALLOT_TERMS - 1 && a->terms[term] == b->terms[term])
        term++;
    return term;
}

static struct verdict mismatch(const struct statement *first, const struct statement *different)
{
    bool lost_step = other_call(different, first);
    int term = lost_step ? -1 : differing_term(&first->ballot, &different->ballot);
    char one[128], other[128];
    describe(first, term, one, sizeof one);
    describe(different, term, other, sizeof other);
    struct verdict verdict = {.lost_step = lost_step};
    rpi_error_set(&verdict.error, RP_ERR_MISMATCH, "%s, but %s", one, other);
    verdict.error.rank = different->rank;
    memcpy(verdict.error.host, different->ballot.error.host, sizeof verdict.error.host);
    return verdict;
}

struct verdict rpi_summary_judge(const struct summary *all)
{
    const struct statement *different = &all->different, *failed = &all->failed;
    if (other_call(different, &all->first) || (different->rank >= 0 && failed->rank < 0))
        return mismatch(&all->first, different);
    struct verdict verdict = {.error = failed->ballot.error};
    if (failed->rank < 0)
        rpi_error_clear(&verdict.error);
    else if (verdict.error.rank < 0)
        verdict.error.rank = failed->rank;
    return verdict;
}
