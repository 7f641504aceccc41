/* The figures as a table, for people. */
#include "observe/numbers.h"
#include "observe/story.h"

#include <inttypes.h>

enum {
    MOST_ROWS = 32, /* ranks told one by one */
    COLUMNS = 9
};

static void fill_row(const rp_rank_figures *figures, double row[COLUMNS])
{
    double seconds = figures->seconds > 0 ? figures->seconds : 1;
    const double values[COLUMNS] = {100 * figures->working / seconds,
                                    100 * figures->own / seconds,
                                    100 * figures->communicating / seconds,
                                    100 * figures->scheduling / seconds,
                                    100 * figures->waiting / seconds,
                                    (double)figures->items,
                                    (double)figures->slices,
                                    (double)figures->steals,
                                    (double)figures->draws};
    for (int i = 0; i < COLUMNS; i++)
        row[i] = values[i];
}

static void print_row(FILE *file, const char *who, const double row[COLUMNS])
{
    char items[NUMBER_BYTES], slices[NUMBER_BYTES], steals[NUMBER_BYTES], draws[NUMBER_BYTES];
    fprintf(file, "%10s  %6.1f %% %6.1f %% %6.1f %% %6.1f %% %6.1f %%  %8s %8s %8s %8s\n", who,
            row[0], row[1], row[2], row[3], row[4], rpi_number_count(items, row[5]),
            rpi_number_count(slices, row[6]), rpi_number_count(steals, row[7]),
            rpi_number_count(draws, row[8]));
}

static void print_each(FILE *file, const struct story *story)
{
    double row[COLUMNS];
    char who[NUMBER_BYTES];
    for (int rank = 0; rank < story->ranks; rank++) {
        fill_row(&story->tales[rank].figures, row);
        if (story->nodes > 1)
            snprintf(who, sizeof who, "%d, node %d", rank, story->tales[rank].figures.node);
        else
            snprintf(who, sizeof who, "%d", rank);
        print_row(file, who, row);
    }
}

/* Of many ranks: the least, the mean and the most of each column. */
static void print_range(FILE *file, const struct story *story)
{
    double least[COLUMNS], mean[COLUMNS] = {0}, most[COLUMNS], row[COLUMNS];
    for (int rank = 0; rank < story->ranks; rank++) {
        fill_row(&story->tales[rank].figures, row);
        for (int i = 0; i < COLUMNS; i++) {
            least[i] = rank == 0 || row[i] < least[i] ? row[i] : least[i];
            most[i] = rank == 0 || row[i] > most[i] ? row[i] : most[i];
            mean[i] += row[i] / story->ranks;
        }
    }
    print_row(file, "least", least);
    print_row(file, "mean", mean);
    print_row(file, "most", most);
}

static void print_slowest(FILE *file, const rp_figures *all)
{
    char took[NUMBER_BYTES], when[NUMBER_BYTES];
    if (all->slow > 0)
        fprintf(file, "\nslowest slices:\n");
    for (int i = 0; i < all->slow; i++) {
        const rp_slow_slice *slice = &all->slowest[i];
        fprintf(file, "%10s  rank %d, after %s: ", rpi_number_seconds(took, slice->seconds),
                slice->rank, rpi_number_seconds(when, slice->begin));
        if (slice->items == 1)
            fprintf(file, "item %" PRId64 "\n", slice->first);
        else
            fprintf(file, "items %" PRId64 " to %" PRId64 "\n", slice->first,
                    slice->first + slice->items - 1);
    }
}

static void print_sums(FILE *file, const rp_figures *all)
{
    char items[NUMBER_BYTES], bytes[NUMBER_BYTES];
    fprintf(file, "\n%s items in %" PRId64 " job%s", rpi_number_count(items, (double)all->items),
            all->jobs, all->jobs == 1 ? "" : "s");
    if (all->nodes > 1)
        fprintf(file, "; between nodes %" PRId64 " batches, %" PRId64 " letters, %s", all->batches,
                all->letters, rpi_number_bytes(bytes, (double)all->bytes));
    fprintf(file,
            "\nload balance %.1f %% x communication efficiency %.1f %% = parallel efficiency "
            "%.1f %% (POP)\n",
            100 * all->load_balance, 100 * all->communication_efficiency,
            100 * all->parallel_efficiency);
}

void rpi_story_table(FILE *file, const struct story *story)
{
    rp_figures all = rpi_story_figures(story);
    char took[NUMBER_BYTES];
    fprintf(file, "%s on %d rank%s of %d node%s\n\n", rpi_number_seconds(took, all.seconds),
            all.ranks, all.ranks == 1 ? "" : "s", all.nodes, all.nodes == 1 ? "" : "s");
    fprintf(file, "%10s  %8s %8s %8s %8s %8s  %8s %8s %8s %8s\n", "rank", "working", "own code",
            "moving", "claiming", "waiting", "items", "slices", "steals", "draws");
    if (story->ranks <= MOST_ROWS)
        print_each(file, story);
    else
        print_range(file, story);
    print_sums(file, &all);
    print_slowest(file, &all);
}
