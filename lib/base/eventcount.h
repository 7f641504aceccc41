/* Waiting for a word in shared memory to change: briefly awake, then asleep.
 *
 * Everything here works between threads of a process and between processes that share the word. */
#ifndef RANKPOOL_BASE_EVENTCOUNT_H
#define RANKPOOL_BASE_EVENTCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A word to wait on. Whoever makes news counts `news` up; whoever sleeps counts itself in
 * `sleepers`, so that news without sleepers costs no system call.
 *
 * news: written by everyone with seq_cst fetch_add after the stores it announces; read with acquire
 *       before looking for what it announces, so what was stored before is seen.
 * sleepers: counted up with seq_cst before `news` is compared by the kernel. Either the announcer
 *       sees the sleeper and wakes it, or the sleeper sees the news and does not sleep. */
struct eventcount {
    _Atomic uint32_t news;
    _Atomic uint32_t sleepers;
};

/* The news to compare with. Take it before looking at what one waits for. */
uint32_t rpi_eventcount_key(struct eventcount *word);

/* Announces what has been stored, and wakes everyone who sleeps. */
void rpi_eventcount_notify_all(struct eventcount *word);

/* Announces what has been stored, and wakes one sleeper. */
void rpi_eventcount_notify_one(struct eventcount *word);

/* Waits until the news differ from `seen`, but no longer than `most_seconds`. `spin`: stay awake
 * for some microseconds first, which is right while there is a core for everyone. */
void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds);

/* The same, asleep at once: for who has no core of its own to be awake on. */
void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds);

/* The patience of a rank that can only look again and again: it stays awake for a few looks (more
 * if `spin`), then sleeps between them, longer each time, up to a millisecond. Zero but for `spin`
 * at the beginning of a wait. */
struct backoff {
    bool spin;
    int looks;
    double sleep;
};

/* Waits for the next look. */
void rpi_backoff_wait(struct backoff *backoff);

/* Sleeps; signals may cut it short. */
void rpi_sleep(double seconds);

#endif
