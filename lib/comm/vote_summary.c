#include "comm/vote_summary.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool statements_agree(const struct statement *a, const struct statement *b)
{
    return a->call == b->call &&
           memcmp(a->terms, b->terms, (size_t)rpi_call_terms(a->call) * sizeof *a->terms) == 0;
}

static void statement_keep_lowest(struct statement *saved, const struct statement *candidate)
{
    if (candidate->rank >= 0 && (saved->rank < 0 || candidate->rank < saved->rank))
        *saved = *candidate;
}

static bool statement_other_call(const struct statement *a, const struct statement *b)
{
    return a->rank >= 0 && a->call != b->call;
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

/* An error about the whole call precedes errors about items, and a lower item a higher one. The
 * order is total, so the worst error does not depend on the order of comparisons. */
static void summary_keep_worst(struct summary *summary, int rank, const rp_error *error)
{
    int64_t worst = summary->failed >= 0 ? summary->error.item : INT64_MAX;
    if (summary->failed >= 0 &&
        (error->item > worst || (error->item == worst && rank >= summary->failed)))
        return;
    summary->failed = rank;
    summary->error = *error;
}

void rpi_summary_begin(struct summary *summary)
{
    summary->first.rank = summary->different.rank = summary->failed = -1;
    summary->complete = false;
}

static bool statements_data_alike(const struct statement *a, const struct statement *b)
{
    return a->data_bytes == b->data_bytes && a->data_rank == b->data_rank;
}

void rpi_summary_add(struct summary *summary, const struct statement *statement,
                     const rp_error *error)
{
    if (summary->first.rank < 0) {
        summary->first = *statement;
        summary->complete = statement->data_bytes > 0;
    } else {
        summary->complete = summary->complete && statements_data_alike(statement, &summary->first);
        statement_keep_most_different(&summary->different, statement, &summary->first);
    }
    if (error != NULL)
        summary_keep_worst(summary, statement->rank, error);
}

/* The fields of an empty statement may have any value. */
static bool statement_valid(const struct statement *statement)
{
    return statement->rank == -1 ||
           (statement->rank >= 0 && (unsigned)statement->call < CALLS &&
            statement->data_bytes >= 0 && statement->data_bytes <= VOTE_DATA_BYTES &&
            memchr(statement->host, '\0', sizeof statement->host) != NULL);
}

bool rpi_summary_valid(const struct summary *summary)
{
    unsigned char complete;
    memcpy(&complete, &summary->complete, 1);
    return statement_valid(&summary->first) && statement_valid(&summary->different) &&
           complete <= 1 && summary->failed >= -1 && rpi_error_valid(&summary->error) &&
           (summary->failed < 0 || (summary->error.status != RP_OK && summary->error.item >= -1));
}

void rpi_summary_join(struct summary *known, const struct summary *other)
{
    struct statement first = known->first, different = {.rank = -1};
    statement_keep_lowest(&first, &other->first);
    statement_keep_most_different(&different, &known->first, &first);
    statement_keep_most_different(&different, &known->different, &first);
    statement_keep_most_different(&different, &other->first, &first);
    statement_keep_most_different(&different, &other->different, &first);
    known->complete = known->complete && other->complete && rpi_summary_data_alike(known, other);
    known->first = first;
    known->different = different;
    if (other->failed >= 0)
        summary_keep_worst(known, other->failed, &other->error);
}

bool rpi_summary_has_data(const struct summary *summary)
{
    return summary->complete && summary->failed < 0 && summary->different.rank < 0;
}

bool rpi_summary_data_alike(const struct summary *one, const struct summary *other)
{
    return statements_data_alike(&one->first, &other->first);
}

static void statement_describe(const struct statement *statement, int term, char *text, size_t size)
{
    enum call call = statement->call;
    int length = snprintf(text, size, "rank %d called %s", statement->rank, rpi_call_name(call));
    if (term >= 0)
        snprintf(text + length, size - (size_t)length, " with %s = %" PRId64,
                 rpi_call_term(call, term), statement->terms[term]);
}

static int statements_differing_term(const struct statement *a, const struct statement *b)
{
    int term = 0, last = rpi_call_terms(a->call) - 1;
    while (term < last && a->terms[term] == b->terms[term])
        term++;
    return term;
}

static void decision_mismatch(struct decision *decision, const struct statement *first,
                              const struct statement *different)
{
    decision->out_of_step = statement_other_call(different, first);
    int term = decision->out_of_step ? -1 : statements_differing_term(first, different);
    char one[128], other[128];
    statement_describe(first, term, one, sizeof one);
    statement_describe(different, term, other, sizeof other);
    rpi_error_set(&decision->error, RP_ERR_MISMATCH, "%s, but %s", one, other);
    decision->error.rank = different->rank;
    memcpy(decision->error.host, different->host, sizeof decision->error.host);
}

void rpi_summary_judge(const struct summary *all, struct decision *decision)
{
    const struct statement *first = &all->first, *different = &all->different;
    decision->out_of_step = decision->cut_off = false;
    decision->lost = 0;
    decision->complete = rpi_summary_has_data(all);
    decision->error.status = RP_OK;
    if (statement_other_call(different, first) || (different->rank >= 0 && all->failed < 0)) {
        decision_mismatch(decision, first, different);
    } else if (all->failed >= 0) {
        decision->error = all->error;
        if (decision->error.rank < 0)
            decision->error.rank = all->failed;
    }
}
