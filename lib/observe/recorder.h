/* The recorder: what one rank did, and when, in bounded memory. It is private to its rank, and
 * there only while the program records.
 *
 * An event is a slice, or a stretch of waiting or of moving data. Time between events is the
 * program's own. When there is no more room, neighbours that together last no longer than the
 * resolution become one event, and the resolution doubles until half of the room is free: what is
 * short is told less finely, what is long stays as it is, and no time and no item is lost. */
#ifndef RANKPOOL_OBSERVE_RECORDER_H
#define RANKPOOL_OBSERVE_RECORDER_H

#include "rankpool.h"

/* What a rank does. The order is that of pictures, from the ground up. */
enum activity {
    WORKING,
    COMMUNICATING,
    SCHEDULING,
    WAITING,
    ACTIVITIES
};

enum {
    LABELS = 16, /* different names of jobs that are kept */
    LABEL_BYTES = 40
};

struct event {
    double begin, end;         /* by the clock of the node */
    float seconds[ACTIVITIES]; /* what is missing is the program's own */
    int64_t first, items;      /* the first item of the first slice; items in all slices */
    uint32_t slices;           /* that ended here */
    uint32_t job;              /* 1, 2, ...; 0: none, or several */
    uint32_t label;            /* of the job: its place among the labels, counted from 1; 0: none */
    uint32_t steals;           /* that were needed for what came next */
};

/* What a rank has to tell beside its events. It travels between ranks as it is. */
struct tale {
    rp_rank_figures figures;
    int64_t jobs;
    double since, until; /* when recording began, and when this was told */
    uint32_t events;
    int slow;
    rp_slow_slice slowest[RP_SLOWEST]; /* the slowest first */
    char labels[LABELS][LABEL_BYTES];
};

struct recorder {
    struct tale tale;
    struct event *events;
    uint32_t capacity;
    double resolution;
    double mark; /* the end of the last event */

    uint32_t job, label;  /* at hand, or 0 */
    rp_range slice;       /* in hand; empty: none */
    double begun, moving; /* when that was; seconds in which its data were moved */
};

/* A recorder with room for so many events, at least 4; NULL: no memory. */
struct recorder *rpi_recorder_make(uint32_t capacity);

void rpi_recorder_drop(struct recorder *recorder);

/* Begins, or begins again. */
void rpi_recorder_start(struct recorder *recorder, double now);

/* A stretch of one activity. */
void rpi_record(struct recorder *recorder, enum activity activity, double begin, double end);

/* All since the last event was this. NULL: nothing is recorded. */
void rpi_record_until_now(struct recorder *recorder, enum activity activity);

/* A job begins, with its name or NULL; it has ended, after so many draws from batches. A slice that
 * is still in hand was given up. */
void rpi_record_job(struct recorder *recorder, const char *name);
void rpi_record_job_end(struct recorder *recorder, double now, uint64_t draws);

/* A claim: between the two moments, in which it waited for so long and stole so often. It ends the
 * slice that was in hand; `next` is in hand now, or NULL. */
void rpi_record_claim(struct recorder *recorder, double begin, double end, double waited,
                      uint64_t steals, const rp_range *next);

/* A slice from beginning to end, where slices are not claimed. */
void rpi_record_slice(struct recorder *recorder, double begin, double end, rp_range items);

/* What the recorder would tell now: the time up to now is told, and recording goes on. */
struct tale rpi_recorder_tell(const struct recorder *recorder, double now);

#endif
