/* Statistics of all ranks: sums, the slowest chunks, and the efficiencies of the POP project. */
#include "observe/profile.h"

static double rank_useful_seconds(const rp_rank_stats *stats)
{
    return stats->working + stats->application;
}

/* Definitions: POP Centre of Excellence, "POP Standard Metrics for Parallel Performance
 * Analysis". */
static void stats_fill_efficiencies(rp_pool_stats *all, const struct profile *profile)
{
    double sum = 0, most = 0;
    for (int rank = 0; rank < profile->ranks; rank++) {
        double seconds = rank_useful_seconds(&profile->rank_profiles[rank].figures);
        sum += seconds;
        most = seconds > most ? seconds : most;
    }
    double mean = sum / profile->ranks;
    all->load_balance = most > 0 ? mean / most : 1;
    all->communication_efficiency = all->seconds > 0 ? most / all->seconds : 1;
    all->parallel_efficiency = all->load_balance * all->communication_efficiency;
}

rp_pool_stats rpi_profile_figures(const struct profile *profile)
{
    rp_pool_stats all = {.ranks = profile->ranks,
                         .nodes = profile->nodes,
                         .seconds = profile->end - profile->begin,
                         .jobs = profile->rank_profiles[profile->root].jobs};
    for (int rank = 0; rank < profile->ranks; rank++) {
        const rp_rank_stats *stats = &profile->rank_profiles[rank].figures;
        all.items += stats->items;
        all.chunks += stats->chunks;
        all.steals += stats->steals;
        all.batches += stats->batches;
        all.messages += stats->messages;
        all.bytes += stats->bytes;
        for (int i = 0; i < profile->rank_profiles[rank].slow; i++)
            rpi_slowest_insert(all.slowest, &all.slow, &profile->rank_profiles[rank].slowest[i]);
    }
    stats_fill_efficiencies(&all, profile);
    return all;
}
