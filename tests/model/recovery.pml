/* sched/recovery.c: the units of dead lanes become available to the others. */

/* rpi_recovery_lose(), by a lane that finds that another's lock is free (rpi_survival_look()). Both
 * words change once, so the look and the store are one step. */
inline attend() {
    if
    :: d_step { dead[1] && !lost[1] -> lost[1] = true; TOUCH }
    :: d_step { dead[2] && !lost[2] -> lost[2] = true; TOUCH }
    :: else
    fi
}

/* rpi_work_queue_needs_recovery(), with rpi_orphaned_work_exhausted(). */
#define RECOVERY_NEEDED \
    (lost[1] && state[1] == NONE || lost[2] && state[2] == NONE || more && first >= length)

/* become_coordinator(): epoch != 0 if this lane is one now. */
inline become_coordinator() {
    word = coordinator;
    if
    :: HOLDER(word) != 0 && !lost[HOLDER(word) - 1] -> word = 0
    :: else ->
       STEP(
           if
           :: coordinator == word ->
              epoch = EPOCH(word) + (HOLDER(word) == 0);
              coordinator = WORD(epoch, me + 1)
           :: else
           fi;
           word = 0
       )
    fi
}

inline step_down() {
    STEP(coordinator = WORD(epoch, 0); epoch = 0)
}

/* ---- waiting for the other lanes ------------------------------------------------------------- */

#define COMPUTING(lane_chunk, lane_range) \
    (lane_chunk != LANE_SEEKS && HIGH(lane_chunk) == LOW(lane_range))

#define PARKED(lane) (parked[lane] == epoch || parked[lane] == LANE_AWAY)

/* lane_quiescent(), for lane i: are all its units in its words? C leaves open in which order the
 * arguments of lane_computing() are loaded. */
inline lane_quiescent() {
    if
    :: PARKED(i) || FAULT == SEEKERS_IGNORED -> quiet = true
    :: else ->
       if
       :: lost[i] -> quiet = true
       :: else ->
          if
          :: word = chunk[i]; quiet = COMPUTING(word, range[i])
          :: word = range[i]; quiet = COMPUTING(chunk[i], word)
          fi;
          word = 0
       fi
    fi
}

inline await_quiescence() {
    i = 0;
    do
    :: i == LANES -> break
    :: i == me -> i++
    :: i < LANES && i != me ->
       eventcount_key();
       lane_quiescent();
       if
       :: quiet -> quiet = false; i++
       :: else -> attend(); eventcount_wait()
       fi
    od;
    i = 0
}

/* rpi_recovery_park() */
inline park() {
    do
    :: eventcount_key();
       word = coordinator;
       if
       :: HOLDER(word) == 0 -> break
       :: else
       fi;
       if
       :: parked[me] != EPOCH(word) -> STEP(parked[me] = EPOCH(word))
       :: else
       fi;
       if
       :: lost[HOLDER(word) - 1] -> word = 0; recover()
       :: else -> word = 0; attend(); eventcount_wait()
       fi
    od;
    word = 0;
    if
    :: parked[me] != 0 -> STEP(parked[me] = 0)
    :: else
    fi
}

/* ---- finding lost units ---------------------------------------------------------------------- */

/* scan_log(): adds the units in the log of lane i to `covered`. */
inline scan_log() {
    limit = extent[i];
    do
    :: j == limit -> break
    :: d_step { j < limit -> covered = covered | SET(ENTRY(i, j)); j++ }
    od;
    limit = 0;
    j = 0
}

/* settle_dead_worker(), for lane i. No other lane changes the words of a lost one by then, so they
 * are loaded in one step: rpi_recovery_lost_chunk(), rpi_work_queue_deaths(). Other lanes look
 * at `done` alone of the words that it stores, since none searches. */
inline settle_dead_worker() {
    STEP(
        if
        :: prepared[i] || FAULT == DEAD_TRUSTED ->
           do
           :: j < extent[i] -> covered = covered | SET(ENTRY(i, j)); j++
           :: else -> break
           od;
           word = chunk[i];
           if
           :: EMPTY(word) || covered & (1 << LOW(word)) -> word = 0
           :: else
           fi;
           gives_up = word != 0 && DIED_IN(1, LOW(word)) + DIED_IN(2, LOW(word)) + 1 >= LIMIT
        :: else
        fi;
        done[i] = (SAVED -> COUNT(covered) : 0) + (gives_up -> LENGTH(word) : 0);
        covered = 0;
        j = 0
    );
    STEP(range[i] = LANE_EMPTY; dead_chunk[i] = word; word = 0);
    STEP(state[i] = (gives_up -> GIVEN_UP : SETTLED); gives_up = false)
}

/* scan_lane(), for lane i, which lives, or whose death will be handled next. */
inline scan_lane() {
#if FAULT == LOG_FIRST
    scan_log();
#endif
    do
    :: eventcount_key();
       word = chunk[i];
       found = range[i];
       if
       :: word == LANE_SEEKS || COMPUTING(word, found) || lost[i] -> break
       :: else -> eventcount_wait()
       fi
    od;
    covered = covered | SET(word) | SET(found);
    word = 0;
    found = 0;
#if FAULT != LOG_FIRST
    scan_log()
#endif
}

/* scan_dead_worker(), for lane i. Only the coordinator changes its words. */
inline scan_dead_worker() {
    d_step {
        covered = covered | (state[i] == GIVEN_UP -> SET(dead_chunk[i]) : 0);
        do
        :: SAVED && (prepared[i] || FAULT == DEAD_TRUSTED) && j < extent[i] ->
           covered = covered | SET(ENTRY(i, j));
           j++
        :: else -> break
        od;
        j = 0
    }
}

/* Does this unit belong into one entry with unit `word` before it? Not the same deaths, as in the
 * library, but suspects or none: the difference shows only after three deaths. */
#define JOINS(unit) (unit < UNITS && BIT(covered, unit) == 0 && SUSPECT(unit) == SUSPECT(word))

/* Adds the gaps in `covered` of one kind to the queue, as far as there is room. */
inline queue_gaps(kind) {
    j = 0;
    do
    :: j < UNITS && BIT(covered, j) == 0 && SUSPECT(j) == kind ->
       word = j;
       do
       :: JOINS(j) -> j++
       :: else -> break
       od;
       if
       :: i < QUEUE -> queue[i] = PACK(word, j)
       :: else
       fi;
       i++
    :: j < UNITS && !(BIT(covered, j) == 0 && SUSPECT(j) == kind) -> j++
    :: j == UNITS -> break
    od
}

/* queue_lost_units(), with suspects last. The root defers none: there are no other nodes. */
inline queue_lost_units() {
    STEP(
        i = 0;
        queue_gaps(false);
        limit = (i > QUEUE -> QUEUE : i);
        queue_gaps(true);
        j = 0; word = 0; covered = 0
    );
    STEP(first = 0; suspects = limit; more = (i > QUEUE); limit = 0);
    STEP(length = (i > QUEUE -> QUEUE : i); i = 0)
}

inline recover_lost_units() {
    i = 0;
    do
    :: i < LANES && lost[i] && state[i] == NONE -> settle_dead_worker(); i++
    :: i < LANES && !(lost[i] && state[i] == NONE) -> i++
    :: i == LANES -> break
    od;
    i = 0;
    do
    :: i < LANES ->
       if
       :: state[i] != NONE -> scan_dead_worker()
       :: state[i] == NONE && prepared[i] -> scan_lane()
       :: else
       fi;
       i++
    :: else -> break
    od;
    queue_lost_units()
}

/* rpi_recover() */
inline recover() {
    become_coordinator();
    if
    :: epoch != 0 ->
       await_quiescence();
       recover_lost_units();
       step_down()
    :: else
    fi
}
