/* A parcel: some items of a stream on their way to a rank, then their results on their way back. It
 * belongs to one thread at a time. */
#ifndef RANKPOOL_POOL_PARCEL_H
#define RANKPOOL_POOL_PARCEL_H

#include "pool/record.h"

/* How a parcel has come back from the station. */
enum parcel_fate {
    PARCEL_DONE,      /* with its results */
    PARCEL_IN_HAND,   /* as it was put: its rank died in the middle of it, with `done` items
                         finished, */
    PARCEL_GONE,      /* or when it was done, and its results are gone; */
    PARCEL_MISSING,   /* or the courier of its node died, and nobody can say what became of it; */
    PARCEL_UNTOUCHED, /* or no rank has had it */
};

struct parcel {
    struct parcel *next, *previous; /* in whatever list it is */
    int64_t serial, first;          /* number of the parcel; its first item */
    uint32_t items, done;           /* done: with results, from the first on */
    struct area area;               /* STATION_AREA bytes; owned */
    char *large;        /* what does not fit there: the one input, or all such results, */
    size_t large_bytes; /* whose records say where they begin; owned */
    size_t counted;     /* bytes of it that count for the window */
    uint64_t inputs;    /* a fingerprint of them, where results are kept */
    int64_t limit;      /* items from this on are not wanted, because of one here that failed */
    double seconds;     /* that the items took */
    int node;           /* where it was sent, */
    uint32_t place;     /* and its number among those that are there */
    bool hungry;        /* since the last one came back, ranks there had nothing to do */
    int travelling;     /* payloads on their way */
    bool emptied;       /* the large input has been dropped; what is there are results */
    enum parcel_fate fate;
    bool alone;              /* missing: nothing else was with its node, which died as a whole */
    struct parcel *answered; /* whose results are arriving in this one; or NULL */
    uint32_t attempt;        /* calls for each of its items that ended with their rank */
    uint32_t deaths;         /* those in a row that its item, or one of them, was at hand at */
    bool continued;          /* items behind these, once in the same parcel, are in another */
};

/* An empty parcel; NULL: no memory. */
struct parcel *rpi_parcel_make(void);

/* Frees a parcel, or nothing for NULL. */
void rpi_parcel_free(struct parcel *parcel);

/* Forgets the large input or results. */
void rpi_parcel_drop_large(struct parcel *parcel);

/* Brings the results that have arrived into the parcel whose they are, in place of its inputs, and
 * frees what they arrived in. Returns that parcel. */
struct parcel *rpi_parcel_answer(struct parcel *results);

/* A list of parcels, in the order in which they were added. */
struct parcel_list {
    struct parcel *head, *tail;
};

void rpi_parcels_add(struct parcel_list *list, struct parcel *parcel);
void rpi_parcels_remove(struct parcel_list *list, struct parcel *parcel);

/* Takes the first; NULL: there is none. */
struct parcel *rpi_parcels_take(struct parcel_list *list);

/* Frees all. */
void rpi_parcels_free(struct parcel_list *list);

#endif
