#include "sched/loans.h"

#include <math.h>
#include <stdlib.h>

bool rpi_loans_make(struct loans *loans, int node, int nodes, bool begins)
{
    *loans = (struct loans){.node = node,
                            .nodes = nodes,
                            .peers = calloc((size_t)nodes, sizeof *loans->peers),
                            .random = (uint64_t)node,
                            .engaged = begins,
                            .lender = -1,
                            .served = node};
    return loans->peers != NULL;
}

void rpi_loans_free(struct loans *loans)
{
    free(loans->peers);
    loans->peers = NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t loans_random(struct loans *loans)
{
    uint64_t word = loans->random += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

static int loans_victim(struct loans *loans)
{
    int other = (int)(loans_random(loans) % (uint64_t)(loans->nodes - 1));
    return other + (other >= loans->node);
}

/* The first lifeline that has not been asked; -1: all have. */
static int loans_lifeline(const struct loans *loans)
{
    for (int bit = 1; bit < loans->nodes; bit *= 2) {
        int other = loans->node ^ bit;
        if (other < loans->nodes && loans->peers[other].asked == LOAN_REQUEST_NONE)
            return other;
    }
    return -1;
}

int rpi_loans_ask(struct loans *loans, double now, enum loan_request *request)
{
    if (loans->nodes == 1 || loans->asking > 0 || now < loans->ask_at)
        return -1;
    int other = loans->tries < LOAN_TRIES ? loans_victim(loans) : -1;
    *request = LOAN_REQUEST_NOW;
    if (other >= 0)
        loans->tries++;
    if (other < 0 || loans->peers[other].asked != LOAN_REQUEST_NONE) {
        other = loans_lifeline(loans);
        *request = LOAN_REQUEST_LATER;
    }
    if (other < 0)
        return -1;
    loans->peers[other].asked = *request;
    loans->asking += *request == LOAN_REQUEST_NOW;
    loans->open++;
    return other;
}

void rpi_loans_fed(struct loans *loans, double now)
{
    loans->tries = 0;
    loans->fed = now;
}

/* The node has no items left. */
static void loans_pause(struct loans *loans, double now)
{
    const double worth = 1e-3, longest = 64e-3;
    if (loans->fed == 0)
        return;
    bool short_lived = now - loans->fed < worth;
    loans->backoff = short_lived ? fmin(2 * loans->backoff + worth, longest) : loans->backoff / 4;
    loans->ask_at = now + loans->backoff;
    loans->fed = 0;
}

bool rpi_loans_answered(struct loans *loans, int node)
{
    enum loan_request asked = loans->peers[node].asked;
    if (asked == LOAN_REQUEST_NONE)
        return false;
    loans->peers[node].asked = LOAN_REQUEST_NONE;
    loans->asking -= asked == LOAN_REQUEST_NOW;
    loans->open--;
    return true;
}

/* ---- answering ------------------------------------------------------------------------------- */

bool rpi_loans_wanted(struct loans *loans, int node, enum loan_request request)
{
    if (loans->peers[node].wanted != LOAN_REQUEST_NONE)
        return false;
    loans->peers[node].wanted = request;
    return true;
}

int rpi_loans_next_wanted(const struct loans *loans)
{
    int later = -1;
    for (int i = 1; i <= loans->nodes; i++) {
        int other = (loans->served + i) % loans->nodes;
        if (loans->peers[other].wanted == LOAN_REQUEST_NOW)
            return other;
        if (later < 0 && loans->peers[other].wanted == LOAN_REQUEST_LATER)
            later = other;
    }
    return later;
}

void rpi_loans_answer(struct loans *loans, int node, bool loan)
{
    loans->peers[node].wanted = LOAN_REQUEST_NONE;
    loans->served = node;
    loans->peers[node].lent += loan;
    loans->lent += loan;
}

/* ---- the end --------------------------------------------------------------------------------- */

bool rpi_loans_borrow(struct loans *loans, int node)
{
    bool again = loans->engaged;
    if (!again) {
        loans->engaged = true;
        loans->lender = node;
    }
    return again;
}

bool rpi_loans_returned(struct loans *loans, int node)
{
    if (loans->peers[node].lent == 0)
        return false;
    loans->peers[node].lent--;
    loans->lent--;
    return true;
}

bool rpi_loans_drop(struct loans *loans, int *lender)
{
    bool owes = loans->engaged && loans->lender >= 0;
    *lender = loans->lender;
    loans->engaged = loans->engaged && !owes;
    return owes;
}

enum loan_end rpi_loans_end(struct loans *loans, double now, int *lender)
{
    loans_pause(loans, now);
    if (!loans->engaged || loans->lent > 0)
        return LOAN_END_NOT_YET;
    return rpi_loans_drop(loans, lender) ? LOAN_END_RETURN : LOAN_END_OF_ALL;
}
