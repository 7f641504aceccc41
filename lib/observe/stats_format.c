/* The statistics as a table for people, and as JSON for programs. */
#include "base/error.h"
#include "observe/escape.h"
#include "observe/human_numbers.h"
#include "observe/profile.h"

#include <inttypes.h>

enum {
    TABLE_RANKS = 32, /* up to this number of ranks, each has a row */
    TABLE_COLUMNS = 9
};

static void table_fill_row(const rp_rank_stats *stats, double row[TABLE_COLUMNS])
{
    double seconds = stats->seconds > 0 ? stats->seconds : 1;
    const double values[TABLE_COLUMNS] = {100 * stats->working / seconds,
                                          100 * stats->application / seconds,
                                          100 * stats->communicating / seconds,
                                          100 * stats->scheduling / seconds,
                                          100 * stats->waiting / seconds,
                                          (double)stats->items,
                                          (double)stats->chunks,
                                          (double)stats->steals,
                                          (double)stats->takes};
    for (int i = 0; i < TABLE_COLUMNS; i++)
        row[i] = values[i];
}

static void table_print_row(FILE *file, const char *who, const double row[TABLE_COLUMNS])
{
    char items[NUMBER_BYTES], chunks[NUMBER_BYTES], steals[NUMBER_BYTES], takes[NUMBER_BYTES];
    fprintf(file, "%10s  %6.1f %% %6.1f %% %6.1f %% %6.1f %% %6.1f %%  %8s %8s %8s %8s\n", who,
            row[0], row[1], row[2], row[3], row[4], rpi_number_count(items, row[5]),
            rpi_number_count(chunks, row[6]), rpi_number_count(steals, row[7]),
            rpi_number_count(takes, row[8]));
}

static void table_print_ranks(FILE *file, const struct profile *profile)
{
    double row[TABLE_COLUMNS];
    char who[NUMBER_BYTES];
    for (int rank = 0; rank < profile->ranks; rank++) {
        table_fill_row(&profile->rank_profiles[rank].figures, row);
        if (profile->nodes > 1)
            snprintf(who, sizeof who, "%d, node %d", rank,
                     profile->rank_profiles[rank].figures.node);
        else
            snprintf(who, sizeof who, "%d", rank);
        table_print_row(file, who, row);
    }
}

/* For many ranks: minimum, mean and maximum of each column. */
static void table_print_range(FILE *file, const struct profile *profile)
{
    double least[TABLE_COLUMNS], mean[TABLE_COLUMNS] = {0}, most[TABLE_COLUMNS], row[TABLE_COLUMNS];
    for (int rank = 0; rank < profile->ranks; rank++) {
        table_fill_row(&profile->rank_profiles[rank].figures, row);
        for (int i = 0; i < TABLE_COLUMNS; i++) {
            least[i] = rank == 0 || row[i] < least[i] ? row[i] : least[i];
            most[i] = rank == 0 || row[i] > most[i] ? row[i] : most[i];
            mean[i] += row[i] / profile->ranks;
        }
    }
    table_print_row(file, "least", least);
    table_print_row(file, "mean", mean);
    table_print_row(file, "most", most);
}

static void table_print_slowest(FILE *file, const rp_pool_stats *all)
{
    char took[NUMBER_BYTES], when[NUMBER_BYTES], items[64];
    if (all->slow > 0)
        fprintf(file, "\nslowest chunks:\n");
    for (int i = 0; i < all->slow; i++) {
        const rp_slow_chunk *chunk = &all->slowest[i];
        rpi_range_text((rp_range){chunk->first, chunk->first + chunk->items}, items, sizeof items);
        fprintf(file, "%10s  rank %d, after %s: %s\n", rpi_number_seconds(took, chunk->seconds),
                chunk->rank, rpi_number_seconds(when, chunk->begin), items);
    }
}

static void table_print_sums(FILE *file, const rp_pool_stats *all)
{
    char items[NUMBER_BYTES], bytes[NUMBER_BYTES];
    fprintf(file, "\n%s items in %" PRId64 " job%s", rpi_number_count(items, (double)all->items),
            all->jobs, all->jobs == 1 ? "" : "s");
    if (all->nodes > 1)
        fprintf(file, "; between nodes %" PRId64 " batches, %" PRId64 " messages, %s", all->batches,
                all->messages, rpi_number_bytes(bytes, (double)all->bytes));
    fprintf(file,
            "\nload balance %.1f %% x communication efficiency %.1f %% = parallel efficiency "
            "%.1f %% (POP)\n",
            100 * all->load_balance, 100 * all->communication_efficiency,
            100 * all->parallel_efficiency);
}

void rpi_profile_table(FILE *file, const struct profile *profile)
{
    rp_pool_stats all = rpi_profile_figures(profile);
    char took[NUMBER_BYTES];
    fprintf(file, "%s on %d rank%s of %d node%s\n\n", rpi_number_seconds(took, all.seconds),
            all.ranks, all.ranks == 1 ? "" : "s", all.nodes, all.nodes == 1 ? "" : "s");
    fprintf(file, "%10s  %8s %8s %8s %8s %8s  %8s %8s %8s %8s\n", "rank", "working", "own code",
            "moving", "claiming", "waiting", "items", "chunks", "steals", "takes");
    if (profile->ranks <= TABLE_RANKS)
        table_print_ranks(file, profile);
    else
        table_print_range(file, profile);
    table_print_sums(file, &all);
    table_print_slowest(file, &all);
}

/* ---- JSON; the names are those of rankpool.h ------------------------------------------------- */

static void json_member_number(FILE *file, const char *name, double value, int decimals)
{
    fprintf(file, "\"%s\": ", name);
    rpi_json_number(file, value, decimals);
    fprintf(file, ", ");
}

static void json_member_seconds(FILE *file, const char *name, double seconds)
{
    json_member_number(file, name, seconds, 9);
}

static void json_write_rank(FILE *file, const rp_rank_stats *stats)
{
    fprintf(file, "    {\"rank\": %d, \"node\": %d, ", stats->rank, stats->node);
    json_member_seconds(file, "seconds", stats->seconds);
    json_member_seconds(file, "working", stats->working);
    json_member_seconds(file, "communicating", stats->communicating);
    json_member_seconds(file, "scheduling", stats->scheduling);
    json_member_seconds(file, "waiting", stats->waiting);
    json_member_seconds(file, "application", stats->application);
    fprintf(file,
            "\"items\": %" PRId64 ", \"chunks\": %" PRId64 ", \"steals\": %" PRId64
            ", \"takes\": %" PRId64 ", \"batches\": %" PRId64 ", \"messages\": %" PRId64
            ", \"bytes\": %" PRId64 "}",
            stats->items, stats->chunks, stats->steals, stats->takes, stats->batches,
            stats->messages, stats->bytes);
}

static void json_write_slowest(FILE *file, const rp_pool_stats *all)
{
    fprintf(file, "  \"slowest\": [");
    for (int i = 0; i < all->slow; i++) {
        const rp_slow_chunk *chunk = &all->slowest[i];
        fprintf(file, "%s\n    {", i > 0 ? "," : "");
        json_member_seconds(file, "begin", chunk->begin);
        json_member_seconds(file, "seconds", chunk->seconds);
        fprintf(file, "\"rank\": %d, \"first\": %" PRId64 ", \"items\": %" PRId64 "}", chunk->rank,
                chunk->first, chunk->items);
    }
    fprintf(file, "\n  ]\n");
}

void rpi_profile_json(FILE *file, const struct profile *profile)
{
    rp_pool_stats all = rpi_profile_figures(profile);
    fprintf(file, "{\n  \"rankpool\": ");
    rpi_json_string(file, RP_VERSION);
    fprintf(file, ",\n  \"ranks\": %d, \"nodes\": %d, ", all.ranks, all.nodes);
    json_member_seconds(file, "seconds", all.seconds);
    fprintf(file, "\n  ");
    json_member_number(file, "load_balance", all.load_balance, 6);
    json_member_number(file, "communication_efficiency", all.communication_efficiency, 6);
    json_member_number(file, "parallel_efficiency", all.parallel_efficiency, 6);
    fprintf(file,
            "\n  \"jobs\": %" PRId64 ", \"items\": %" PRId64 ", \"chunks\": %" PRId64
            ", \"steals\": %" PRId64 ", \"batches\": %" PRId64 ", \"messages\": %" PRId64
            ", \"bytes\": %" PRId64 ",\n  \"hosts\": [",
            all.jobs, all.items, all.chunks, all.steals, all.batches, all.messages, all.bytes);
    for (int node = 0; node < profile->nodes; node++) {
        fprintf(file, node > 0 ? ", " : "");
        rpi_json_string(file, profile->hosts[node]);
    }
    fprintf(file, "],\n  \"each\": [\n");
    for (int rank = 0; rank < profile->ranks; rank++) {
        json_write_rank(file, &profile->rank_profiles[rank].figures);
        fprintf(file, rank < profile->ranks - 1 ? ",\n" : "\n");
    }
    fprintf(file, "  ],\n");
    json_write_slowest(file, &all);
    fprintf(file, "}\n");
}
