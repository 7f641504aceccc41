/* The slot queue of a node: where the ranks of a node get the packets of a stream, and leave their
 * results. It lies in node memory (in tests: in the memory of a process, with threads for ranks)
 * and holds no pointers but those of records.
 *
 * On one side is the feeder, one thread of one process: it puts packets into free slots, and
 * takes them out when they are done. On the other are the ranks, each of which takes one packet at
 * a time, in the order in which they were put there.
 *
 * Shared words, their writers and orders:
 * word      of a slot: its state, the lane of the rank that took it, and the number of its entry in
 *           the queue. The state says whose the slot and its areas are. The feeder's: FREE, DONE,
 *           MORE, WANT, LOST. A rank's: READY (whoever takes it, by compare-and-swap (acquire) of
 *           the whole word; with the number in it there is no ABA in less than 2^32 packets),
 *           TAKEN, CHUNK. Whoever has the slot changes it, by a release store behind all else it
 *           stored; the other reads it with acquire.
 * queued    slots that are ready, in order; entry i is in slot i modulo their number. Written by
 *           the feeder (relaxed) before it counts `put` up (release). An entry is written over
 *           only when its slot has been taken and become free; a rank that read it before then
 *           finds another number there.
 * taken     entries that are used up; counted up, when the slot of the next has been taken, by
 *           compare-and-swap (acq_rel): by the rank that took it, or by one that comes behind. It
 *           only grows.
 * done      of a slot: items of the packet that are done, from the first on. Written (relaxed) by
 *           the rank that has it in hand; begun with 0 by the feeder.
 * handed    a bit for each slot that a rank has handed to the feeder, set by fetch_or (release),
 *           all taken at once by exchange (acquire). By the feeder for ranks that died.
 * closed    the feeder will put nothing more (release).
 * limit     items from this on are not begun: lowered by compare-and-swap (relaxed, for nothing
 *           else depends on it), by ranks that have handed back an item that failed, and by the
 *           feeder.
 * lonely    only the rank that is the feeder's is left, and the root knows; set by the stream link of
 *           a node (relaxed: it is of the same process as the rank that asks).
 * hungry    a rank found nothing to take; set by ranks, cleared by the feeder (relaxed: a hint).
 * unreachable  some rank may not read the memory of another that it must; set before the stream
 *           begins.
 * work, news   signals, see base/eventcount.h: for the ranks, and for the feeder.
 *
 * Where ranks survive others (resilience/survival.h; then there are no chunks), a rank may die between
 * any two of its stores. What it stored before, the feeder sees when it has found it dead. It
 * then looks at the words of all slots, as follows. The feeder itself lives: it is the root, or,
 * if it is the stream link of another node and dies, the slot queue is left by all, and made empty for
 * another one (stream/stream.c).
 *
 * before it took     nothing has happened. It may have been woken for a packet that now waits until
 *                    a rank looks without being woken, which a sleeper does after 50 ms at the
 *                    latest.
 * taken, and `taken` not counted up   the word has its lane already. Whoever takes next finds the
 *                    slot not READY, and counts up instead; its entry stands for a slot that is not
 *                    free, so there are never more entries than slots.
 * in hand            the slot is TAKEN, and becomes LOST: `done` says which item was at hand. The
 *                    feeder has kept the inputs. What is in the slot is not looked at, and the
 *                    slot stays out of use: another thread of that process may be a few
 *                    instructions behind.
 * DONE, and its bit not set, or its signal not given   the feeder sets the bit itself.
 * DONE, with results that did not fit   they went with the rank. Reading them fails, be it in the
 *                    middle, or the process is found not to be the rank any more, and the packet
 *                    comes back as it was put.
 * DONE, and the limit not lowered    that is done last. Until the root has consumed the error,
 *                    items are computed that nobody wants.
 * hungry, work, news   hints, or counts that only grow; `sleepers` of a dead sleeper cost a system
 *                    call.
 * While it waits, in the closing agreement   it has nothing in hand, and all it had handed back is
 *                    copied before the slot queue is closed.
 *
 * Between streams all ranks meet, so a slot queue is reset before anybody looks. */
#ifndef RANKPOOL_STREAM_SLOT_QUEUE_H
#define RANKPOOL_STREAM_SLOT_QUEUE_H

#include "base/eventcount.h"
#include "comm/cma.h"
#include "stream/packet_format.h"

#include <stdalign.h>

enum {
    SLOT_QUEUE_MOST_SLOTS = 1024,
    SLOT_QUEUE_AREA = 32 << 10, /* bytes of inputs, and of results, in a slot */
    SLOT_QUEUE_ITEMS = SLOT_QUEUE_AREA / RECORD_LEAST /* in a packet at the most */
};

enum slot_state {
    SLOT_FREE,
    SLOT_READY, /* a packet for whoever comes */
    SLOT_TAKEN, /* a rank works on it */
    SLOT_DONE,  /* its results are there */
    SLOT_LOST,  /* its rank died in the middle of it */
    /* Where the ranks of a node may not read each other's memory, what does not fit goes chunk by
     * chunk: */
    SLOT_WANT,  /* the rank wants the next chunk of the input; */
    SLOT_CHUNK, /* there it is */
    SLOT_MORE /* here is a chunk of results, where the inputs were; TAKEN again: it has been copied
                 */
};

struct slot {
    alignas(128) _Atomic uint64_t word;
    _Atomic uint32_t queued; /* an entry of the queue: nothing to do with this slot */
    _Atomic uint32_t done;
    uint32_t items;   /* of the packet */
    uint32_t attempt; /* calls for each of them that ended with their rank */
    bool suspect;     /* its item may have ended a rank: the root had better not take it */
    int64_t first;
    uint64_t large, large_bytes; /* the input, if it is one that does not fit: its address */
    size_t in_bytes, out_bytes;  /* used in the two areas */
    int64_t limit;  /* items from this on are not wanted, because of one here that failed */
    double seconds; /* that the items took */
};

/* A rank as others may reach its memory. Stored before the stream begins. */
struct slot_queue_lane {
    struct peer self;
};

struct slot_queue {
    struct eventcount worker_event;
    alignas(128) struct eventcount feeder_event;
    alignas(128) _Atomic uint32_t taken;
    alignas(128) _Atomic uint32_t put;
    _Atomic uint32_t closed, last_rank, starved, unreachable;
    _Atomic int64_t limit;
    uint32_t lanes, slots; /* constant */
    alignas(128) _Atomic uint64_t returned[SLOT_QUEUE_MOST_SLOTS / 64];
    struct slot slot[];
};

/* How many slots the slot queue of so many ranks has: some for each. */
uint32_t rpi_slot_queue_slots(uint32_t lanes);

/* Bytes of memory, aligned to 128, for it. */
size_t rpi_slot_queue_bytes(uint32_t lanes);

/* Makes the slot queue empty, while nobody looks at it. By one rank; or by several, which store the
 * same. */
void rpi_slot_queue_reset(struct slot_queue *slot_queue, uint32_t lanes);

struct slot_queue_lane *rpi_slot_queue_lane(struct slot_queue *slot_queue, uint32_t lane);

/* The areas of a slot, of SLOT_QUEUE_AREA bytes each. */
char *rpi_slot_queue_inputs(struct slot_queue *slot_queue, uint32_t place);
char *rpi_slot_queue_results(struct slot_queue *slot_queue, uint32_t place);

/* For whoever has the slot: changes its state. */
void rpi_slot_queue_set_state(struct slot_queue *slot_queue, uint32_t place, enum slot_state state);

/* For the feeder: offers a slot that it has filled. */
void rpi_slot_queue_offer(struct slot_queue *slot_queue, uint32_t place);

/* For the feeder: nothing more will be offered. */
void rpi_slot_queue_close(struct slot_queue *slot_queue);

/* For a rank: takes the next packet. False: there is none, and the feeder will see that ranks are
 * hungry; or, for one that is `cautious`, which only the feeder's may be, the next is for
 * others. */
bool rpi_slot_queue_take(struct slot_queue *slot_queue, uint32_t lane, bool cautious,
                         uint32_t *place);

/* For a rank: hands a slot to the feeder, in this state. */
void rpi_slot_queue_hand_back(struct slot_queue *slot_queue, uint32_t place, enum slot_state state);

/* For the feeder: the rank of a lane has died. What it had in hand is handed over as LOST. */
void rpi_slot_queue_reap(struct slot_queue *slot_queue, uint32_t lane);

/* Packets that nobody has taken yet. */
uint32_t rpi_slot_queue_waiting(struct slot_queue *slot_queue);

/* Has the feeder closed it, and is nothing left to take? */
bool rpi_slot_queue_over(struct slot_queue *slot_queue);

/* Lowers the limit, if it is higher. */
void rpi_slot_queue_lower_limit(struct slot_queue *slot_queue, int64_t limit);

/* A slot's word, and what it says. */
static inline uint64_t slot_word(enum slot_state state, uint32_t lane, uint32_t number)
{
    return (uint64_t)number << 32 | (uint64_t)lane << 8 | (uint64_t)state;
}

static inline enum slot_state slot_state(uint64_t word)
{
    return (enum slot_state)(word & 0xff);
}

static inline uint32_t slot_lane(uint64_t word)
{
    return (uint32_t)word >> 8;
}

static inline uint64_t slot_queue_word(struct slot_queue *slot_queue, uint32_t place)
{
    return atomic_load_explicit(&slot_queue->slot[place].word, memory_order_acquire);
}

static inline bool slot_queue_last_rank(struct slot_queue *slot_queue)
{
    return atomic_load_explicit(&slot_queue->last_rank, memory_order_relaxed) != 0;
}

static inline int64_t slot_queue_limit(struct slot_queue *slot_queue)
{
    return atomic_load_explicit(&slot_queue->limit, memory_order_relaxed);
}

#endif
