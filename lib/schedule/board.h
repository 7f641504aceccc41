/* The board: all that the ranks of a node share while they work off a job. It lies in node memory
 * (in tests: in the memory of a process, with threads for ranks) and holds no pointers.
 *
 * Shared words, their writers and orders:
 * range     units a lane still has to hand out. The owner takes slices from its front and thieves
 *           half from its back, each by compare-and-swap; only the owner makes it non-empty, by a
 *           release store. Absolute indices: an equal word means equal ownership, so a stale
 *           expectation that matches is right (no ABA).
 * slice     the slice in the owner's hands, LANE_SEEKS while it looks for more; written by the
 *           owner (release; LANE_SEEKS seq_cst), read by whoever supplies the node or recovers what
 *           is lost. The range, also an empty one, begins where the slice ends, but for the moment
 *           between the stores of the two; LANE_EMPTY while the owner looks for more.
 * suspects  units that were in hands that died and that the owner is to try one by one, without the
 *           one it has in hand. Made non-empty by the owner, by a release store; the owner takes
 *           one from its front and thieves half from its back, each by compare-and-swap (acq_rel).
 *           Nobody touches those of a lane that is lost: they go to its grave.
 * left      of a reservoir: units of the node that belong to no lane yet; taken by compare-and-swap
 *           (acq_rel). Made non-empty by the supplier alone, by a release store, while it is empty;
 *           in a job without one, before the job begins. Units are issued once, so there is no ABA.
 * whole     of a reservoir: what `left` was at first. Stored before `left`, relaxed; a lane reads
 *           it after `left`, and its compare-and-swap of `left` fails if the reservoir was refilled
 *           since.
 * finished  of a reservoir: units done, counted (acq_rel) by those jobs whose results leave the
 *           node by batches, so whoever sees all of them there sees their results. Reset by the
 *           supplier.
 * attempt   of a reservoir: how often ranks died with its units in hand, on other nodes; stored
 *           before `left`, relaxed. Units of a batch that has some are suspects.
 * listed    of a reservoir: `whole`, from when `left` holds it until the place is free again, in
 *           jobs whose batches have to stay until they are used up. Written by the supplier
 *           (release): see rpi_board_account().
 * issue     units that came to this node so far, and the flag BOARD_CLOSED: no more will come.
 *           Written by the supplier (seq_cst) before the units are offered.
 * done      units that the lane finished and flushed; seq_cst store by its owner when its range is
 *           empty (by the executor once the owner has died), so whoever adds up the number of a
 *           closed issue has seen all results. seq_cst here and at the issue: either the lane that
 *           adds the last units sees the others' and BOARD_CLOSED and wakes everyone, or whoever
 *           closes sees those units done when it wakes everyone.
 * job       for which the lane is prepared; stored last (release). A lane whose rank died before
 *           has the words of an earlier job.
 * parked    epoch of the recovery that the owner waits for, or LANE_AWAY: it will claim nothing
 *           more; written by the owner (seq_cst).
 * lost      0, or 1 once somebody has noticed that the owner died; release.
 * left_by   lanes that will claim nothing more; acq_rel fetch_add.
 * failed    items that failed, where the job is given up after some; relaxed fetch_add, for it is a
 *           number alone.
 * stop      0, or 1 once a rank gave up; seq_cst store before a signal, relaxed load per claim.
 * interruption
 *           0, or why the pool is to end its work; stored seq_cst, by a signal handler, before
 *           `stop`. It stays for as long as the board.
 * signal    see base/waiting.h: news are loot, a supply, the last units done, stop.
 * idle      likewise, for the supplier: a lane has nothing to do.
 * lanes, log_capacity, job: constant while a job runs.
 * What the dead leave: see schedule/estate.h.
 *
 * Between jobs all ranks meet (world/meeting.h). Each lane and the head are prepared before the
 * meeting that opens a job and touched by others only after it: the meeting orders the two. */
#ifndef RANKPOOL_SCHEDULE_BOARD_H
#define RANKPOOL_SCHEDULE_BOARD_H

#include "base/waiting.h"
#include "schedule/estate.h"
#include "schedule/interval_log.h"

#include <stdalign.h>

/* In the word `issue`, above the number of units. */
static const uint64_t BOARD_CLOSED = UINT64_C(1) << 32;

enum {
    APART = 128, /* twice a cache line: adjacent lines are fetched in pairs */
    RESERVOIRS = 4
};

/* Spans without a unit that no lane comes by otherwise. */
static const uint64_t LANE_SEEKS = UINT32_MAX, LANE_EMPTY = UINT64_MAX;
static const uint32_t LANE_AWAY = UINT32_MAX;

struct lane {
    alignas(APART) _Atomic uint64_t range;
    _Atomic uint64_t slice;
    _Atomic uint64_t suspects;
    _Atomic uint32_t done;
    _Atomic uint32_t job;
    _Atomic uint32_t parked;
    _Atomic uint32_t lost;
};

/* A batch that the node holds. */
struct reservoir {
    alignas(APART) _Atomic uint64_t left;
    _Atomic uint64_t whole;
    _Atomic uint64_t listed;
    _Atomic uint32_t finished;
    _Atomic uint32_t attempt;
};

struct board {
    alignas(APART) struct signal_word signal;
    alignas(APART) struct signal_word idle;
    alignas(APART) _Atomic uint32_t stop;
    _Atomic uint32_t left_by;
    _Atomic uint32_t interruption;
    _Atomic uint64_t issue;
    _Atomic uint64_t failed;
    uint32_t lanes, log_capacity, job;
    struct reservoir reservoir[RESERVOIRS];
    struct lane lane[];
};

/* Bytes of shared memory, aligned to APART, for a board with so many lanes. */
size_t rpi_board_bytes(uint32_t lanes);

/* Makes a board in zeroed memory. Called once, by one rank, before the others look. */
void rpi_board_make(struct board *board, uint32_t lanes);

/* Prepares a job in which this node begins with the units of `mine`; those of `reservoir`, a part
 * of them, belong to no lane yet. `closed`: it will get no others. Called by one rank of the node
 * before the meeting that opens the job. */
void rpi_board_prepare(struct board *board, struct span mine, struct span reservoir, bool closed);

/* The log of a lane. */
struct interval_log *rpi_board_log(struct board *board, uint32_t lane);

/* What the dead leave. */
struct estate *rpi_board_estate(struct board *board);

/* For the supplier: puts a batch into a reservoir from which everything has been taken. */
void rpi_board_supply(struct board *board, int place, struct span batch);

/* For the supplier, where ranks may die: how often some did, before the batch is put there. */
void rpi_board_suspect(struct board *board, int place, uint32_t attempt);

/* The same: after the batch was put there, so that it is known to be the node's. `held`: until it
 * is rpi_board_forget()ed; otherwise for good. */
void rpi_board_account(struct board *board, int place, struct span batch, bool held);
void rpi_board_forget(struct board *board, int place);

/* How often a unit that the caller has in hand, or that is on the node for sure, was in hands that
 * died on other nodes. */
uint32_t rpi_board_attempt_of(struct board *board, uint32_t unit);

/* For the supplier: no more batches will come. */
void rpi_board_close(struct board *board);

/* Units of this node that nobody has in hand. An estimate while lanes are at work. */
uint64_t rpi_board_waiting(struct board *board);

/* Units in the hands of lanes that live, done or not; and how many lanes have none. Estimates
 * likewise. */
uint64_t rpi_board_in_hand(struct board *board);
uint32_t rpi_board_idle(struct board *board);

/* For the supplier: has everything been taken out of this reservoir? */
bool rpi_board_drawn(struct board *board, int place);

/* Says that this lane will claim no more of the job; and: have all lanes said so that live? */
void rpi_board_leave(struct board *board);
bool rpi_board_left(struct board *board);

/* How many lanes there are whose ranks are not known to have died. */
uint32_t rpi_board_living(struct board *board);

/* The reservoir whose batch holds this unit, or -1. Sure for a unit that the caller has in hand. */
int rpi_board_batch_of(struct board *board, uint32_t unit);

/* The units of the batch in a reservoir, as they were at first. Sure as above. */
struct span rpi_board_batch(struct board *board, int place);

/* Counts a slice in hand as finished in its batch. */
void rpi_board_finish(struct board *board, struct span slice);

/* For the supplier: is it known that all units of this batch, from which everything has been taken,
 * are finished, or given up? */
bool rpi_board_accounted(struct board *board, int place);

/* For the supplier: are all units of this batch finished? */
bool rpi_board_finished(struct board *board, int place);

/* Makes every lane stop at its next claim. */
void rpi_board_stop(struct board *board);

/* Makes every lane stop, and says why in a number other than 0; the first reason stays, also for
 * the jobs to come. Safe in a signal handler. */
void rpi_board_interrupt(struct board *board, uint32_t reason);

static inline uint32_t board_interruption(const struct board *board)
{
    return atomic_load(&board->interruption);
}

static inline bool board_stopped(struct board *board)
{
    return atomic_load_explicit(&board->stop, memory_order_relaxed) != 0;
}

/* May more units come to this node? Only for guesses: for what is sure see rpi_board_done(). */
static inline bool board_open(struct board *board)
{
    return (atomic_load_explicit(&board->issue, memory_order_relaxed) & BOARD_CLOSED) == 0;
}

static inline uint32_t board_issued(struct board *board)
{
    return (uint32_t)atomic_load(&board->issue);
}

/* Units that lanes have finished and flushed. */
uint32_t rpi_board_finished_units(struct board *board);

/* Has every unit been done that this node has and will ever get? */
bool rpi_board_done(struct board *board);

#endif
