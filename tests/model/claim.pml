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

/* claim_units() of the schedule `dynamic` */
#define SOME(units) (LENGTH(units) < CHUNK -> LENGTH(units) : CHUNK)

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

/* start_part(): `found` becomes a chunk of at most so many units and the rest behind it. */
inline start_part(most) {
    word = PACK(LOW(found), LOW(found) + (LENGTH(found) < most -> LENGTH(found) : most));
    start_chunk(word);
    STEP(range[me] = PACK(HIGH(mine), HIGH(found)));
    if
    :: HIGH(mine) < HIGH(found) -> found = 0; notify_one()
    :: else -> found = 0
    fi
}

/* ---- other lanes' ranges --------------------------------------------------------------------- */

#define BEHIND(steps) ((me + steps) % LANES)

/* One step of longest_lane(). */
inline look_at(steps) {
    d_step {
        if
        :: prepared[BEHIND(steps)] && LENGTH(range[BEHIND(steps)]) > LENGTH(word) ->
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
       :: found != 0 -> start_part(CHUNK); break
       :: else
       fi
    od
}

/* ---- orphans and suspects -------------------------------------------------------------------- */

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

/* rpi_orphaned_work_take_suspects(). No coordinator changes `state` while a lane takes work. */
inline take_suspects() {
    if
    :: state[1] != NONE -> take_front(left[1], PARTS, 1)
    :: else
    fi;
    if
    :: found == 0 && state[2] != NONE -> take_front(left[2], PARTS, 1)
    :: else
    fi
}

inline look_at_suspects(steps) {
    d_step {
        if
        :: prepared[BEHIND(steps)] && !lost[BEHIND(steps)] &&
           LENGTH(suspects[BEHIND(steps)]) > LENGTH(word) ->
           victim = BEHIND(steps);
           word = suspects[victim]
        :: else
        fi
    }
}

/* rpi_suspects_steal() */
inline steal_suspects() {
    do
    :: look_at_suspects(1);
       look_at_suspects(2);
       if
       :: word == 0 -> break
       :: d_step {
              word != 0 ->
              if
              :: suspects[victim] == word ->
                 found = PACK(LOW(word) + LENGTH(word) / 2, HIGH(word));
                 suspects[victim] = PACK(LOW(word), LOW(found));
                 TOUCH
              :: else
              fi;
              word = 0; victim = 0
          }
       OR_DIE
       fi;
       if
       :: found != 0 -> break
       :: else
       fi
    od
}

/* start_next_suspect(), with rpi_suspects_next() */
inline start_next_suspect() {
    take_front(suspects[me], UNITS, 1);
    if
    :: found != 0 -> start_part(1)
    :: else
    fi
}

inline start_suspects() {
    if
    :: LENGTH(found) > 1 ->
       STEP(suspects[me] = PACK(LOW(found) + 1, HIGH(found)));
       notify_one()
    :: else /* the store leaves the word empty */
    fi;
    found = PACK(LOW(found), LOW(found) + 1);
    start_part(1)
}

/* rpi_orphaned_work_take(). `length` stays while a lane takes work, and an entry stays empty. */
inline take_from_queue() {
    do
    :: first >= length -> break
    :: d_step { first < length && EMPTY(queue[first]) -> first++; TOUCH }
    :: d_step { first < length && !EMPTY(queue[first]) -> i = first };
       take_front(queue[i], LANES, CHUNK);
       if
       :: found != 0 -> break
       :: else
       fi
    od;
    i = 0
}

/* take_orphaned_work(), in a job that cannot forgo suspects. */
inline take_orphaned_work() {
    if
    :: me != ROOT || lost[1] + lost[2] == 2 ->
       take_suspects();
       if
       :: found == 0 -> steal_suspects()
       :: else
       fi
    :: else
    fi;
    if
    :: found != 0 -> start_suspects()
    :: else ->
       take_from_queue();
       if
       :: found != 0 -> start_part(CHUNK)
       :: else
       fi
    fi
}

/* ---- looking for work ------------------------------------------------------------------------ */

inline find_work() {
    if
    :: coordinator == 0 /* no orphans yet, and no suspects */
    :: else ->
       start_next_suspect();
       if
       :: mine == 0 -> take_orphaned_work()
       :: else
       fi
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
