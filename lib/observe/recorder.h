/* The recorder: what one rank did, and when, in bounded memory. It is private to its rank, and
 * exists only if the program records.
 *
 * An event is a chunk, or a period of waiting or of moving data. Time between events is the
 * application's own. When the memory is full, neighbours that together last no longer than the
 * resolution are joined, and the resolution doubles until half of the memory is free: short events
 * lose detail, long ones stay as they are, and no time and no item is lost. */
#ifndef RANKPOOL_OBSERVE_RECORDER_H
#define RANKPOOL_OBSERVE_RECORDER_H

#include "rankpool.h"

/* What a rank does, in the order of the layers of a timeline, from the bottom up. */
enum activity {
    WORKING,
    COMMUNICATING,
    SCHEDULING,
    WAITING,
    ACTIVITIES
};

enum {
    LABELS = 16, /* different names of jobs that are stored */
    LABEL_BYTES = 40
};

struct event {
    double begin, end;         /* by the node's clock */
    float seconds[ACTIVITIES]; /* the rest is the application's own */
    int64_t first, items;      /* the first item of the first chunk; items of all chunks */
    uint32_t chunks;           /* that ended in this event */
    uint32_t job;              /* 1, 2, ...; 0: none, or several */
    uint32_t label;            /* of the job: its index among the labels, from 1; 0: none */
    uint32_t steals;           /* to get the next chunk */
};

/* The profile of a rank, without its events. Sent between ranks as bytes. */
struct rank_profile {
    rp_rank_stats figures;
    int64_t jobs;
    double since, until; /* when recording began, and the end of this profile */
    uint32_t events;
    int slow;
    rp_slow_chunk slowest[RP_SLOWEST]; /* sorted, the slowest first */
    char labels[LABELS][LABEL_BYTES];
};

struct recorder {
    struct rank_profile rank_profile;
    struct event *events;
    uint32_t capacity;
    double resolution;
    double mark;    /* the end of the last event */
    double stopped; /* when recording ended; 0: it goes on */
    double agreement_begun;

    uint32_t job, label;  /* current, or 0 */
    rp_range chunk;       /* current; empty: none */
    double begun, moving; /* when the chunk began; seconds that its data were moved */
    bool own_is_work;     /* the application's own time counts as work */
};

/* Joins an event to its predecessor. */
void rpi_event_join(struct event *event, const struct event *next);

/* Inserts a chunk into a list of the slowest, which is sorted with the slowest first. */
void rpi_slowest_insert(rp_slow_chunk slowest[RP_SLOWEST], int *count, const rp_slow_chunk *chunk);

/* A recorder with room for `capacity` events, at least 4; NULL: no memory. */
struct recorder *rpi_recorder_make(uint32_t capacity);

void rpi_recorder_drop(struct recorder *recorder);

/* Starts recording, or restarts it and drops the events so far. */
void rpi_recorder_start(struct recorder *recorder, double now);

/* Records a period of one activity. */
void rpi_record(struct recorder *recorder, enum activity activity, double begin, double end);

/* Records the time since the last event as this activity. Does nothing if `recorder` is NULL. */
void rpi_record_until_now(struct recorder *recorder, enum activity activity);

/* A job begins, with its name or NULL; it has ended, after `draws` draws from batches. A chunk that
 * is still current then was given up. */
void rpi_record_job(struct recorder *recorder, const char *name);
void rpi_record_job_end(struct recorder *recorder, double now, uint64_t draws);

/* A claim from `begin` to `end`, with `waited` seconds of waiting and this number of steals. It
 * ends the current chunk; `next`, or none if NULL, becomes the current one. */
void rpi_record_claim(struct recorder *recorder, double begin, double end, double waited,
                      uint64_t steals, const rp_range *next);

/* A whole chunk, for executors that do not claim chunks. */
void rpi_record_chunk(struct recorder *recorder, double begin, double end, rp_range items);

/* From now on the application's own time counts as work, or no longer. */
void rpi_record_own_work(struct recorder *recorder, double now, bool works);

/* A step of the application's own work has ended: these items are done. */
void rpi_record_step(struct recorder *recorder, double now, rp_range items);

/* The rank's profile up to now; recording goes on. */
struct rank_profile rpi_recorder_send(const struct recorder *recorder, double now);

#endif
