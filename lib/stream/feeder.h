/* The feeder: puts packets into the slot queue of its node and takes them back with their results.
 * It runs in one thread: the root on the root's node, the stream link on the others. It also takes
 * back the packets of dead ranks: see stream/slot_queue.h. */
#ifndef RANKPOOL_STREAM_FEEDER_H
#define RANKPOOL_STREAM_FEEDER_H

#include "rankpool.h"
#include "sched/recovery.h"
#include "stream/packet.h"
#include "stream/slot_queue.h"

struct feeder {
    struct slot_queue *slot_queue;
    uint32_t lane;           /* node rank of this process */
    struct packet **packets; /* by slot; owned */
    uint32_t *free;          /* free slots, from index `held` on */
    uint32_t held;           /* number of slots not free */
    uint64_t returned;       /* unprocessed bits of one word of slot_queue->returned, */
    uint32_t word;           /* index of that word */
    claim_attend look;       /* detects deaths */
    void *look_closure;
    struct work_queue *work_queue;
    uint32_t reaped; /* dead ranks whose slots have been reclaimed */
};

/* Initializes the feeder of an empty slot queue. False: no memory. */
bool rpi_feeder_make(struct feeder *feeder, struct slot_queue *slot_queue, uint32_t lane);

/* Sets `look`, which detects deaths, records them in the work queue and
 * returns the seconds until it wants to be called again. */
void rpi_feeder_attend(struct feeder *feeder, struct work_queue *work_queue, claim_attend look,
                       void *closure);

/* Detects deaths and reclaims the slots of dead ranks for rpi_feeder_take(). Returns the seconds
 * until the next check. */
double rpi_feeder_check_liveness(struct feeder *feeder);

/* Whether no slot is free. */
static inline bool feeder_full(const struct feeder *feeder)
{
    return feeder->held == feeder->slot_queue->slots;
}

/* Puts a packet into a free slot, of which there must be one. The feeder owns the packet until
 * rpi_feeder_take() or rpi_feeder_recall() returns it. */
void rpi_feeder_put(struct feeder *feeder, struct packet *packet);

/* Serves ranks that wait for chunks, and takes the next packet that is finished or lost; sets
 * *packet to NULL if there is none. RP_ERR_MEMORY: no memory for the results. RP_ERR_LOST: results
 * cannot be read. */
rp_status rpi_feeder_take(struct feeder *feeder, struct packet **packet, rp_error *error);

/* Withdraws an item if a packet in the slot queue has it: no rank should begin it, and one that
 * computes it should end. Returns whether one has; *never: it has not begun and will not. */
bool rpi_feeder_withdraw(struct feeder *feeder, int64_t item, bool *never);

/* Takes back the next packet that no rank has taken, or returns NULL. */
struct packet *rpi_feeder_recall(struct feeder *feeder);

/* Frees the feeder and the packets in the slot queue, when no rank works on it any more. */
void rpi_feeder_drop(struct feeder *feeder);

#endif
