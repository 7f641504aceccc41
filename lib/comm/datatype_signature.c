#include "comm/datatype_layout.h"

#include "base/error.h"

#include <stdlib.h>

/* A sequence of basic types, hashed as the digits of a number to an odd base modulo 2^64. So the
 * hash of a concatenation or a repetition follows from the hashes of its parts. */
struct sequence {
    uint64_t hash;
    uint64_t scale; /* base to the power of the sequence's length */
    bool in_order;  /* the types are in memory in this order */
};

static const struct sequence sequence_empty = {.hash = 0, .scale = 1, .in_order = true};

static struct sequence sequence_join(struct sequence a, struct sequence b)
{
    return (struct sequence){a.hash * b.scale + b.hash, a.scale * b.scale,
                             a.in_order && b.in_order};
}

static struct sequence sequence_repeat(struct sequence once, int64_t times)
{
    struct sequence all = sequence_empty;
    for (; times > 0; times /= 2) {
        if (times % 2 == 1)
            all = sequence_join(all, once);
        once = sequence_join(once, once);
    }
    return all;
}

/* A basic type is identified by its name: handles differ between processes. */
static struct sequence sequence_of_basic(MPI_Datatype type)
{
    char name[MPI_MAX_OBJECT_NAME];
    int length = 0;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    MPI_Type_get_name(type, name, &length);
    for (int i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return (struct sequence){.hash = hash, .scale = UINT64_C(0x9e3779b97f4a7c15), .in_order = true};
}

/* The constructor arguments of a derived type. */
struct contents {
    int combiner;
    int integers, addresses, types;
    int *integer;
    MPI_Aint *address;
    MPI_Datatype *type;
};

static int64_t type_size(MPI_Datatype type)
{
    MPI_Count size;
    MPI_Type_size_x(type, &size);
    return size;
}

static bool sequence_of_type(MPI_Datatype type, struct sequence *sequence);

/* A struct states the count of each of its types. Every other constructor repeats a single type
 * until the size is reached. Only of the simplest is it known that it keeps the order in memory. */
static bool sequence_of_contents(MPI_Datatype type, const struct contents *contents,
                                 struct sequence *sequence)
{
    bool is_struct = contents->combiner == MPI_COMBINER_STRUCT;
    *sequence = sequence_empty;
    for (int i = 0; i < contents->types; i++) {
        struct sequence once;
        if (!sequence_of_type(contents->type[i], &once))
            return false;
        int64_t size = type_size(contents->type[i]);
        int64_t times = is_struct  ? contents->integer[1 + i]
                        : size > 0 ? type_size(type) / size
                                   : 0;
        *sequence = sequence_join(*sequence, sequence_repeat(once, times));
    }
    sequence->in_order = sequence->in_order && (contents->combiner == MPI_COMBINER_CONTIGUOUS ||
                                                contents->combiner == MPI_COMBINER_DUP);
    return true;
}

static struct contents contents_count(MPI_Datatype type)
{
    struct contents contents;
    MPI_Type_get_envelope(type, &contents.integers, &contents.addresses, &contents.types,
                          &contents.combiner);
    return contents;
}

/* MPI returns the component types as new handles, unless they are predefined. */
static void type_release(MPI_Datatype type)
{
    if (contents_count(type).types > 0)
        MPI_Type_free(&type);
}

/* Allocates one entry more than needed, since a count may be 0. */
static bool contents_get(MPI_Datatype type, struct contents *contents)
{
    contents->integer = calloc((size_t)contents->integers + 1, sizeof *contents->integer);
    contents->address = calloc((size_t)contents->addresses + 1, sizeof *contents->address);
    contents->type = calloc((size_t)contents->types + 1, sizeof(MPI_Datatype));
    return contents->integer != NULL && contents->address != NULL && contents->type != NULL &&
           MPI_Type_get_contents(type, contents->integers, contents->addresses, contents->types,
                                 contents->integer, contents->address,
                                 contents->type) == MPI_SUCCESS;
}

static bool sequence_of_type(MPI_Datatype type, struct sequence *sequence)
{
    struct contents contents = contents_count(type);
    if (contents.types == 0) {
        *sequence = sequence_of_basic(type);
        return true;
    }
    bool known = contents_get(type, &contents);
    if (known) {
        known = sequence_of_contents(type, &contents, sequence);
        for (int i = 0; i < contents.types; i++)
            type_release(contents.type[i]);
    }
    free(contents.integer);
    free(contents.address);
    free(contents.type);
    return known;
}

rp_status rpi_signature(MPI_Datatype type, struct signature *signature, rp_error *error)
{
    struct sequence sequence;
    if (!sequence_of_type(type, &sequence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to look into a datatype");
    *signature =
        (struct signature){.hash = sequence.hash,
                           .in_order = sequence.in_order,
                           .predefined = contents_count(type).combiner == MPI_COMBINER_NAMED};
    return RP_OK;
}
