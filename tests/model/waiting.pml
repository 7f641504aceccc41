/* base/eventcount.c, without its words: a bit for each lane tells whether the sequence has changed
 * since the lane read it, and another whether the lane sleeps.
 *
 * Without deaths no bound ends a wait, so a lost wake-up is a deadlock. A death may take a wake-up
 * with it; from then on waits end at any time. Another look has the same result as the last while
 * no word changes, so a wait then ends when any word has changed (TOUCH in queue.pml), and units
 * that no lane can find are a deadlock. */
byte changed, asleep;

inline eventcount_key() {
    changed = changed & ~(1 << me)
}

inline notify_all() {
    if
    :: d_step { deaths == 0 -> changed = (1 << LANES) - 1; asleep = 0 }
    :: deaths > 0
    fi
}

inline notify_one() {
    if
    :: atomic {
           deaths == 0 -> changed = (1 << LANES) - 1;
           if
           :: asleep & 1 -> asleep = asleep & ~1
           :: asleep & 2 -> asleep = asleep & ~2
           :: asleep & 4 -> asleep = asleep & ~4
           :: asleep == 0
           fi
       }
    :: deaths > 0
    fi
}

inline eventcount_wait() {
    if
    :: changed & (1 << me)
    :: d_step { deaths == 0 && !(changed & (1 << me)) -> asleep = asleep | (1 << me) };
       !(asleep & (1 << me))
    OR_DIE
    fi
}
