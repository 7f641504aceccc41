#include "diag/node_stores.h"

#include "base/message.h"
#include "diag/diagnosis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Content is compared in pieces, by their fingerprints. */
static const size_t piece_bytes = 4096;

struct node_stores {
    struct output_bytes outputs[MOST_OUTPUTS];
    int count;
    uint64_t fingerprints[]; /* by piece, of all allocations in their order */
};

static size_t allocation_pieces(const struct allocation *allocation)
{
    return (allocation->memory.bytes + piece_bytes - 1) / piece_bytes;
}

/* The first output that reaches into begin ... end - 1, or NULL. */
static const struct output_bytes *first_output(const struct node_stores *stores, const char *begin,
                                               const char *end)
{
    const struct output_bytes *first = NULL;
    for (int i = 0; i < stores->count; i++) {
        const struct output_bytes *output = &stores->outputs[i];
        bool reaches = output->base < end && output->base + output->bytes > begin;
        if (reaches && (first == NULL || output->base < first->base))
            first = output;
    }
    return first;
}

/* The fingerprint of the bytes begin ... end - 1 that are no output. */
static uint64_t piece_fingerprint(const struct node_stores *stores, const char *begin,
                                  const char *end)
{
    uint64_t fingerprint = 0;
    while (begin < end) {
        const struct output_bytes *output = first_output(stores, begin, end);
        const char *border = output == NULL ? end : output->base > begin ? output->base : begin;
        fingerprint = rp_fingerprint(fingerprint, begin, (size_t)(border - begin));
        begin = output != NULL ? output->base + output->bytes : end;
    }
    return fingerprint;
}

static uint64_t allocation_fingerprint(const struct node_stores *stores,
                                       const struct allocation *allocation, size_t piece)
{
    size_t begin = piece * piece_bytes, left = allocation->memory.bytes - begin;
    const char *at = (const char *)allocation->memory.base + begin;
    return piece_fingerprint(stores, at, at + (left < piece_bytes ? left : piece_bytes));
}

struct node_stores *rpi_node_stores_begin(const rp_pool *pool, const struct output_bytes *outputs,
                                          int count)
{
    size_t pieces = 0, done = 0;
    if (pool->world.node_rank != 0 || pool->diag->stores_reported)
        return NULL;
    for (const struct allocation *at = pool->memory.allocations; at != NULL; at = at->next)
        pieces += allocation_pieces(at);
    struct node_stores *stores =
        pieces > 0 ? malloc(sizeof *stores + pieces * sizeof stores->fingerprints[0]) : NULL;
    if (stores == NULL)
        return NULL;
    stores->count = count < MOST_OUTPUTS ? count : MOST_OUTPUTS;
    memcpy(stores->outputs, outputs, (size_t)stores->count * sizeof *outputs);
    for (const struct allocation *at = pool->memory.allocations; at != NULL; at = at->next) {
        for (size_t i = 0; i < allocation_pieces(at); i++)
            stores->fingerprints[done++] = allocation_fingerprint(stores, at, i);
    }
    return stores;
}

static void node_stores_report(rp_pool *pool, const struct allocation *allocation, size_t piece,
                               enum call call)
{
    pool->diag->stores_reported = true;
    rpi_message(
        "rankpool: tasks of %s() have stored into node memory, between byte %zu and %zu of %zu: "
        "only the ranks of the same node see that. On several nodes, give it as out, with "
        "RP_ON_NODES\n",
        rpi_call_name(call), piece * piece_bytes,
        piece * piece_bytes + piece_bytes < allocation->memory.bytes
            ? piece * piece_bytes + piece_bytes
            : allocation->memory.bytes,
        allocation->memory.bytes);
}

void rpi_node_stores_end(rp_pool *pool, struct node_stores *stores, enum call call)
{
    size_t done = 0;
    if (stores == NULL)
        return;
    for (const struct allocation *at = pool->memory.allocations;
         at != NULL && !pool->diag->stores_reported; at = at->next) {
        for (size_t i = 0; i < allocation_pieces(at) && !pool->diag->stores_reported; i++) {
            if (allocation_fingerprint(stores, at, i) != stores->fingerprints[done++])
                node_stores_report(pool, at, i, call);
        }
    }
    free(stores);
}
