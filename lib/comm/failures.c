#include "comm/failures.h"

#include "base/error.h"

bool rpi_root_lost(const struct agreement *agreement)
{
    return agreement->liveness != NULL && agreement->root >= 0 &&
           rpi_liveness_lost(agreement->liveness, agreement->root);
}

void rpi_failure_count_add(struct failure_count *failure_count, const struct failure_count *more)
{
    failure_count->count += more->count;
    if (more->rank >= 0 && (failure_count->rank < 0 || more->rank < failure_count->rank))
        failure_count->rank = more->rank;
}

struct failure_count rpi_failure_count_of_node(const struct agreement *agreement)
{
    const struct liveness *liveness = agreement->liveness;
    struct failure_count failure_count = {0, -1};
    for (int i = 0; i < agreement->node_ranks; i++) {
        if (rpi_liveness_lost(liveness, i))
            rpi_failure_count_add(&failure_count,
                                  &(struct failure_count){1, rpi_liveness_rank(liveness, i)});
    }
    if (rpi_root_lost(agreement))
        failure_count.rank = rpi_liveness_rank(liveness, agreement->root);
    return failure_count;
}

void rpi_decision_all_over(struct decision *decision, int rank)
{
    decision_end(decision);
    rpi_error_set(&decision->error, RP_ERR_LOST, "rank %d has died: the others cannot go on", rank);
    decision->error.rank = rank;
}

void rpi_apply_failures(const struct agreement *agreement,
                        const struct failure_count *failure_count, enum call call,
                        struct decision *decision)
{
    int rank = failure_count->rank;
    bool over = rank >= 0 && (rpi_root_lost(agreement) || !agreement->survives);
    if (rank >= 0 && !decision->out_of_step && over) {
        rpi_decision_all_over(decision, rank);
    } else if (rank >= 0 && !decision->out_of_step && !rpi_call_survives(call)) {
        rpi_error_set(&decision->error, RP_ERR_LOST, "rank %d has died: %s needs all ranks", rank,
                      rpi_call_name(call));
        decision->error.rank = rank;
    }
    decision->lost = failure_count->count;
}

/* ---- the operations of an agreement in which a rank of the node may have died ---------------- */

bool rpi_node_rank_lost(const struct agreement *agreement, int node_rank)
{
    return rpi_liveness_lost(agreement->liveness, node_rank);
}

bool rpi_node_rank_first(const struct agreement *agreement)
{
    return rpi_liveness_first(agreement->liveness);
}

static void locks_look(struct agreement *agreement)
{
    rpi_liveness_look(agreement->liveness);
}

static void locks_decide(struct agreement *agreement, struct summary *known,
                         struct decision *decision)
{
    enum call call = known->first.call;
    rpi_agreement_mpi.decide(agreement, known, decision);
    struct failure_count failure_count = rpi_failure_count_of_node(agreement);
    rpi_apply_failures(agreement, &failure_count, call, decision);
}

const struct agreement_ops rpi_agreement_locks = {rpi_node_rank_lost, rpi_node_rank_first,
                                                  locks_look, locks_decide};
