#include "comm/vote_summary.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool statements_agree(const struct statement *a, const struct statement *b)
{
    return a->vote.call == b->vote.call &&
           memcmp(a->vote.terms, b->vote.terms, sizeof a->vote.terms) == 0;
}

static void statement_keep_lowest(struct statement *saved, const struct statement *candidate)
{
    if (candidate->rank >= 0 && (saved->rank < 0 || candidate->rank < saved->rank))
        *saved = *candidate;
}

/* An error about the whole call precedes errors about items, and a lower item a higher one. The
 * order is total, so the worst error does not depend on the order of comparisons. */
static void statement_keep_worst(struct statement *saved, const struct statement *candidate)
{
    int64_t saved_item = saved->rank >= 0 ? saved->vote.error.item : INT64_MAX;
    int64_t item = candidate->rank >= 0 ? candidate->vote.error.item : INT64_MAX;
    if (item == saved_item)
        statement_keep_lowest(saved, candidate);
    else if (item < saved_item)
        *saved = *candidate;
}

static bool statement_other_call(const struct statement *a, const struct statement *b)
{
    return a->rank >= 0 && a->vote.call != b->vote.call;
}

/* Keeps the statement that differs most from `reference`: another call before another term, then
 * the lowest rank. */
static void statement_keep_most_different(struct statement *saved,
                                          const struct statement *candidate,
                                          const struct statement *reference)
{
    if (candidate->rank < 0 || statements_agree(candidate, reference))
        return;
    bool saved_call = statement_other_call(saved, reference);
    bool candidate_call = statement_other_call(candidate, reference);
    if (saved->rank < 0 || saved_call == candidate_call)
        statement_keep_lowest(saved, candidate);
    else if (candidate_call)
        *saved = *candidate;
}

struct summary rpi_summary_begin(void)
{
    return (struct summary){.first.rank = -1, .different.rank = -1, .failed.rank = -1};
}

void rpi_summary_add(struct summary *summary, const struct statement *statement)
{
    statement_keep_lowest(&summary->first, statement);
    statement_keep_most_different(&summary->different, statement, &summary->first);
    if (statement->vote.error.status != RP_OK)
        statement_keep_worst(&summary->failed, statement);
}

void rpi_summary_sign(struct summary *summary)
{
    rpi_error_host(&summary->first.vote.error);
    rpi_error_host(&summary->different.vote.error);
}

/* The fields of an empty statement may have any value. */
static bool statement_valid(const struct statement *statement)
{
    const struct vote *vote = &statement->vote;
    unsigned char cut_off;
    memcpy(&cut_off, &vote->cut_off, 1);
    return statement->rank == -1 ||
           (statement->rank >= 0 && (unsigned)vote->call < CALLS && cut_off <= 1 &&
            rpi_error_valid(&vote->error) && vote->error.item >= -1);
}

bool rpi_summary_valid(const struct summary *summary)
{
    const struct statement *failed = &summary->failed;
    return statement_valid(&summary->first) && statement_valid(&summary->different) &&
           statement_valid(failed) && (failed->rank < 0 || failed->vote.error.status != RP_OK);
}

void rpi_summary_join(struct summary *known, const struct summary *other)
{
    struct summary both = {.first = known->first, .different.rank = -1, .failed = known->failed};
    statement_keep_lowest(&both.first, &other->first);
    statement_keep_most_different(&both.different, &known->first, &both.first);
    statement_keep_most_different(&both.different, &known->different, &both.first);
    statement_keep_most_different(&both.different, &other->first, &both.first);
    statement_keep_most_different(&both.different, &other->different, &both.first);
    statement_keep_worst(&both.failed, &other->failed);
    *known = both;
}

static void statement_describe(const struct statement *statement, int term, char *text, size_t size)
{
    const struct vote *vote = &statement->vote;
    int length =
        snprintf(text, size, "rank %d called %s", statement->rank, rpi_call_name(vote->call));
    if (term >= 0)
        snprintf(text + length, size - (size_t)length, " with %s = %" PRId64,
                 rpi_call_term(vote->call, term), vote->terms[term]);
}

static int vote_differing_term(const struct vote *a, const struct vote *b)
{
    int term = 0;
    while (term < VOTE_TERMS - 1 && a->terms[term] == b->terms[term])
        term++;
    return term;
}

static struct decision decision_mismatch(const struct statement *first,
                                         const struct statement *different)
{
    bool out_of_step = statement_other_call(different, first);
    int term = out_of_step ? -1 : vote_differing_term(&first->vote, &different->vote);
    char one[128], other[128];
    statement_describe(first, term, one, sizeof one);
    statement_describe(different, term, other, sizeof other);
    struct decision decision = {.out_of_step = out_of_step};
    rpi_error_set(&decision.error, RP_ERR_MISMATCH, "%s, but %s", one, other);
    decision.error.rank = different->rank;
    memcpy(decision.error.host, different->vote.error.host, sizeof decision.error.host);
    return decision;
}

struct decision rpi_summary_judge(const struct summary *all)
{
    const struct statement *different = &all->different, *failed = &all->failed;
    if (statement_other_call(different, &all->first) || (different->rank >= 0 && failed->rank < 0))
        return decision_mismatch(&all->first, different);
    struct decision decision = {.error = failed->vote.error};
    if (failed->rank < 0)
        rpi_error_clear(&decision.error);
    else if (decision.error.rank < 0)
        decision.error.rank = failed->rank;
    return decision;
}
