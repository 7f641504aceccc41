/* The supplier: brings parcels to the station of its node, and takes them back with their results.
 * On the root's node it is the root, elsewhere the courier of the node. One thread.
 *
 * Where ranks survive others, parcels of the dead come back, too, as they were put: see
 * pool/station.h. */
#ifndef RANKPOOL_POOL_SUPPLIER_H
#define RANKPOOL_POOL_SUPPLIER_H

#include "pool/parcel.h"
#include "pool/station.h"
#include "rankpool.h"
#include "schedule/recovery.h"

struct supplier {
    struct station *station;
    uint32_t lane;           /* which of the node's ranks this process is */
    struct parcel **parcels; /* by slot; the parcels are owned */
    uint32_t *free;          /* free slots, from place `held` on */
    uint32_t held;           /* slots that are not free */
    uint64_t handed;         /* slots handed back that have not been looked at: bits of a word, */
    uint32_t word;           /* this one */
    claim_attend look;       /* finds out who has died, and tells the board; NULL: nobody may */
    void *look_closure;
    struct board *board;
    uint32_t buried; /* ranks whose slots have been looked at since they died */
};

/* A supplier of an empty station. False: no memory. */
bool rpi_supplier_make(struct supplier *supplier, struct station *station, uint32_t lane);

/* From now on ranks may die. `look` finds out which, and tells the board; it returns after how many
 * seconds it wants to be called again. */
void rpi_supplier_attend(struct supplier *supplier, struct board *board, claim_attend look,
                         void *closure);

/* Looks who has died. What they leave can be taken then. Returns when to look again. */
double rpi_supplier_look(struct supplier *supplier);

/* Is there no free slot? */
static inline bool supplier_full(const struct supplier *supplier)
{
    return supplier->held == supplier->station->slots;
}

/* Puts a parcel into a free slot, of which there must be one. The supplier owns it until it gives
 * it back. */
void rpi_supplier_put(struct supplier *supplier, struct parcel *parcel);

/* Serves ranks that wait for chunks, and takes the next parcel that is done or lost; *parcel is
 * NULL if there is none. RP_ERR_MEMORY: no memory for its results. RP_ERR_LOST: they cannot be
 * read. */
rp_status rpi_supplier_take(struct supplier *supplier, struct parcel **parcel, rp_error *error);

/* Takes back the next parcel that no rank has taken; NULL: there is none. */
struct parcel *rpi_supplier_recall(struct supplier *supplier);

/* Frees what is still in the station, when no rank works on it any more. */
void rpi_supplier_drop(struct supplier *supplier);

#endif
