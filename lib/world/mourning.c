#include "world/mourning.h"

#include "base/error.h"

bool rpi_root_lost(const struct meeting *meeting)
{
    return meeting->living != NULL && meeting->root >= 0 &&
           rpi_living_lost(meeting->living, meeting->root);
}

void rpi_toll_add(struct toll *toll, const struct toll *more)
{
    toll->count += more->count;
    if (more->rank >= 0 && (toll->rank < 0 || more->rank < toll->rank))
        toll->rank = more->rank;
}

struct toll rpi_toll_of_node(const struct meeting *meeting)
{
    const struct living *living = meeting->living;
    struct toll toll = {0, -1};
    for (int i = 0; i < meeting->node_ranks; i++) {
        if (rpi_living_lost(living, i))
            rpi_toll_add(&toll, &(struct toll){1, rpi_living_rank(living, i)});
    }
    if (rpi_root_lost(meeting))
        toll.rank = rpi_living_rank(living, meeting->root);
    return toll;
}

struct verdict rpi_verdict_all_over(int rank)
{
    struct verdict verdict = {.lost_step = true};
    rpi_error_set(&verdict.error, RP_ERR_LOST, "rank %d has died: the others cannot go on", rank);
    verdict.error.rank = rank;
    return verdict;
}

struct verdict rpi_mourn(const struct meeting *meeting, const struct toll *toll, enum call call,
                         struct verdict verdict)
{
    int rank = toll->rank;
    bool over = rank >= 0 && (rpi_root_lost(meeting) || !meeting->survives);
    verdict.lost = toll->count;
    if (rank < 0 || verdict.lost_step || (!over && rpi_call_survives(call)))
        return verdict;
    if (over)
        verdict = rpi_verdict_all_over(rank);
    else
        rpi_error_set(&verdict.error, RP_ERR_LOST, "rank %d has died: %s needs all ranks", rank,
                      rpi_call_name(call));
    verdict.error.rank = rank;
    verdict.lost = toll->count;
    return verdict;
}
