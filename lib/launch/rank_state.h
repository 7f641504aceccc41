/* What a rank's death would mean. A rank that dies cannot report it, so it records it in advance,
 * in a memory page shared with its supervisor: one store wherever a call that survives deaths
 * begins or ends. */
#ifndef RANKPOOL_LAUNCH_RANK_STATE_H
#define RANKPOOL_LAUNCH_RANK_STATE_H

#include "base/temporary_files.h"

#include <stdatomic.h>
#include <stdbool.h>

/* In the order in which a rank reaches them. */
enum rank_state {
    RANK_STARTED,     /* before rp_launch() */
    RANK_LAUNCHED,    /* after rp_launch(), without a pool */
    RANK_IN_MPI,      /* likewise, and it exits with MPI initialised by the program */
    RANK_OPENING,     /* in rp_open(), where all wait for each other */
    RANK_NEEDED,      /* its death would block the others, or leave them nothing to do */
    RANK_DISPENSABLE, /* the others would go on without it */
    RANK_LEAVING,     /* no rank waits for it: the pool is closed, and it may die */
    RANK_CLOSED,      /* no rank waits for it, but its death is a failure */
    RANK_STATES
};

/* The shared page.
 * rank_state   written by the rank (seq_cst)
 * interrupted  written by the supervisor (seq_cst) before it sends SIGUSR1 in place of this signal;
 *              0: none
 * told         written by the rank (seq_cst) before it aborts the job: it has printed why */
struct rank_state_page {
    _Atomic int rank_state;
    struct temporary_files files; /* for the supervisor to remove if the rank cannot */
    _Atomic int interrupted;
    _Atomic int told;
};

/* Creates this rank's page. Returns a file descriptor to send to the supervisor, or -1. */
int rpi_rank_state_open(void);

/* Sets this rank's state. Without a page no supervisor reads it. */
void rpi_rank_state_set(enum rank_state rank_state);

/* This rank's state, as set last. */
enum rank_state rpi_rank_state(void);

/* This rank has printed why it aborts the job, so the supervisor need not. Async-signal-safe. */
void rpi_rank_state_told(void);

/* The signal in whose place the supervisor sends SIGUSR1, or 0. Async-signal-safe. */
int rpi_rank_state_interrupted(void);

/* For the supervisor: maps the page behind that file. NULL on failure. */
struct rank_state_page *rpi_rank_state_map(int file);

void rpi_rank_state_unmap(struct rank_state_page *page);

/* Do the other ranks of this launch live on when one has died? Launchers allow that only on
 * request. Every pool that got true calls rpi_launch_part() at its end. */
bool rpi_launch_survives(void);
void rpi_launch_part(void);

#endif
