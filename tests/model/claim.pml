/* How a lane gets its next chunk: sched/claim.c, and the parts that it calls of completion_log.c,
 * orphans.c and work_queue.c. Variables of the lane, `me`, are declared in queue.pml. */

/* ---- sched/completion_log.c ------------------------------------------------------------------ */

/* finish_chunk(), with log_extend() or rpi_completion_log_append(). The writer's private `length`
 * and `last` always equal what it has stored. */
#define NEWEST ENTRY(me, extent[me] - 1)

inline finish_chunk() {
    if
    :: mine == 0
    :: d_step {
           mine != 0 && extent[me] > 0 && HIGH(NEWEST) == LOW(mine) ->
           check_new();
           NEWEST = PACK(LOW(NEWEST), HIGH(mine));
           finished = finished + LENGTH(mine);
           mine = 0;
           TOUCH
       }
    :: mine != 0 && !(extent[me] > 0 && HIGH(NEWEST) == LOW(mine)) ->
#if FAULT == EXTENT_FIRST
       STEP(extent[me]++);
       STEP(check_new(); NEWEST = mine; finished = finished + LENGTH(mine); mine = 0)
#else
       STEP(ENTRY(me, extent[me]) = mine);
       STEP(check_new(); extent[me]++; finished = finished + LENGTH(mine); mine = 0)
#endif
    OR_DIE
    fi
}

/* ---- the own range --------------------------------------------------------------------------- */

inline start_chunk(claimed) {
    STEP(mine = claimed; chunk[me] = claimed; word = 0)
}

/* claim_units() of the schedule `dynamic`; of suspects, one at a time */
#define SOME(units) (single -> 1 : (LENGTH(units) < CHUNK -> LENGTH(units) : CHUNK))

inline pop_chunk() {
    word = range[me];
    do
    :: EMPTY(word) -> break
    :: d_step {
           !EMPTY(word) ->
           if
           :: range[me] == word ->
              found = PACK(LOW(word), LOW(word) + SOME(word));
              range[me] = PACK(HIGH(found), HIGH(word));
              word = 0;
              TOUCH
           :: else -> word = range[me]
           fi
       }
    OR_DIE
    od;
    if
    :: found == 0 -> word = 0
    :: found != 0 -> start_chunk(found); found = 0
    fi
}

/* start_found(): `found` becomes a chunk of one suspect, or of at most CHUNK units, and the rest
 * behind it. */
inline start_found() {
    single = SUSPECT(LOW(found));
    word = PACK(LOW(found), LOW(found) + SOME(found));
    start_chunk(word);
    STEP(range[me] = PACK(HIGH(mine), HIGH(found)));
    if
    :: HIGH(mine) < HIGH(found) -> found = 0; notify_one()
    :: else -> found = 0
    fi
}

/* ---- other lanes' ranges --------------------------------------------------------------------- */

#define BEHIND(steps) ((me + steps) % LANES)

/* claim_shuns(): the root takes no suspects while others live. */
#define SHUNS (me == ROOT && lost[1] + lost[2] < 2)

/* One step of longest_lane(). */
inline look_at(steps) {
    d_step {
        if
        :: prepared[BEHIND(steps)] && LENGTH(range[BEHIND(steps)]) > LENGTH(word) &&
           !(SHUNS && SUSPECT(LOW(range[BEHIND(steps)]))) ->
           victim = BEHIND(steps);
           word = range[victim]
        :: else
        fi
    }
}

inline claim_steal() {
    do
    :: look_at(1);
       look_at(2);
       if
       :: word == 0 -> break
       :: d_step {
              word != 0 ->
              if
#if FAULT != STEAL_BY_STORE
              :: range[victim] != word
#endif
              :: else ->
                 found = PACK(LOW(word) + LENGTH(word) / 2, HIGH(word));
                 range[victim] = PACK(LOW(word), LOW(found));
                 TOUCH
              fi;
              word = 0; victim = 0
          }
       OR_DIE
       fi;
       if
       :: found != 0 -> start_found(); break
       :: else
       fi
    od
}

/* ---- orphans --------------------------------------------------------------------------------- */

/* Where a loop of a load and a compare-and-swap computes the new word from the old one alone, it
 * has the effect of one step, that of the compare-and-swap that succeeds. */

/* take_front(): takes 1/parts of the range in a word, but at least `least` units. */
#define PART(units, parts) ((LENGTH(units) - 1) / (parts) + 1)
#define MOST(a, b) ((a) > (b) -> (a) : (b))
#define LEAST(a, b) ((a) < (b) -> (a) : (b))

inline take_front(place, parts, least) {
    if
    :: d_step {
           !EMPTY(place) ->
           units = LEAST(LENGTH(place), MOST(least, PART(place, parts)));
           found = PACK(LOW(place), LOW(place) + units);
           place = PACK(HIGH(found), HIGH(place));
           units = 0;
           TOUCH
       }
    :: EMPTY(place)
    OR_DIE
    fi
}

/* rpi_orphaned_work_take(). `suspects` and `length` stay while a lane takes work, and an entry stays
 * empty. */
inline take_from_queue() {
    do
    :: first >= (SHUNS -> suspects : length) -> break
    :: d_step { first < (SHUNS -> suspects : length) && EMPTY(queue[first]) -> first++; TOUCH }
    :: d_step { first < (SHUNS -> suspects : length) && !EMPTY(queue[first]) -> i = first };
       if
       :: i < suspects -> take_front(queue[i], LANES, CHUNK)
       :: else -> take_front(queue[i], PARTS, 1)
       fi;
       if
       :: found != 0 -> break
       :: else
       fi
    od;
    i = 0
}

inline take_orphaned_work() {
    take_from_queue();
    if
    :: found != 0 -> start_found()
    :: else
    fi
}

/* ---- looking for work ------------------------------------------------------------------------ */

inline find_work() {
    if
    :: coordinator == 0 /* no orphans yet, and no suspects */
    :: else ->
       take_orphaned_work()
    fi;
    if
    :: mine == 0 -> claim_steal()
    :: else
    fi
}

/* rpi_work_queue_done() for a closed queue: its result is sum == UNITS. If results survive deaths,
 * `done` only grows; then loading all at once gives the same results. */
inline sum_done() {
#if SAVED
    sum = prepared[0] * done[0] + prepared[1] * done[1] + prepared[2] * done[2]
#else
    sum = prepared[0] * done[0];
    sum = sum + prepared[1] * done[1];
    sum = sum + prepared[2] * done[2]
#endif
}

inline publish_finished() {
    STEP(range[me] = LANE_EMPTY);
    STEP(chunk[me] = LANE_SEEKS);
    if
    :: parked[me] != 0 -> STEP(parked[me] = 0)
    :: else /* the store changes nothing */
    fi;
    if
    :: done[me] == finished
    :: else ->
       STEP(done[me] = finished);
       sum_done();
       if
       :: sum == UNITS && FAULT != NO_NOTIFICATION -> sum = 0; notify_all()
       :: else -> sum = 0
       fi
    fi
}

/* search_work() and leave_job(); mine == 0 if the lane leaves. */
inline search_work() {
    publish_finished();
    do
    :: eventcount_key();
       if
       :: HOLDER(coordinator) != 0 && FAULT != NO_RECHECK -> park()
       :: else ->
          find_work();
          if
          :: mine != 0 -> break
          :: else
          fi;
          sum_done();
          if
          :: sum == UNITS -> check_done(); STEP(parked[me] = LANE_AWAY); break
          :: else -> sum = 0
          fi;
          if
          :: RECOVERY_NEEDED -> recover()
          :: else ->
             attend();
#if FAULT == KEY_LAST
             eventcount_key();
#endif
             eventcount_wait()
          fi
       fi
    od
}
