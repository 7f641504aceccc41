/* The figures as JSON, for programs. Names are those of rankpool.h. */
#include "observe/markup.h"
#include "observe/story.h"

#include <inttypes.h>

static void write_rank(FILE *file, const rp_rank_figures *figures)
{
    fprintf(file,
            "    {\"rank\": %d, \"node\": %d, \"seconds\": %.9f, \"working\": %.9f, "
            "\"communicating\": %.9f, \"scheduling\": %.9f, \"waiting\": %.9f, \"own\": %.9f, ",
            figures->rank, figures->node, figures->seconds, figures->working,
            figures->communicating, figures->scheduling, figures->waiting, figures->own);
    fprintf(file,
            "\"items\": %" PRId64 ", \"slices\": %" PRId64 ", \"steals\": %" PRId64
            ", \"draws\": %" PRId64 ", \"batches\": %" PRId64 ", \"letters\": %" PRId64
            ", \"bytes\": %" PRId64 "}",
            figures->items, figures->slices, figures->steals, figures->draws, figures->batches,
            figures->letters, figures->bytes);
}

static void write_slowest(FILE *file, const rp_figures *all)
{
    fprintf(file, "  \"slowest\": [");
    for (int i = 0; i < all->slow; i++) {
        const rp_slow_slice *slice = &all->slowest[i];
        fprintf(file,
                "%s\n    {\"rank\": %d, \"first\": %" PRId64 ", \"items\": %" PRId64
                ", \"begin\": %.9f, \"seconds\": %.9f}",
                i > 0 ? "," : "", slice->rank, slice->first, slice->items, slice->begin,
                slice->seconds);
    }
    fprintf(file, "\n  ]\n");
}

void rpi_story_json(FILE *file, const struct story *story)
{
    rp_figures all = rpi_story_figures(story);
    fprintf(file, "{\n  \"rankpool\": ");
    rpi_json_string(file, RP_VERSION);
    fprintf(file,
            ",\n  \"ranks\": %d, \"nodes\": %d, \"seconds\": %.9f,\n"
            "  \"load_balance\": %.6f, \"communication_efficiency\": %.6f, "
            "\"parallel_efficiency\": %.6f,\n",
            all.ranks, all.nodes, all.seconds, all.load_balance, all.communication_efficiency,
            all.parallel_efficiency);
    fprintf(file,
            "  \"jobs\": %" PRId64 ", \"items\": %" PRId64 ", \"slices\": %" PRId64
            ", \"steals\": %" PRId64 ", \"batches\": %" PRId64 ", \"letters\": %" PRId64
            ", \"bytes\": %" PRId64 ",\n  \"hosts\": [",
            all.jobs, all.items, all.slices, all.steals, all.batches, all.letters, all.bytes);
    for (int node = 0; node < story->nodes; node++) {
        fprintf(file, node > 0 ? ", " : "");
        rpi_json_string(file, story->hosts[node]);
    }
    fprintf(file, "],\n  \"each\": [\n");
    for (int rank = 0; rank < story->ranks; rank++) {
        write_rank(file, &story->tales[rank].figures);
        fprintf(file, rank < story->ranks - 1 ? ",\n" : "\n");
    }
    fprintf(file, "  ],\n");
    write_slowest(file, &all);
    fprintf(file, "}\n");
}
