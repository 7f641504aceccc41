/* The layouts of elements of random shapes. */
#include "element_forms.h"

#include <stdlib.h>
#include <string.h>

enum {
    UNTOUCHED = 0xEE
};

/* The same numbers on every rank, so that all draw the same cases. */
static uint64_t state;

void form_seed(uint64_t seed)
{
    state = seed;
}

int form_random_below(int bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (uint64_t)bound);
}

/* Values `stride` apart; the next element begins `extent` values after this one. */
static void replicate(struct form *form, int stride, int extent)
{
    for (int i = 0; i < form->basics; i++)
        form->places[i] = i * stride * form->basic_size;
    form->extent = extent * form->basic_size;
}

static MPI_Datatype resized(MPI_Datatype part, int extent)
{
    MPI_Datatype type;
    MPI_Type_create_resized(part, 0, extent, &type);
    MPI_Type_free(&part);
    return type;
}

static MPI_Datatype dense(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    replicate(form, 1, form->basics);
    MPI_Type_contiguous(form->basics, basic, &type);
    return type;
}

static MPI_Datatype far_apart(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type = dense(form, basic);
    replicate(form, 1, form->basics + 5);
    return resized(type, form->extent);
}

static MPI_Datatype with_gaps(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    replicate(form, 3, 3 * (form->basics - 1) + 1);
    MPI_Type_vector(form->basics, 1, 3, basic, &type);
    return type;
}

/* The last value comes first, and the first value is not at the beginning. */
static MPI_Datatype backwards(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type;
    int places[MOST_BASICS], lengths[MOST_BASICS], count = form->basics;
    for (int i = 0; i < count; i++) {
        places[i] = 2 * (count - i);
        lengths[i] = 1;
        form->places[i] = places[i] * form->basic_size;
    }
    form->extent = (2 * count + 1) * form->basic_size;
    MPI_Type_indexed(count, lengths, places, basic, &type);
    return resized(type, form->extent);
}

static MPI_Datatype in_two_members(struct form *form, MPI_Datatype basic)
{
    int count = form->basics, lengths[] = {1, count - 1};
    MPI_Aint displacements[] = {0, (count + 1) * form->basic_size};
    MPI_Datatype type, types[] = {basic, basic};
    MPI_Type_create_struct(2, lengths, displacements, types, &type);
    form->places[0] = 0;
    for (int i = 1; i < count; i++)
        form->places[i] = (count + i) * form->basic_size;
    form->extent = 2 * count * form->basic_size;
    return resized(type, form->extent);
}

static MPI_Datatype of_duplicates(struct form *form, MPI_Datatype basic)
{
    MPI_Datatype type, copy;
    replicate(form, 2, 2 * (form->basics - 1) + 1);
    MPI_Type_dup(basic, &copy);
    MPI_Type_create_hvector(form->basics, 1, 2 * form->basic_size, copy, &type);
    MPI_Type_free(&copy);
    return type;
}

struct form form_draw(bool same_layout)
{
    static MPI_Datatype (*const layouts[])(struct form *, MPI_Datatype) = {
        dense, far_apart, with_gaps, backwards, in_two_members, of_duplicates};
    const MPI_Datatype basics[] = {MPI_BYTE, MPI_SHORT, MPI_INT, MPI_DOUBLE};
    const int sizes[] = {1, sizeof(short), sizeof(int), sizeof(double)};
    const int ways = sizeof layouts / sizeof layouts[0];
    int basic = form_random_below(4), way = form_random_below(ways + 1);
    struct form form = {.basics = 1 + form_random_below(MOST_BASICS), .basic_size = sizes[basic]};
    if (way == ways && basic == 0) {
        replicate(&form, 1, form.basics);
        form.element = rp_bytes((size_t)form.basics);
        return form;
    }
    if (!same_layout)
        way += world_rank();
    form.element = rp_datatype(layouts[way % ways](&form, basics[basic]));
    MPI_Type_commit(&form.element.type);
    return form;
}

void form_drop(struct form *form)
{
    if (form->element.size == 0)
        MPI_Type_free(&form->element.type);
}

static unsigned char form_value(int64_t element, int byte)
{
    uint32_t mixed = (uint32_t)(element * 1000 + byte) * 2654435761u;
    return (unsigned char)(mixed >> 24);
}

size_t form_bytes(const struct form *form, int64_t count)
{
    return (size_t)(count + 1) * (size_t)form->extent;
}

void form_lay_out(const struct form *form, unsigned char *memory, int64_t first, int64_t count,
                  bool filled)
{
    memset(memory, UNTOUCHED, form_bytes(form, count));
    for (int64_t e = 0; e < count && filled; e++) {
        for (int i = 0; i < form->basics * form->basic_size; i++) {
            int place = form->places[i / form->basic_size] + i % form->basic_size;
            memory[e * form->extent + place] = form_value(first + e, i);
        }
    }
}

unsigned char *form_buffer(const struct form *form, int64_t first, int64_t count, bool filled)
{
    unsigned char *memory = malloc(form_bytes(form, count));
    form_lay_out(form, memory, first, count, filled);
    return memory;
}

void form_check(const struct form *form, const unsigned char *memory, int64_t first, int64_t count,
                bool filled)
{
    unsigned char *model = form_buffer(form, first, count, filled);
    ck_assert_msg(memcmp(memory, model, form_bytes(form, count)) == 0,
                  "%d elements from %d are not as they should be", (int)count, (int)first);
    free(model);
}

void form_succeeded(rp_pool *pool, rp_status status)
{
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}
