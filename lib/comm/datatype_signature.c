#include "comm/datatype_signature.h"

#include "base/error.h"

#include <stdlib.h>

/* A sequence of basic types, hashed as the digits of a number to an odd base modulo 2^64. So the
 * hash of a concatenation or a repetition follows from the hashes of its parts. */
struct sequence {
    uint64_t hash;
    uint64_t scale; /* base to the power of the sequence's length */
};

static const struct sequence nothing = {.hash = 0, .scale = 1};

static struct sequence joined(struct sequence a, struct sequence b)
{
    return (struct sequence){a.hash * b.scale + b.hash, a.scale * b.scale};
}

static struct sequence repeated(struct sequence once, int64_t times)
{
    struct sequence all = nothing;
    for (; times > 0; times /= 2) {
        if (times % 2 == 1)
            all = joined(all, once);
        once = joined(once, once);
    }
    return all;
}

/* A basic type is identified by its name: handles differ between processes. */
static struct sequence basic(MPI_Datatype type)
{
    char name[MPI_MAX_OBJECT_NAME];
    int length = 0;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    MPI_Type_get_name(type, name, &length);
    for (int i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return (struct sequence){.hash = hash, .scale = UINT64_C(0x9e3779b97f4a7c15)};
}

/* The constructor arguments of a derived type. */
struct recipe {
    int combiner;
    int integers, addresses, types;
    int *integer;
    MPI_Aint *address;
    MPI_Datatype *type;
};

static int64_t size_of(MPI_Datatype type)
{
    MPI_Count size;
    MPI_Type_size_x(type, &size);
    return size;
}

static bool sequence_of(MPI_Datatype type, struct sequence *sequence);

/* A struct states the count of each of its types. Every other constructor repeats a single type
 * until the size is reached. */
static bool follow(MPI_Datatype type, const struct recipe *recipe, struct sequence *sequence)
{
    bool is_struct = recipe->combiner == MPI_COMBINER_STRUCT;
    *sequence = nothing;
    for (int i = 0; i < recipe->types; i++) {
        struct sequence once;
        if (!sequence_of(recipe->type[i], &once))
            return false;
        int64_t size = size_of(recipe->type[i]);
        int64_t times = is_struct ? recipe->integer[1 + i] : size > 0 ? size_of(type) / size : 0;
        *sequence = joined(*sequence, repeated(once, times));
    }
    return true;
}

static struct recipe recipe_of(MPI_Datatype type)
{
    struct recipe recipe;
    MPI_Type_get_envelope(type, &recipe.integers, &recipe.addresses, &recipe.types,
                          &recipe.combiner);
    return recipe;
}

/* MPI returns the component types as new handles, unless they are predefined. */
static void release(MPI_Datatype type)
{
    if (recipe_of(type).types > 0)
        MPI_Type_free(&type);
}

/* Allocates one entry more than needed, since a count may be 0. */
static bool look_up(MPI_Datatype type, struct recipe *recipe)
{
    recipe->integer = calloc((size_t)recipe->integers + 1, sizeof *recipe->integer);
    recipe->address = calloc((size_t)recipe->addresses + 1, sizeof *recipe->address);
    recipe->type = calloc((size_t)recipe->types + 1, sizeof(MPI_Datatype));
    return recipe->integer != NULL && recipe->address != NULL && recipe->type != NULL &&
           MPI_Type_get_contents(type, recipe->integers, recipe->addresses, recipe->types,
                                 recipe->integer, recipe->address, recipe->type) == MPI_SUCCESS;
}

static bool sequence_of(MPI_Datatype type, struct sequence *sequence)
{
    struct recipe recipe = recipe_of(type);
    if (recipe.types == 0) {
        *sequence = basic(type);
        return true;
    }
    bool known = look_up(type, &recipe);
    if (known) {
        known = follow(type, &recipe, sequence);
        for (int i = 0; i < recipe.types; i++)
            release(recipe.type[i]);
    }
    free(recipe.integer);
    free(recipe.address);
    free(recipe.type);
    return known;
}

rp_status rpi_signature(MPI_Datatype type, uint64_t *signature, rp_error *error)
{
    struct sequence sequence;
    if (!sequence_of(type, &sequence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to look into a datatype");
    *signature = sequence.hash;
    return RP_OK;
}
