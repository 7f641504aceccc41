/* Figures of all ranks: sums, the slowest slices, and the efficiencies of the POP project. */
#include "observe/story.h"

#include <string.h>

static double useful(const rp_rank_figures *figures)
{
    return figures->working + figures->own;
}

/* Definitions: POP Centre of Excellence, "POP Standard Metrics for Parallel Performance
 * Analysis". */
static void fill_efficiencies(rp_figures *all, const struct story *story)
{
    double sum = 0, most = 0;
    for (int rank = 0; rank < story->ranks; rank++) {
        double seconds = useful(&story->tales[rank].figures);
        sum += seconds;
        most = seconds > most ? seconds : most;
    }
    double mean = sum / story->ranks;
    all->load_balance = most > 0 ? mean / most : 1;
    all->communication_efficiency = all->seconds > 0 ? most / all->seconds : 1;
    all->parallel_efficiency = all->load_balance * all->communication_efficiency;
}

/* Adds one rank's slowest slices to those of the ranks before. */
static void keep_slowest(rp_figures *all, const struct tale *tale)
{
    for (int i = 0; i < tale->slow; i++) {
        int place = all->slow;
        while (place > 0 && all->slowest[place - 1].seconds < tale->slowest[i].seconds)
            place--;
        if (place == RP_SLOWEST)
            return;
        all->slow += all->slow < RP_SLOWEST;
        memmove(&all->slowest[place + 1], &all->slowest[place],
                (size_t)(all->slow - 1 - place) * sizeof all->slowest[0]);
        all->slowest[place] = tale->slowest[i];
    }
}

rp_figures rpi_story_figures(const struct story *story)
{
    rp_figures all = {.ranks = story->ranks,
                      .nodes = story->nodes,
                      .seconds = story->end - story->begin,
                      .jobs = story->tales[story->root].jobs};
    for (int rank = 0; rank < story->ranks; rank++) {
        const rp_rank_figures *figures = &story->tales[rank].figures;
        all.items += figures->items;
        all.slices += figures->slices;
        all.steals += figures->steals;
        all.batches += figures->batches;
        all.letters += figures->letters;
        all.bytes += figures->bytes;
        keep_slowest(&all, &story->tales[rank]);
    }
    fill_efficiencies(&all, story);
    return all;
}
