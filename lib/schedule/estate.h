/* The estate: what lanes leave behind whose ranks died, until others have taken it over. It is a
 * part of the board, in node memory, so that it outlives whoever settles it.
 *
 * Shared words:
 * executor  epoch << 32 | lane + 1 of the one that settles the estate, 0 there: nobody does. Taken
 *           by compare-and-swap from nobody, with the next epoch, or from a lane that is lost;
 *           given up by a store. While it is held, lanes that look for work park: nothing below
 *           changes but by the executor.
 * hand      of a grave: units that the lane had in hand and did not finish. `left`: those of them,
 *           unless they were given up, and of its other suspects that nobody has taken yet; taken
 *           by compare-and-swap. Both are stored before
 * state     of the grave, by the executor; reset before a job.
 * queue     spans that belong to nobody; entries shrink by compare-and-swap. `length` of them
 *           count, all before `first` are used up. `more`: there was no room for all.
 * told      hands of which others have been told; written by who tells them (seq_cst).
 * failed    what is lost could not be found out.
 * issued    spans that came to the node beside `whole`, and may be anywhere in it; `issues` of them
 *           count. Written by the supplier when their units are offered (release), so what is there
 *           is not on its way.
 * whole, terms: constant while a job runs; prepared like the head of the board. */
#ifndef RANKPOOL_SCHEDULE_ESTATE_H
#define RANKPOOL_SCHEDULE_ESTATE_H

#include "base/waiting.h"
#include "schedule/span.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

enum grave_state {
    GRAVE_NONE,    /* the lane lives, or what it left has not been settled */
    GRAVE_SETTLED, /* what it had in hand is for others, to be tried one unit at a time */
    GRAVE_GIVEN_UP /* what it had in hand has ended too many */
};

struct grave {
    _Atomic uint64_t hand, left;
    _Atomic uint32_t state;
};

/* What the death of a rank means for a job. */
struct estate_terms {
    uint32_t limit; /* a unit that was in so many hands when they died is given up */
    bool kept;      /* what a lost lane has finished is there; otherwise it is gone with its rank */
    bool stops;     /* the job stops when a unit is given up */
    bool tells;     /* nobody takes what was in a hand before it is told elsewhere that it was */
};

struct estate {
    alignas(128) _Atomic uint64_t executor;
    struct signal_word parking; /* news: somebody parked */
    _Atomic uint32_t first, length, more, failed, told;
    _Atomic uint32_t issues;
    struct span whole; /* the units that the node began with */
    struct estate_terms terms;
    uint32_t lanes, capacity;
    struct grave grave[]; /* of each lane; behind them the queue, and what was issued */
};

size_t rpi_estate_bytes(uint32_t lanes, uint32_t capacity);

/* Makes an estate in zeroed memory. */
void rpi_estate_make(struct estate *estate, uint32_t lanes, uint32_t capacity);

/* Prepares it for a job, as the head of the board. */
void rpi_estate_prepare(struct estate *estate, struct span whole, struct estate_terms terms);

/* Notes a span that has been issued. For the supplier: false where there is no room for more. */
bool rpi_estate_issue(struct estate *estate, struct span span);
bool rpi_estate_issue_room(struct estate *estate);

/* Reads the next span that was issued; begin with *place = 0. False: there is none. */
bool rpi_estate_next_issue(struct estate *estate, uint32_t *place, struct span *span);

/* Puts up to `capacity` spans into the queue; `found`: how many there are in all. For
 * the executor. */
void rpi_estate_queue(struct estate *estate, const struct span *spans, uint32_t found);

/* Takes from the queue: of a span a lane's share, but at least so many units. */
bool rpi_estate_take(struct estate *estate, uint32_t least, struct span *taken);

/* Takes some of the units that were in a hand that died. */
bool rpi_estate_take_suspects(struct estate *estate, struct span *taken);

/* Units that were in hands that died, and that nobody has taken. */
uint32_t rpi_estate_suspects(struct estate *estate);

/* Has everything been taken, though there was more than the queue could hold? */
bool rpi_estate_exhausted(struct estate *estate);

/* In how many hands that died was this unit? */
uint32_t rpi_estate_deaths(struct estate *estate, uint32_t unit);

/* Of how many lanes has been settled what they had in hand? And what was it? False: it is not,
 * or nothing. */
int rpi_estate_settled(struct estate *estate);
bool rpi_estate_hand(struct estate *estate, uint32_t lane, struct span *hand);

/* It has been told of so many. */
void rpi_estate_tell(struct estate *estate, int settled);

/* The next span that was given up: the lowest behind *span. False: there is none. */
bool rpi_estate_next_given_up(struct estate *estate, struct span *span);

#endif
