/* A job on three lanes, of which up to DEATHS die, between any two steps.
 *
 * The words and the order of accesses to them are those of the library; memory is sequentially
 * consistent. A step that only changes variables of its lane is joined to the access before it, and
 * so are loads of words that no other lane changes meanwhile. Options, by -D:
 *
 * UNITS   units of the job        CHUNK  units in a chunk (the schedule `dynamic`)
 * DEATHS  how many lanes may die  LIMIT  a unit is given up after so many deaths in it
 * SAVED   1: results of dead lanes survive, as in a map; 0: not, as in a reduction
 * QUEUE   capacity for lost ranges
 * PARTS   a lane takes 1/PARTS of the suspects in an entry of the queue at once
 * FAULT   a fault to seed: see words.pml */
#ifndef FAULT
#define FAULT 0
#endif
#ifndef LIMIT
#define LIMIT 3
#endif
#ifndef SAVED
#define SAVED 1
#endif
#ifndef QUEUE
#define QUEUE 3
#endif
#ifndef PARTS
#define PARTS 2
#endif
#include "words.pml"

/* ---- the account of units -------------------------------------------------------------------- */

/* Units in the log of each lane. A dead lane's log counts if results survive. */
byte logged[LANES];
#define COUNTED(lane) (prepared[lane] && (SAVED || !dead[lane]) -> logged[lane] : 0)

/* Before a lane logs its chunk: no log that counts has any of its units. A suspect was computed in
 * a chunk of its own. The root may have taken one only where no other lane is left. */
inline check_new() {
    assert(!SUSPECT(LOW(mine)) || LENGTH(mine) == 1 && (me != ROOT || lost[1] + lost[2] == 2));
    assert(!(SET(mine) & (COUNTED(0) | COUNTED(1) | COUNTED(2))));
    logged[me] = logged[me] | SET(mine)
}

#define GIVEN_UP_OF(lane) (state[lane] == GIVEN_UP -> SET(dead_chunk[lane]) : 0)

/* A lane leaves the job when all units are in a log, or given up. Where results die with a lane,
 * some may be lost by then: its death may not have been noticed. */
inline check_done() {
    assert(!SAVED || (COUNTED(0) | COUNTED(1) | COUNTED(2) | GIVEN_UP_OF(1) | GIVEN_UP_OF(2)) ==
                     (1 << UNITS) - 1);
    sum = 0
}

#define DIED_COMPUTING(lane, unit) \
    (prepared[lane] && dead[lane] && BIT(SET(chunk[lane]) & ~logged[lane], unit))
#define IS_GIVEN_UP(lane, unit) BIT(GIVEN_UP_OF(lane), unit)
#define ENTRY_HAS(lane, i, unit) (i < extent[lane] && BIT(SET(ENTRY(lane, i)), unit))

/* At the end: each unit is in one entry of the logs that count, or it was given up once, because
 * enough lanes have died in it. The sum of `done` equals the number of units. */
inline check_account() {
    i = 0;
    do
    :: i < UNITS ->
       sum = IS_GIVEN_UP(1, i) + IS_GIVEN_UP(2, i);
       assert(sum == 0 || DIED_COMPUTING(1, i) + DIED_COMPUTING(2, i) >= LIMIT);
       j = 0;
       do
       :: j < UNITS ->
          sum = sum + (ENTRY_HAS(0, j, i)) +
                (COUNTED(1) != 0 && ENTRY_HAS(1, j, i)) + (COUNTED(2) != 0 && ENTRY_HAS(2, j, i));
          j++
       :: j == UNITS -> break
       od;
       assert(sum == 1);
       i++
    :: i == UNITS -> break
    od;
    assert(prepared[0] * done[0] + prepared[1] * done[1] + prepared[2] * done[2] == UNITS);
    i = 0; j = 0; sum = 0
}

/* ---- deaths ---------------------------------------------------------------------------------- */

/* A lane may die before each step that changes a word. Between steps that change none, it leaves
 * the same words. It wakes no rank, but from then on waits are bounded: see claim.pml. */
#if DEATHS > 0
#define TOUCH changed = (deaths > 0 -> (1 << LANES) - 1 : changed)
#define OR_DIE :: deaths < DEATHS && me != ROOT -> die(); goto gone
#else
#define TOUCH skip
#define OR_DIE
#endif
#define STEP(store) if :: d_step { store; TOUCH } OR_DIE fi

inline die() {
    d_step {
        dead[me] = true; deaths++; changed = (1 << LANES) - 1; asleep = 0;
        mine = 0; finished = 0; epoch = 0; covered = 0; word = 0; found = 0; units = 0;
        victim = 0; i = 0; j = 0; limit = 0; sum = 0; quiet = false; gives_up = false; single = false
    }
}

#include "waiting.pml"
#include "recovery.pml"
#include "claim.pml"

/* ---- the lanes ------------------------------------------------------------------------------- */

/* After rpi_claim_next() has returned no units: the agreement that ends the job waits for all that
 * live. If results died with a lane, there is another round, as after collection_conclude()
 * (engine/reduce_collect.c). */
#define ARRIVED(lane) (dead[lane] || arrived & (1 << lane))
#define UNSETTLED(lane) (dead[lane] && state[lane] == NONE)

inline end_round() {
    STEP(arrived = arrived | (1 << me));
    if
    :: me != ROOT && (over || !(arrived & (1 << me)))
    :: me == ROOT && ARRIVED(1) && ARRIVED(2) ->
       if
       :: d_step { SAVED || !UNSETTLED(1) && !UNSETTLED(2) -> check_account(); over = true }
       :: else -> attend(); recover(); arrived = 0
       fi
    OR_DIE
    fi
}

proctype worker(byte me) {
    byte mine;     /* struct claimer: the current chunk */
    byte finished; /* and the units finished */
    byte epoch;    /* of this coordinator; 0: another lane is coordinator, or none */
    byte covered;  /* a coordinator's set of units that are not lost */
    byte word, found, units, victim, i, j, limit, sum;
    bool quiet, gives_up, single;
    do
    :: over -> break
    :: else ->
       do /* rpi_claim_next() */
       :: finish_chunk();
          pop_chunk();
          if
          :: mine != 0
          :: else ->
             search_work();
             if
             :: mine == 0 -> break
             :: else
             fi
          fi
       od;
       end_round()
    od;
gone:
    skip
}

/* rpi_claim_begin() for each lane, before the agreement that opens the job; a lane that dies before
 * has the words of an earlier job. */
inline prepare(lane, low, high) {
    d_step {
        chunk[lane] = PACK(low, low);
        done[lane] = 0;
        parked[lane] = 0;
        range[lane] = PACK(low, high);
        extent[lane] = 0;
        prepared[lane] = true
    }
}

init {
    byte i, a, b;
    atomic {
        d_step {
            do
            :: i < LANES ->
               range[i] = PACK(0, UNITS); chunk[i] = PACK(0, 1);
               done[i] = UNITS; parked[i] = LANE_AWAY; extent[i] = 1;
               i++
            :: else -> break
            od;
            i = 0;
            do
            :: i < LANES * ENTRIES -> entries[i] = PACK(0, UNITS); i++
            :: else -> break
            od;
            i = 0
        };
        if
        :: a = UNITS / 3; b = 2 * UNITS / 3
        :: a = UNITS; b = UNITS
        :: b = UNITS
        fi;
        prepare(0, 0, a);
        prepare(1, a, b);
        if
        :: prepare(2, b, UNITS)
        :: DEATHS > 0 -> dead[2] = true; deaths++
        fi;
        run worker(0); run worker(1);
        if
        :: !dead[2] -> run worker(2)
        :: else
        fi
    }
}
