/* The deques of a worklist on three lanes, of which up to DEATHS die, between any two steps: pops and
 * pushes, commits, sharing, steals, the end, and the settling of a dead lane's deque
 * (sched/split_deque.c, sched/deque_group.c). With LINK, the third lane is the link of a node: it
 * computes nothing, but lends an item at a time, gets it or its result back, and decides when all
 * is done.
 *
 * The words and the order of accesses to them are those of the library; memory is sequentially
 * consistent. Lanes that wait look again and again: what wakes them is not in this model. The tree:
 * item 0 adds 1 and 2, item 1 adds 3; with LINK, item 3 comes from another node. Options, by -D:
 *
 * DEATHS  how many lanes may die
 * BATCH   items between two commits, at most
 * LINK    how many items the link lends
 * FAULT   a fault to seed */
#ifndef FAULT
#define FAULT 0
#endif
#define ONE_SCAN 1      /* the end is seen without counting activations */
#define LOCKS_KEPT 2    /* the locks that a dead lane holds are not freed before it is settled */
#define ALWAYS_UNDONE 3 /* a dead thief's steal is undone although it was committed */
#define POPPED_LATE 4   /* children overwrite an entry before it counts as popped */
#define POPPED_KEPT 5   /* `popped` is not reset by a commit */
#define OFFER_BY_STORE 6 /* the link offers entries by a store, not by compare-and-swap */
#define REST_KEPT 7      /* the link does not offer what exceeds a loan */
#define LINK_TRUSTED 8   /* the end is seen without looking at the link's deque */

#ifndef LINK
#define LINK 0
#endif

#define LANES 3
#define ROOT 0 /* never dies */
#define LINKS 2 /* the link's deque, if there is one */
#define ITEMS 4
#define CAPACITY 4
#define ALL 15

/* struct split_deque: low and high are one word; ctop, csteals and parity are one; tvictim, tsteals
 * and tlow are one. */
byte low[LANES], high[LANES], floor[LANES], lock[LANES], thief[LANES];
byte ctop[LANES], csteals[LANES], tvictim[LANES], tsteals[LANES], tlow[LANES];
bit parity[LANES], settled[LANES], idle[LANES];
byte popped[6], results[6]; /* by lane and parity; a result is a set of items */
byte ring[12], logged[6];
#define RING(lane, i) ring[(lane) * CAPACITY + (i) % CAPACITY]

/* struct deque_group */
byte activated; /* a bit for each lane: there were activations since it began to look */
bool over;

byte away; /* items on another node: a set */

/* What the kernel knows, and lane_lost(). */
bit dead[LANES], lost[LANES];
byte deaths;

#if DEATHS > 0
#define OR_DIE :: deaths < DEATHS && me != ROOT -> die(); goto gone
#else
#define OR_DIE
#endif
#define STEP(store) if :: d_step { store } OR_DIE fi

inline die() {
    d_step {
        dead[me] = true; deaths++;
        top = 0; base = 0; end = 0; k = 0; n = 0; item = 0; i = 0; j = 0; lo = 0; hi = 0; steals = 0;
        p = 0; found = false; quiet = false
    }
}

#define VALID(lane) results[(lane) * 2 + parity[lane]]

/* Every item is in the result of one lane. */
inline check_results() {
    assert((VALID(0) | VALID(1) | VALID(2)) == ALL);
    assert(!(VALID(0) & VALID(1)) && !(VALID(0) & VALID(2)) && !(VALID(1) & VALID(2)))
}

/* ---- the owner ------------------------------------------------------------------------------- */

inline push(child) {
    STEP(RING(me, top) = child; top++)
}

inline count_popped() {
    STEP(k++; popped[me * 2 + p] = k)
}

/* deque_pop() and the task. */
inline compute_item() {
    top--;
    item = RING(me, top);
    found = (top == base - k - 1);
    if
    :: found -> STEP(logged[me * 2 + k] = item)
    :: else
    fi;
#if FAULT != POPPED_LATE
    if
    :: found -> count_popped()
    :: else
    fi;
#endif
    if
    :: item == 0 -> push(1); push(2)
    :: item == 1 && !LINK -> push(3)
    :: else
    fi;
#if FAULT == POPPED_LATE
    if
    :: found -> count_popped()
    :: else
    fi;
#endif
    found = false;
    STEP(
        assert(!(results[me * 2 + 1 - p] & (1 << item)));
        results[me * 2 + 1 - p] = results[me * 2 + 1 - p] | (1 << item);
        item = 0
    )
}

/* rpi_deque_commit() */
inline commit() {
#if FAULT != POPPED_KEPT
    STEP(popped[me * 2 + 1 - p] = 0);
#endif
    STEP(ctop[me] = top; parity[me] = 1 - p; base = top; p = 1 - p; k = 0);
    STEP(results[me * 2 + 1 - p] = results[me * 2 + p]);
    if /* owner_share() */
    :: base - end >= 2 ->
       d_step { lo = low[me]; hi = high[me] };
       if
       :: lo == hi ->
          STEP(
              if
              :: low[me] == lo && high[me] == hi -> end = end + (base - end) / 2; high[me] = end
              :: else
              fi
          )
       :: else
       fi;
       lo = 0; hi = 0
    :: else
    fi
}

/* rpi_deque_reclaim(): found. A compare-and-swap that fails is repeated. */
inline reclaim() {
    STEP(
        found = (low[me] != high[me]);
        if
        :: found -> high[me] = low[me] + (high[me] - low[me]) / 2; end = high[me]
        :: else
        fi
    )
}

/* ---- thieves --------------------------------------------------------------------------------- */

/* rpi_deque_steal() from lane i. */
inline steal() {
    STEP(
        found = (lock[i] == 0);
        if
        :: found -> lock[i] = me + 1
        :: else
        fi
    );
    if
    :: found ->
       STEP(thief[i] = me + 1);
       STEP(
           lo = low[i];
           hi = lo + (high[i] - low[i] + 1) / 2;
           if
           :: hi - lo > CAPACITY - (top - floor[me]) -> hi = lo + CAPACITY - (top - floor[me])
           :: else
           fi;
           low[i] = hi
       );
       found = (lo != hi);
       do
       :: lo != hi -> STEP(RING(me, top) = RING(i, lo); top++; lo++)
       :: else -> break
       od;
       if
       :: found ->
          steals++;
          base = top;
          STEP(tvictim[me] = i; tsteals[me] = steals; tlow[me] = hi);
          STEP(ctop[me] = top; csteals[me] = steals);
          STEP(floor[i] = hi)
       :: else
       fi;
       STEP(lock[i] = 0; lo = 0; hi = 0)
    :: else
    fi
}

/* ---- the dead -------------------------------------------------------------------------------- */

/* rpi_deque_unlock_dead() for the deque of lane j, whose lock lane i may hold. */
inline unlock_dead() {
    STEP(
        found = (lock[j] == i + 1);
        if
        :: found -> lock[j] = me + 1
        :: else
        fi
    );
    if
    :: found ->
       found = false;
       d_step { lo = floor[j]; hi = low[j]; item = thief[j] };
       if
       :: lo == hi
       :: lo != hi ->
          item = item - 1;
          if
          :: FAULT != ALWAYS_UNDONE && tvictim[item] == j && tlow[item] == hi &&
             tsteals[item] == csteals[item] -> STEP(floor[j] = hi)
          :: else -> STEP(low[j] = lo)
          fi
       fi;
       STEP(lock[j] = 0; lo = 0; hi = 0; item = 0)
    :: else
    fi
}

/* rpi_deque_settle() of lane i. */
inline settle() {
    STEP(
        found = (lock[i] == 0);
        if
        :: found -> lock[i] = me + 1
        :: else
        fi
    );
    if
    :: found ->
       found = false;
       d_step { lo = ctop[i]; hi = popped[i * 2 + parity[i]]; j = 0 };
       do
       :: j != hi -> STEP(RING(i, lo - 1 - j) = logged[i * 2 + j]; j++)
       :: else -> break
       od;
       STEP(popped[i * 2 + parity[i]] = 0; j = 0; hi = 0);
       STEP(high[i] = lo; lo = 0);
       STEP(lock[i] = 0);
       STEP(idle[i] = 0);
       STEP(settled[i] = 1)
    :: else
    fi
}

inline settle_all() {
    i = 1;
    do
    :: i == LANES -> break
    :: i < LANES && lost[i] && !settled[i] ->
       j = 0;
       do
       :: j == LANES || FAULT == LOCKS_KEPT -> break
       :: j < LANES && FAULT != LOCKS_KEPT -> unlock_dead(); j++
       od;
       j = 0;
       settle();
       i++
    :: i < LANES && !(lost[i] && !settled[i]) -> i++
    od;
    i = 0
}

/* ---- search ---------------------------------------------------------------------------------- */

#define UNSETTLED(lane) (lost[lane] && !settled[lane])
#define PROMISING (low[0] != high[0] || low[1] != high[1] || low[2] != high[2] || \
                   UNSETTLED(1) || UNSETTLED(2))

/* search_take() */
inline take() {
    STEP(idle[me] = 0);
    STEP(activated = 7);
    settle_all();
    reclaim();
    if
    :: found
    :: else ->
       i = 0;
       do
       :: i == LANES || found -> break
       :: i < LANES && !found && i != me && low[i] != high[i] && lock[i] == 0 ->
          steal();
          i++
       :: i < LANES && !found && !(i != me && low[i] != high[i] && lock[i] == 0) -> i++
       od;
       i = 0
    fi;
    if
    :: found
    :: else -> STEP(activated = 7); STEP(idle[me] = 1)
    fi
}

/* group_over(): quiet. */
inline look_for_end() {
    d_step { activated = activated & ~(1 << me); quiet = true; i = 0 };
    do
    :: i == LANES || !quiet -> break
    :: i < LANES && quiet ->
       quiet = settled[i] || idle[i] || (LINK && i == LINKS);
       if
       :: quiet -> quiet = (low[i] == high[i] || (FAULT == LINK_TRUSTED && i == LINKS))
       :: else
       fi;
       i++
    od;
    i = 0;
    if
    :: quiet && FAULT != ONE_SCAN -> quiet = !(activated & (1 << me))
    :: else
    fi
}

/* rpi_deque_search(): found, or it is over. */
inline search() {
    reclaim();
    if
    :: found
    :: else ->
       STEP(idle[me] = 1);
       do
       :: over || found -> break
       :: !over && !found ->
          if /* rpi_survival_look() */
          :: d_step { dead[1] && !lost[1] -> lost[1] = 1 }
          :: d_step { dead[2] && !lost[2] -> lost[2] = 1 }
          :: !over && PROMISING -> take()
          :: LINK && over
          :: !LINK ->
             look_for_end();
             if
             :: quiet -> STEP(check_results(); over = true; quiet = false)
             :: else
             fi
          fi
       od
    fi
}

proctype worker(byte me) {
    byte top, base, end, k, n, item, i, j, lo, hi, steals;
    bit p;
    bool found, quiet;
    top = ctop[me];
    base = top;
    do
    :: over -> break
    :: !over ->
       do
       :: top == end -> break
       :: top != end ->
          n = 0;
          do
          :: top == end || n == BATCH -> break
          :: top != end && n < BATCH -> compute_item(); n++
          od;
          n = 0;
          commit()
       od;
       search();
       found = false
    od;
gone:
    skip
}

/* ---- the link -------------------------------------------------------------------------------- */

/* rpi_deque_offer() */
inline offer() {
    base = top;
    STEP(ctop[me] = top);
#if FAULT == OFFER_BY_STORE
    lo = low[me];
    STEP(low[me] = lo; lo = 0);
#endif
    STEP(high[me] = top; end = top)
}

/* lend_collect(): of two entries, one stays. */
inline lend() {
    reclaim();
    i = 0;
    do
    :: i == LINKS -> break
    :: i < LINKS && low[i] != high[i] && lock[i] == 0 && top - end < 2 -> steal(); i++
    :: i < LINKS && !(low[i] != high[i] && lock[i] == 0 && top - end < 2) -> i++
    od;
    i = 0; found = false;
    if /* rpi_deque_remove() */
    :: top != end ->
       STEP(top--; item = RING(me, top); assert(!(away & (1 << item))); away = away | (1 << item));
       base = top; item = 0; n++;
       STEP(ctop[me] = top)
    :: else
    fi;
#if FAULT == REST_KEPT
    base = top
#else
    offer()
#endif
}

/* lend_feed() */
inline feed() {
    item = 0;
    do
    :: away & (1 << item) -> break
    :: else -> item++
    od;
    STEP(RING(me, top) = item; top++; away = away & ~(1 << item); item = 0);
    offer()
}

#if LINK
proctype link(byte me) {
    byte top, base, end, n, item, i, lo, hi, steals;
    bool found, quiet;
    do
    :: over -> break
    :: !over && away == 0 && n < LINK && PROMISING -> lend()
    :: away != 0 -> feed()
    :: away != 0 -> STEP(VALID(me) = VALID(me) | away; away = 0) /* it was computed there */
    :: !over && away == 0 ->
       look_for_end();
       if
       :: quiet -> STEP(check_results(); over = true; quiet = false)
       :: else
       fi
    od
}
#endif

init {
    d_step {
        RING(1, 0) = 0; /* the seed, with a lane that may die */
        ctop[1] = 1;
        away = (LINK -> 1 << 3 : 0)
    }
    atomic {
        run worker(0);
        run worker(1);
#if LINK
        run link(LINKS)
#else
        run worker(2)
#endif
    }
}
