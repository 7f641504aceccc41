/* The supplier: brings parcels to the station of its node, and takes them back with their results. On the
 * root's node it is the root, elsewhere the courier of the node. One thread. */
#ifndef RANKPOOL_POOL_SUPPLIER_H
#define RANKPOOL_POOL_SUPPLIER_H

#include "pool/parcel.h"
#include "pool/station.h"
#include "rankpool.h"

struct supplier {
    struct station *station;
    uint32_t lane;           /* which of the node's ranks this process is */
    struct parcel **parcels; /* by slot; the parcels are owned */
    uint32_t *free;          /* free slots, from place `held` on */
    uint32_t held;           /* parcels in the station */
    uint64_t handed;         /* slots handed back that have not been looked at: bits of a word, */
    uint32_t word;           /* this one */
};

/* A supplier of an empty station. False: no memory. */
bool rpi_supplier_make(struct supplier *supplier, struct station *station, uint32_t lane);

/* Is there no free slot? */
static inline bool supplier_full(const struct supplier *supplier)
{
    return supplier->held == supplier->station->slots;
}

/* Puts a parcel into a free slot, of which there must be one. The supplier owns it until it gives it
 * back. */
void rpi_supplier_put(struct supplier *supplier, struct parcel *parcel);

/* Serves ranks that wait for chunks, and takes the next parcel that is done; *parcel is NULL if there is
 * none. RP_ERR_MEMORY: no memory for its results. */
rp_status rpi_supplier_take(struct supplier *supplier, struct parcel **parcel, rp_error *error);

/* Frees what is still in the station, when no rank works on it any more. */
void rpi_supplier_drop(struct supplier *supplier);

#endif
