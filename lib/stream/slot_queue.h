/* The slot queue of a node: ranks take the packets of a stream from it and return their results in
 * it. It lies in node memory (in tests: in the memory of one process, with threads as ranks) and
 * holds no pointers except in records.
 *
 * The feeder, one thread of one process, puts packets into free slots and takes them out when they
 * are finished. Each rank takes one packet at a time, in the order in which they were put.
 *
 * Shared words, their writers and memory orders:
 * word      per slot: its state, the lane of the rank that took it, and the number of its queue
 *           entry. The state says who owns the slot and its areas. FREE, DONE, MORE, WANT and LOST
 *           belong to the feeder; TAKEN and CHUNK to the rank; READY to the first rank that
 *           replaces the whole word by compare-and-swap (acquire). The entry number in the word
 *           prevents ABA for fewer than 2^32 packets. The owner changes the state with a release
 *           store after all its other stores; the other side reads it with acquire.
 * queued    slots that are ready, in order; entry i is in slot i modulo the number of slots. The
 *           feeder writes an entry (relaxed) before it increments `put` (release). It overwrites an
 *           entry only after that entry's slot was taken and freed again; a rank that read the old
 *           entry then finds another number in the slot's word.
 * taken     number of used entries. Incremented by compare-and-swap (acq_rel) once the slot of the
 *           next entry has been taken, by the rank that took it or by a later one. Never decreases.
 * done      per slot: finished items of the packet, counted from its first. Written (relaxed) by
 *           the rank that owns the slot; the feeder resets it to 0.
 * withdrawn per slot: one bit per item of the packet that is not wanted any more. The feeder resets
 *           the words before it puts the packet, and sets bits later (seq_cst) while it holds the
 *           packet. A rank reads the item's bit (seq_cst) before it begins the item, and in
 *           rp_task_cancelled(). If a feeder that has set the bit still finds the slot READY
 *           (seq_cst), the item will not begin: the rank that takes the slot, by a seq_cst
 *           compare-and-swap, sees the bit.
 * returned  one bit per slot that was returned to the feeder. Set with fetch_or (release) by ranks,
 *           and by the feeder for ranks that died; fetched and cleared with exchange (acquire).
 * closed    the feeder will put no more packets (release).
 * limit     items from here on are not started. Lowered by compare-and-swap (relaxed: no other data
 *           depends on it) by the feeder, and by ranks that have returned a failed item.
 * last_rank only the feeder's own rank is left on this node. Set by the stream link (relaxed: it
 *           shares a process with the rank that reads it).
 * starved   a rank found no packet. Set by ranks, cleared by the feeder (relaxed: a hint).
 * unreachable  some rank cannot read memory that it has to read. Set before the stream begins.
 * worker_event, feeder_event  wake the ranks and the feeder; see base/eventcount.h.
 *
 * Where ranks survive deaths (resilience/survival.h; chunks are not used then), a rank may die
 * between any two of its stores. The feeder sees all earlier stores once it has detected the death,
 * and then checks the words of all slots as listed below. The feeder itself does not die while the
 * queue is in use: it is the root, or the stream link of another node; if that dies, all ranks of
 * the node leave the queue, which is reset for a new one (stream/stream.c).
 *
 * before taking a packet   nothing to repair. If the dead rank consumed the wakeup for a packet,
 *                    the packet waits until another rank wakes by timeout, after at most 50 ms.
 * slot taken, `taken` not incremented   the word holds the rank's lane already. The next rank finds
 *                    the slot not READY and increments instead. The entry belongs to a slot that is
 *                    not free, so there are never more entries than slots.
 * computing          the slot changes from TAKEN to LOST; `done` says which item was being
 *                    computed. The feeder has kept the inputs. It neither reads the slot's areas
 *                    nor uses the slot again: another thread of the dying process may still execute
 *                    a few instructions.
 * DONE, bit in `returned` not set or event not signalled   the feeder sets the bit itself.
 * DONE, with results outside the slot   they were in the rank's memory. Reading them fails, or the
 *                    process turns out to be another one afterwards; the packet comes back as it
 *                    was put.
 * DONE, limit not lowered   lowering it is the last step. Unneeded items are computed until the
 *                    root has consumed the error.
 * starved, worker_event, feeder_event   hints, and counters that only grow; a dead rank left in
 *                    `sleepers` costs one system call per signal.
 * waiting in the closing agreement   the rank holds no packet, and all that it returned was copied
 *                    before the queue was closed.
 *
 * All ranks synchronize between streams, so no rank reads the queue before it is reset. */
#ifndef RANKPOOL_STREAM_SLOT_QUEUE_H
#define RANKPOOL_STREAM_SLOT_QUEUE_H

#include "base/eventcount.h"
#include "comm/cma.h"
#include "stream/packet_format.h"

#include <stdalign.h>

enum {
    SLOT_QUEUE_MOST_SLOTS = 1024,
    SLOT_QUEUE_AREA = 32 << 10, /* bytes each for inputs and results of a slot */
    SLOT_QUEUE_ITEMS = SLOT_QUEUE_AREA / RECORD_LEAST /* maximum in a packet */
};

enum slot_state {
    SLOT_FREE,
    SLOT_READY, /* holds a packet that any rank may take */
    SLOT_TAKEN, /* a rank is computing */
    SLOT_DONE,  /* holds results */
    SLOT_LOST,  /* its rank died while computing */
    /* Where ranks cannot read each other's memory, data that does not fit the areas is copied in
     * chunks: */
    SLOT_WANT,  /* the rank requests the next chunk of the input, */
    SLOT_CHUNK, /* which is there now */
    SLOT_MORE   /* a chunk of results is in the input area; back to TAKEN when it is copied */
};

struct slot {
    alignas(128) _Atomic uint64_t word;
    _Atomic uint32_t queued; /* a queue entry; unrelated to this slot */
    _Atomic uint32_t done;
    _Atomic uint64_t withdrawn[SLOT_QUEUE_ITEMS / 64];
    uint32_t items;   /* in the packet */
    uint32_t attempt; /* earlier calls for each item that ended with the death of their rank */
    bool suspect;     /* its item may have killed a rank; the feeder's rank avoids it */
    int64_t first;
    /* A large input that does not fit the area: its address, and its bytes or 0. */
    uint64_t large, large_bytes;
    size_t in_bytes, out_bytes; /* used in the two areas */
    int64_t limit;  /* items from here on are not wanted, because one in this packet failed */
    double seconds; /* spent on the items */
};

/* How other ranks reach the memory of a rank. Stored before the stream begins. */
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

/* Returns the number of slots for a node of `lanes` ranks. */
uint32_t rpi_slot_queue_slots(uint32_t lanes);

/* Returns the bytes of memory needed, to be aligned to 128. */
size_t rpi_slot_queue_bytes(uint32_t lanes);

/* Empties the slot queue while no rank uses it. All ranks call it, and store the same values. */
void rpi_slot_queue_reset(struct slot_queue *slot_queue, uint32_t lanes);

struct slot_queue_lane *rpi_slot_queue_lane(struct slot_queue *slot_queue, uint32_t lane);

/* Return the areas of a slot, of SLOT_QUEUE_AREA bytes each. */
char *rpi_slot_queue_inputs(struct slot_queue *slot_queue, uint32_t place);
char *rpi_slot_queue_results(struct slot_queue *slot_queue, uint32_t place);

/* Changes the state of a slot. Called by its owner. */
void rpi_slot_queue_set_state(struct slot_queue *slot_queue, uint32_t place, enum slot_state state);

/* Makes a slot that the feeder has filled READY, and wakes a rank. */
void rpi_slot_queue_offer(struct slot_queue *slot_queue, uint32_t place);

/* Called by the feeder when it will offer no more slots. */
void rpi_slot_queue_close(struct slot_queue *slot_queue);

/* Takes the next packet for a rank. False: there is none, and `starved` is set; or the rank is
 * `cautious`, as only the feeder's may be, and the next packet is a suspect. */
bool rpi_slot_queue_take(struct slot_queue *slot_queue, uint32_t lane, bool cautious,
                         uint32_t *place);

/* Returns a slot from a rank to the feeder, in this state. */
void rpi_slot_queue_hand_back(struct slot_queue *slot_queue, uint32_t place, enum slot_state state);

/* Called by the feeder that holds the slot's packet: its item `number`, counted from its first, is
 * not wanted. Returns whether it is certain that it has not begun and will not. */
bool rpi_slot_queue_withdraw(struct slot_queue *slot_queue, uint32_t place, uint32_t number);

/* Called by the feeder after a rank died: returns the slots of that rank to the feeder, those that
 * it was computing as LOST. */
void rpi_slot_queue_reap(struct slot_queue *slot_queue, uint32_t lane);

/* Returns the number of packets not taken yet. */
uint32_t rpi_slot_queue_waiting(struct slot_queue *slot_queue);

/* Whether the feeder has closed the queue and no packet is left to take. */
bool rpi_slot_queue_over(struct slot_queue *slot_queue);

/* Lowers the limit if it is higher. */
void rpi_slot_queue_lower_limit(struct slot_queue *slot_queue, int64_t limit);

/* Encode and decode the word of a slot. */
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
