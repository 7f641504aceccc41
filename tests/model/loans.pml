/* Loans between the nodes of a worklist and its end (sched/loans.c, worklist/lend.c, and what
 * distrib/node_link.c does for it): requests, answers, loans that come back, lifelines, the close,
 * and a stop at any moment.
 *
 * A step of a link is one step of the model, and so is an item: what happens between ranks and link
 * on a node is in deques.pml. Messages from one node to another arrive in order; the entries of a
 * loan arrive at any time after its message. Victims are chosen in all ways. The tree: item 0 adds
 * 1 and 2, item 2 adds 3 and 4, item 4 adds 5 and 6. Options, by -D:
 *
 * NODES  number of nodes, 2 or 3
 * RANKS  of a node
 * ITEMS  3, 5 or 7 of the items above
 * STOPS  1: any rank may stop the job
 * FAULT  a fault to seed */
#ifndef RANKS
#define RANKS 1
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef FAULT
#define FAULT 0
#endif
#define LENT_FORGOTTEN 1   /* a loan goes back although what was lent on of it is not back */
#define ARRIVING_IGNORED 2 /* likewise, although entries are on their way */
#define NEVER_ENGAGED 3    /* each loan goes back at once, also the first */
#define SECOND_KEPT 4      /* a loan to a node that is engaged does not go back */
#define LIFELINES_KEPT 5   /* who was asked as a lifeline does not answer at the end */
#define OVER_AT_ONCE 6     /* the root dismisses each node that has finished */
#define LATE_LOAN_KEPT 7   /* a loan that arrives after the close does not go back */
#define STOP_KEEPS 8       /* a node that is closed keeps its first loan */

#define ROOT 0
#ifndef LOAN_TRIES
#define LOAN_TRIES 2
#endif
#define ALL ((1 << ITEMS) - 1)
#define CHILDREN(item) ((((item) == 0) * 6 + ((item) == 2) * 24 + ((item) == 4) * 96) & ALL)
#define BIT(set, item) ((set) >> (item) & 1)
#define COUNT(set) (BIT(set, 0) + BIT(set, 1) + BIT(set, 2) + BIT(set, 3) + BIT(set, 4) + \
                    BIT(set, 5) + BIT(set, 6))
#define AT(node, other) ((node) * NODES + (other))
#define LAST (NODES - 1)

mtype = { ASK, NONE, ITEMS_LENT, BACK, STOP, CLOSED, FINISHED, OVER };
#define NOW 1
#define LATER 2

/* From node to node; the number is what a request asks for, a set of items, or whether to stop. */
chan messages[NODES * NODES] = [6] of { mtype, byte };

/* A node's items, as sets: waiting, in progress, and of loans whose message has come. */
byte waiting[NODES], busy[NODES], arriving[NODES];
byte done; /* items of all nodes */

/* struct loans */
byte asked[NODES * NODES], wanted[NODES * NODES], lent[NODES * NODES], tries[NODES];
bit engaged[NODES];
byte lender[NODES];

/* struct node_link, struct lend, and the work queue's `stop` */
bit closed[NODES], finish_sent[NODES], stop_sent[NODES], dismissed[NODES], ended[NODES];
bit stopped[NODES];
bit stopped_all; /* on the root */
byte unfinished = NODES;

inline post(to, kind, number) {
    assert(!ended[to] && nfull(messages[AT(me, to)]));
    messages[AT(me, to)]!kind,number
}

inline post_all(kind, number) {
    i = 0;
    do
    :: i < NODES -> post(i, kind, number); i++
    :: else -> break
    od;
    i = 0
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The first lifeline that has not been asked; NODES: all have. */
inline find_lifeline() {
    k = 1; other = NODES;
    do
    :: k < NODES ->
       if
       :: (me ^ k) < NODES && asked[AT(me, me ^ k)] == 0 -> other = me ^ k; break
       :: else -> k = k * 2
       fi
    :: else -> break
    od;
    k = 0
}

/* rpi_loans_ask() */
inline ask() {
    other = NODES; k = NOW;
    if
    :: tries[me] < LOAN_TRIES ->
       tries[me]++;
       if
       :: me != 0 -> other = 0
       :: me != 1 -> other = 1
#if NODES > 2
       :: me != 2 -> other = 2
#endif
       fi
    :: else
    fi;
    if
    :: other == NODES || asked[AT(me, other)] != 0 -> find_lifeline(); k = LATER
    :: else
    fi;
    if
    :: other < NODES -> asked[AT(me, other)] = k; post(other, ASK, k)
    :: else
    fi;
    k = 0; other = 0
}

#define ASKS_MORE (tries[me] < LOAN_TRIES || \
                   ((me ^ 1) < NODES && asked[AT(me, me ^ 1)] == 0) || \
                   (NODES > 2 && (me ^ 2) < NODES && asked[AT(me, me ^ 2)] == 0))

/* ---- lending --------------------------------------------------------------------------------- */

/* Answers node j: with one item, with all, or with none if there is no surplus, or the ranks were
 * faster. */
inline answer() {
    number = 0;
    if
    :: !closed[me] && COUNT(busy[me]) == RANKS && waiting[me] != 0 ->
       if
       :: number = waiting[me]
       :: number = waiting[me] & (0 - waiting[me])
       :: wanted[AT(me, j)] == NOW
       fi
    :: else
    fi;
    wanted[AT(me, j)] = 0;
    if
    :: number != 0 ->
       waiting[me] = waiting[me] & ~number;
       lent[AT(me, j)]++;
       post(j, ITEMS_LENT, number)
    :: else -> post(j, NONE, 0)
    fi;
    number = 0
}

#define OWES(other) (wanted[AT(me, other)] == NOW || (wanted[AT(me, other)] == LATER && \
                     ((closed[me] && FAULT != LIFELINES_KEPT) || \
                      (!closed[me] && COUNT(busy[me]) == RANKS && waiting[me] != 0))))

/* ---- the end --------------------------------------------------------------------------------- */

inline give_back(to) {
    post(to, BACK, 0)
}

/* lend_settle() of a node that is drained and engaged, and with nothing lent. */
inline settle() {
    if
    :: me != ROOT -> engaged[me] = 0; give_back(lender[me])
    :: else ->
       assert(done == ALL || stopped_all);
       closed[me] = 1;
       post_all(CLOSED, stopped_all)
    fi
}

#define DRAINED (waiting[me] == 0 && busy[me] == 0)
#define ALL_BACK (lent[AT(me, 0)] == 0 && lent[AT(me, 1)] == 0 && lent[AT(me, LAST)] == 0)
#define ALL_ANSWERED (asked[AT(me, 0)] == 0 && asked[AT(me, 1)] == 0 && asked[AT(me, LAST)] == 0)

/* ---- messages -------------------------------------------------------------------------------- */

inline borrow(from, items) {
    assert(asked[AT(me, from)] != 0);
    asked[AT(me, from)] = 0;
    arriving[me] = arriving[me] | items;
    tries[me] = 0;
    if
    :: closed[me] ->
       if
       :: FAULT != LATE_LOAN_KEPT -> give_back(from)
       :: else
       fi
    :: !closed[me] && engaged[me] ->
       if
       :: FAULT != SECOND_KEPT -> give_back(from)
       :: else
       fi
    :: !closed[me] && !engaged[me] ->
       if
       :: FAULT != NEVER_ENGAGED -> engaged[me] = 1; lender[me] = from
       :: else -> give_back(from)
       fi
    fi
}

inline close() {
    closed[me] = 1;
    if
    :: number -> stop_sent[me] = 1; stopped[me] = 1
    :: else
    fi;
    if
    :: engaged[me] && me != ROOT && FAULT != STOP_KEEPS ->
       engaged[me] = 0;
       give_back(lender[me])
    :: else
    fi
}

inline read() {
    if
    :: kind == ASK -> assert(wanted[AT(me, j)] == 0); wanted[AT(me, j)] = number
    :: kind == NONE -> assert(asked[AT(me, j)] != 0); asked[AT(me, j)] = 0
    :: kind == ITEMS_LENT -> borrow(j, number)
    :: kind == BACK -> assert(lent[AT(me, j)] > 0); lent[AT(me, j)]--
    :: kind == STOP ->
       if
       :: !stopped_all -> stopped_all = 1; post_all(CLOSED, 1)
       :: else
       fi
    :: kind == CLOSED -> close()
    :: kind == FINISHED ->
       unfinished--;
       if
       :: FAULT == OVER_AT_ONCE -> post(j, OVER, 0)
       :: FAULT != OVER_AT_ONCE && unfinished == 0 -> post_all(OVER, 0)
       :: else
       fi
    :: kind == OVER -> dismissed[me] = 1
    fi;
    kind = 0; number = 0
}

/* ---- nodes ----------------------------------------------------------------------------------- */

proctype node(byte me) {
    byte i, j, k, other, number;
    mtype kind;
    do
    /* ranks */
    :: atomic {
        !stopped[me] && waiting[me] != 0 && COUNT(busy[me]) < RANKS ->
        number = waiting[me] & (0 - waiting[me]);
        waiting[me] = waiting[me] & ~number;
        busy[me] = busy[me] | number;
        number = 0
    }
    :: atomic {
        !stopped[me] && busy[me] != 0 ->
        k = 0;
        do
        :: BIT(busy[me], k) -> break
        :: else -> k++
        od;
        assert(!(done & (1 << k)));
        done = done | (1 << k);
        busy[me] = busy[me] & ~(1 << k);
        waiting[me] = waiting[me] | CHILDREN(k);
        k = 0
    }
    :: atomic { STOPS && !stopped[me] && !finish_sent[me] -> stopped[me] = 1 }
    /* the link: messages */
    :: atomic { messages[AT(0, me)]?kind,number -> j = 0; read(); j = 0 }
    :: atomic { messages[AT(1, me)]?kind,number -> j = 1; read(); j = 0 }
#if NODES > 2
    :: atomic { messages[AT(2, me)]?kind,number -> j = 2; read(); j = 0 }
#endif
    :: atomic {
        stopped[me] && !stop_sent[me] && !finish_sent[me] ->
        stop_sent[me] = 1;
        post(ROOT, STOP, 0)
    }
    /* lend_feed_arrived() */
    :: atomic {
        arriving[me] != 0 ->
        if
        :: closed[me]
        :: else -> waiting[me] = waiting[me] | arriving[me]
        fi;
        arriving[me] = 0
    }
    /* lend_answer_all(); who waits is answered first */
    :: atomic { OWES(0) -> j = 0; answer(); j = 0 }
    :: atomic { OWES(1) -> j = 1; answer(); j = 0 }
#if NODES > 2
    :: atomic { OWES(2) -> j = 2; answer(); j = 0 }
#endif
    /* lend_ask(), after any pause */
    :: atomic {
        !closed[me] && arriving[me] == 0 && waiting[me] == 0 && COUNT(busy[me]) < RANKS &&
        ASKS_MORE && asked[AT(me, 0)] != NOW && asked[AT(me, 1)] != NOW &&
        asked[AT(me, LAST)] != NOW ->
        ask()
    }
    /* lend_settle() */
    :: atomic {
        !closed[me] && (arriving[me] == 0 || FAULT == ARRIVING_IGNORED) && DRAINED && engaged[me] &&
        (ALL_BACK || (FAULT == LENT_FORGOTTEN && me != ROOT)) ->
        settle()
    }
    /* lend_finish() */
    :: atomic {
        closed[me] && !finish_sent[me] && arriving[me] == 0 && ALL_BACK && ALL_ANSWERED ->
        finish_sent[me] = 1;
        post(ROOT, FINISHED, 0)
    }
    :: atomic {
        dismissed[me] && (me != ROOT || unfinished == 0) ->
        ended[me] = 1;
        assert(empty(messages[AT(0, me)]) && empty(messages[AT(1, me)]));
        assert(empty(messages[AT(LAST, me)]));
        assert(done == ALL || stopped_all);
        break
    }
    od
}

init {
    d_step {
        waiting[ROOT] = 1;
        engaged[ROOT] = 1
    }
    atomic {
        run node(0);
        run node(1);
#if NODES > 2
        run node(2)
#endif
    }
}
