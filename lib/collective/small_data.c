#include "collective/small_data.h"

#include <string.h>

/* Copies units, which are `to_step` and `from_step` bytes apart: their size if they are packed. */
static void small_move(const struct run *run, char *to, int64_t to_step, const char *from,
                       int64_t from_step)
{
    size_t size = (size_t)run->layout->size;
    if (to_step == from_step && to_step == run->layout->size) {
        memcpy(to, from, (size_t)run->units * size);
        return;
    }
    for (int64_t i = 0; i < run->units; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

/* The bytes of a number of elements, or 0 if they are too many or cannot be copied one by one. */
static int64_t small_bytes(const struct collective *collective, int64_t elements)
{
    const struct layout *layout = &collective->layout;
    if (collective->vote.error.status != RP_OK || collective->pool->collectives->directly ||
        !layout->dense)
        return 0;
    int64_t element = layout->units * layout->size, extent = layout->units * layout->extent;
    return elements <= VOTE_DATA_BYTES / element && elements <= SMALL_EXTENT / extent
               ? elements * element
               : 0;
}

void rpi_small_offer(struct collective *collective, const struct run *mine, int64_t elements,
                     int only)
{
    const struct world *world = &collective->pool->world;
    int64_t bytes = small_bytes(collective, elements);
    char *data = rpi_vote_data(&collective->vote, world->ranks, bytes, only);
    if (data != NULL && (only < 0 || only == world->rank) && mine->units > 0)
        small_move(mine, data, mine->layout->size, mine->base, mine->layout->extent);
}

void rpi_small_copy_run(const struct run *from, const struct run *to)
{
    if (to->units > 0)
        small_move(to, to->base, to->layout->extent, from->base, to->layout->extent);
}

bool rpi_small_brought(const struct collective *collective)
{
    return collective->pool->world.agreement.complete;
}

void rpi_small_copy(const struct collective *collective, int rank, int64_t first,
                    const struct run *to)
{
    const char *data = rpi_agreement_data(&collective->pool->world.agreement, rank);
    if (to->units > 0)
        small_move(to, to->base, to->layout->extent, data + first * to->layout->size,
                   to->layout->size);
}

void rpi_small_copy_all(const struct collective *collective, const void *all)
{
    struct part_place place = {0, 0};
    for (int rank = 0; rank < collective->pool->world.ranks; rank++) {
        struct run part = rpi_collective_find(collective, all, rank, &place);
        rpi_small_copy(collective, rank, 0, &part);
    }
}
