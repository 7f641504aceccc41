#include "collective/collective.h"

#include "base/error.h"
#include "comm/mpi_error.h"
#include "diag/check.h"

#include <inttypes.h>
#include <stdlib.h>

rp_element rp_bytes(size_t size)
{
    return (rp_element){size, size > 0 ? MPI_BYTE : MPI_DATATYPE_NULL};
}

rp_element rp_datatype(MPI_Datatype type)
{
    return (rp_element){0, type};
}

static bool collective_sound(const struct collective *collective)
{
    return collective->vote.error.status == RP_OK;
}

static void collective_check_root(struct collective *collective)
{
    int ranks = collective->pool->world.ranks, root = collective->root;
    if (collective_sound(collective) && (root < 0 || root >= ranks))
        rpi_error_set(&collective->vote.error, RP_ERR_ARGUMENT,
                      "root is %d, but the ranks are 0 to %d", root, ranks - 1);
}

static void collective_check_n(struct collective *collective)
{
    rp_error *error = &collective->vote.error;
    if (!collective_sound(collective))
        return;
    if (collective->n < 0)
        rpi_error_set(error, RP_ERR_ARGUMENT, "n is %" PRId64 ": give 0 or more", collective->n);
    else if (!rpi_layout_fits(&collective->layout, collective->n))
        rpi_error_set(error, RP_ERR_ARGUMENT,
                      "%" PRId64 " elements of this size are more than memory can hold",
                      collective->n);
}

static void collective_set_terms(struct collective *collective)
{
    int64_t *terms = collective->vote.terms;
    terms[COLLECTIVE_N] = collective->n;
    terms[COLLECTIVE_ROOT] = collective->root;
    terms[COLLECTIVE_ELEMENT_SIZE] = collective->layout.size * collective->layout.units;
    terms[COLLECTIVE_ELEMENT_TYPE] = (int64_t)collective->layout.signature;
}

static void collective_set_layout(struct collective *collective, rp_element element)
{
    const struct world *world = &collective->pool->world;
    struct layout *layout = &collective->layout;
    struct layout *known = &collective->pool->collectives->predefined;
    if (element.size == 0 && known->predefined && element.type == known->type)
        *layout = *known;
    else
        rpi_layout_make(layout, element, world->comm, &collective->vote.error);
    if (layout->predefined && collective_sound(collective))
        *known = *layout;
}

void rpi_collective_begin(struct collective *collective, rp_pool *pool, enum call call, int root,
                          int64_t n, rp_element element)
{
    rpi_vote_begin(&collective->vote, call);
    collective->pool = pool;
    collective->layout = (struct layout){.units = 0};
    collective->root = root;
    collective->n = n;
    collective->counts = NULL;
    collective_check_root(collective);
    if (collective_sound(collective))
        collective_set_layout(collective, element);
    collective_check_n(collective);
    collective_set_terms(collective);
}

/* Adds up the counts, or reports what is wrong with them. `checksum` identifies the list of
 * counts. */
static int64_t collective_add_up_counts(const int64_t *counts, int ranks, int64_t *checksum,
                                        rp_error *error)
{
    int64_t sum = 0;
    if (counts == NULL) {
        rpi_error_set(error, RP_ERR_ARGUMENT, "counts is NULL");
        return 0;
    }
    for (int rank = 0; rank < ranks; rank++) {
        if (counts[rank] < 0 || counts[rank] > INT64_MAX - sum) {
            rpi_error_set(error, RP_ERR_ARGUMENT,
                          counts[rank] < 0 ? "counts[%d] is %" PRId64 ": give 0 or more"
                                           : "with counts[%d], %" PRId64
                                             ", the counts are more than can be counted",
                          rank, counts[rank]);
            return 0;
        }
        sum += counts[rank];
    }
    *checksum = (int64_t)rp_fingerprint(0, counts, (size_t)ranks * sizeof *counts);
    return sum;
}

void rpi_collective_begin_counted(struct collective *collective, rp_pool *pool, enum call call,
                                  int root, const int64_t *counts, rp_element element)
{
    rp_error error;
    int64_t checksum = 0;
    rpi_error_clear(&error);
    int64_t n = collective_add_up_counts(counts, pool->world.ranks, &checksum, &error);
    rpi_collective_begin(collective, pool, call, root, n, element);
    if (error.status != RP_OK)
        collective->vote.error = error;
    collective->counts = counts;
    collective->vote.terms[COLLECTIVE_COUNTS] = checksum;
}

struct run rpi_collective_buffer(struct collective *collective, const char *name, const void *base,
                                 int64_t count)
{
    if (base == MPI_IN_PLACE && count > 0)
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "a buffer is MPI_IN_PLACE: pass the address of the data instead");
    if (collective_sound(collective) && base == NULL && count > 0)
        rpi_error_set(&collective->vote.error, RP_ERR_ARGUMENT,
                      "%s is NULL, but has %" PRId64 " elements", name, count);
    struct run run =
        rpi_run(&collective->layout, base, 0, collective_sound(collective) ? count : 0);
    size_t left = rpi_allocation_left(collective->pool, base);
    if (left > 0 && rpi_run_extent(&run) > (ptrdiff_t)left)
        rpi_error_set(&collective->vote.error, RP_ERR_ARGUMENT,
                      "%s: %" PRId64 " elements go beyond its memory of rp_node_alloc()", name,
                      count);
    else if (collective_sound(collective) && rpi_run_extent(&run) > 0)
        check_array(collective->pool, name, base, (size_t)rpi_run_extent(&run),
                    &collective->vote.error);
    return run;
}

struct run rpi_collective_own(struct collective *collective, const char *name, const void *base)
{
    int rank = collective->pool->world.rank;
    return rpi_collective_buffer(collective, name, base,
                                 collective_sound(collective)
                                     ? rpi_collective_part(collective, rank)
                                     : 0);
}

void rpi_collective_apart(struct collective *collective, const struct run *one,
                          const struct run *other)
{
    if (rpi_runs_overlap(one, other))
        rpi_collective_refuse(collective, RP_ERR_ARGUMENT,
                              "what is sent and what is received overlap in memory");
}

void rpi_collective_apart_or_own(struct collective *collective, const struct run *own,
                                 const struct run *all)
{
    struct part_place place = {0, 0};
    if (!collective_sound(collective) || all->units == 0)
        return;
    struct run there =
        rpi_collective_find(collective, all->base, collective->pool->world.rank, &place);
    if (there.base != own->base)
        rpi_collective_apart(collective, own, all);
}

bool rpi_collective_on_nodes(struct collective *collective, const struct run *run)
{
    int64_t offset = 0, allocation = -1;
    if (run->units > 0)
        allocation = rpi_allocation_find(collective->pool, run->base, &offset);
    collective->vote.terms[COLLECTIVE_ALLOCATION] = allocation;
    collective->vote.terms[COLLECTIVE_OFFSET] = offset;
    return allocation >= 0;
}

void rpi_collective_refuse(struct collective *collective, rp_status status, const char *text)
{
    if (collective_sound(collective))
        rpi_error_set(&collective->vote.error, status, "%s", text);
}

bool rpi_collective_at_root(const struct collective *collective)
{
    return collective->pool->world.rank == collective->root;
}

int64_t rpi_collective_part(const struct collective *collective, int rank)
{
    if (collective->counts != NULL)
        return collective->counts[rank];
    rp_range block = rp_block(collective->n, collective->pool->world.ranks, rank);
    return block.end - block.begin;
}

int64_t rpi_collective_largest_part(const struct collective *collective)
{
    int ranks = collective->pool->world.ranks;
    int64_t largest = 0;
    if (collective->counts == NULL)
        return rpi_collective_part(collective, 0);
    for (int rank = 0; rank < ranks; rank++)
        largest = collective->counts[rank] > largest ? collective->counts[rank] : largest;
    return largest;
}

struct run rpi_collective_find(const struct collective *collective, const void *all, int rank,
                               struct part_place *place)
{
    if (rank < place->rank)
        *place = (struct part_place){0, 0};
    for (; place->rank < rank; place->rank++)
        place->first += rpi_collective_part(collective, place->rank);
    return rpi_run(&collective->layout, all, place->first, rpi_collective_part(collective, rank));
}

static int64_t shares_clamp(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

void rpi_shares_set(const struct collective *collective, int64_t first, int count,
                    struct shares *shares)
{
    int ranks = collective->pool->world.ranks;
    int64_t units = collective->layout.units;
    for (int rank = 0; rank < ranks; rank++) {
        rp_range block = rp_block(collective->n, ranks, rank);
        int64_t begin = shares_clamp(block.begin * units - first, count);
        int64_t end = shares_clamp(block.end * units - first, count);
        shares->places[rank] = (int)begin;
        shares->counts[rank] = (int)(end - begin);
    }
}

struct shares rpi_shares_make(struct collective *collective)
{
    size_t bytes = (size_t)collective->pool->world.ranks * sizeof(int);
    struct shares shares = {malloc(bytes), malloc(bytes)};
    if (shares.counts == NULL || shares.places == NULL)
        rpi_collective_refuse(collective, RP_ERR_MEMORY, "no memory for the counts of all ranks");
    return shares;
}

rp_status rpi_collective_agree(struct collective *collective)
{
    return rpi_pool_agree(collective->pool, &collective->vote);
}

rp_status rpi_collective_end(struct collective *collective, int code, const char *call)
{
    struct vote vote;
    rpi_vote_begin(&vote, CALL_MOVED);
    rpi_mpi_check(code, call, &vote.error);
    return rpi_pool_agree(collective->pool, &vote);
}
