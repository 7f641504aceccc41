/* The memory of fields. */
#include "base/error.h"
#include "grid/grid.h"

#include <stdlib.h>

enum {
    FIELD_ALIGNMENT = 64 /* bytes: a cache line, and no vector is longer */
};

/* From the first cell of the halo to the first cell of the block. */
static size_t field_lead_bytes(const rp_grid *grid)
{
    int64_t cells = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        cells += grid->halo_cells[d] * grid->stride[d];
    return (size_t)cells * grid->cell_size;
}

/* rp_grid_open() has checked that the number of bytes does not overflow. */
static struct field *field_make(const rp_grid *grid)
{
    rp_range layers = grid->block.range[LAYERS];
    int64_t count = layers.end - layers.begin + 2 * grid->halo_cells[LAYERS];
    size_t bytes = (size_t)count * (size_t)grid->stride[LAYERS] * grid->cell_size + FIELD_ALIGNMENT;
    struct field *field = calloc(1, sizeof *field);
    if (field != NULL)
        field->memory = calloc(bytes, 1);
    if (field == NULL || field->memory == NULL) {
        free(field);
        return NULL;
    }
    uintptr_t first = (uintptr_t)field->memory + field_lead_bytes(grid);
    size_t to_line = (FIELD_ALIGNMENT - first % FIELD_ALIGNMENT) % FIELD_ALIGNMENT;
    field->bytes = bytes;
    field->first = (char *)field->memory + field_lead_bytes(grid) + to_line;
    field->number = grid->fields != NULL ? grid->fields->number + 1 : 0;
    return field;
}

static void field_drop(struct field *field)
{
    if (field != NULL)
        free(field->memory);
    free(field);
}

rp_status rp_grid_alloc(rp_grid *grid, void **field)
{
    if (field != NULL)
        *field = NULL;
    if (grid == NULL)
        return rpi_refuse_null(__func__, "grid");
    struct vote vote = rpi_vote(CALL_GRID_ALLOC);
    vote.terms[GRID_NUMBER] = grid->number;
    struct field *made = field != NULL ? field_make(grid) : NULL;
    if (field == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the address in");
    else if (made == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for a block of a grid");
    rp_status status = rpi_pool_agree(grid->pool, &vote);
    if (status != RP_OK) {
        field_drop(made);
        return status;
    }
    made->next = grid->fields;
    grid->fields = made;
    *field = made->first;
    return RP_OK;
}

void rpi_grid_fields_drop(rp_grid *grid)
{
    while (grid->fields != NULL) {
        struct field *field = grid->fields;
        grid->fields = field->next;
        field_drop(field);
    }
}

int64_t rpi_grid_field_number(const rp_grid *grid, const void *first)
{
    const struct field *field = grid->fields;
    while (field != NULL && field->first != first)
        field = field->next;
    return field != NULL ? field->number : -1;
}

bool rpi_grid_field_overlaps(const rp_grid *grid, const void *memory, size_t bytes)
{
    uintptr_t begin = (uintptr_t)memory;
    for (const struct field *field = grid->fields; field != NULL; field = field->next) {
        uintptr_t other = (uintptr_t)field->memory;
        if (begin < other + field->bytes && other < begin + bytes)
            return true;
    }
    return false;
}
