/* The feeder: brings packets to the slot queue of its node, and takes them back with their results.
 * On the root's node it is the root, elsewhere the stream link of the node. One thread.
 *
 * Where ranks survive others, packets of the dead come back, too, as they were put: see
 * stream/slot_queue.h. */
#ifndef RANKPOOL_STREAM_FEEDER_H
#define RANKPOOL_STREAM_FEEDER_H

#include "rankpool.h"
#include "sched/recovery.h"
#include "stream/packet.h"
#include "stream/slot_queue.h"

struct feeder {
    struct slot_queue *slot_queue;
    uint32_t lane;           /* which of the node's ranks this process is */
    struct packet **packets; /* by slot; the packets are owned */
    uint32_t *free;          /* free slots, from place `held` on */
    uint32_t held;           /* slots that are not free */
    uint64_t returned;       /* slots handed back that have not been looked at: bits of a word, */
    uint32_t word;           /* this one */
    claim_attend look; /* finds out who has died, and tells the work queue; NULL: nobody may */
    void *look_closure;
    struct work_queue *work_queue;
    uint32_t reaped; /* ranks whose slots have been looked at since they died */
};

/* A feeder of an empty slot queue. False: no memory. */
bool rpi_feeder_make(struct feeder *feeder, struct slot_queue *slot_queue, uint32_t lane);

/* From now on ranks may die. `look` finds out which, and tells the work queue; it returns after how many
 * seconds it wants to be called again. */
void rpi_feeder_attend(struct feeder *feeder, struct work_queue *work_queue, claim_attend look,
                       void *closure);

/* Looks who has died. What they leave can be taken then. Returns when to look again. */
double rpi_feeder_check_liveness(struct feeder *feeder);

/* Is there no free slot? */
static inline bool feeder_full(const struct feeder *feeder)
{
    return feeder->held == feeder->slot_queue->slots;
}

/* Puts a packet into a free slot, of which there must be one. The feeder owns it until it gives
 * it back. */
void rpi_feeder_put(struct feeder *feeder, struct packet *packet);

/* Serves ranks that wait for chunks, and takes the next packet that is done or lost; *packet is
 * NULL if there is none. RP_ERR_MEMORY: no memory for its results. RP_ERR_LOST: they cannot be
 * read. */
rp_status rpi_feeder_take(struct feeder *feeder, struct packet **packet, rp_error *error);

/* Takes back the next packet that no rank has taken; NULL: there is none. */
struct packet *rpi_feeder_recall(struct feeder *feeder);

/* Frees what is still in the slot queue, when no rank works on it any more. */
void rpi_feeder_drop(struct feeder *feeder);

#endif
