/* Calls on the root: what the controller has submitted, from rp_submit() until the result is
 * there. The controller's thread runs all of this.
 *
 * A call waits for those that it depends on, becomes ready, is sent as an item of the stream, and
 * is done. Ready calls are in a heap by priority, so they are produced as late as possible; sent
 * ones in a table by item.
 *
 * A future is freed with its last reference: the program's, until rp_future_free(); the library's,
 * until the callback has returned; one of each call that it depends on, until that is done; one of
 * each call that depends on it, until that has been sent or is done. */
#ifndef RANKPOOL_CALLS_CALLS_H
#define RANKPOOL_CALLS_CALLS_H

#include "calls/save.h"
#include "stream/drive.h"

enum future_state {
    FUTURE_WAITS, /* for others */
    FUTURE_READY,
    FUTURE_SENT,
    FUTURE_DONE
};

enum {
    FUTURE_ROOM = 64 /* bytes of an input or a result that need no memory of their own */
};

struct rp_future {
    struct rp_control *control;
    int64_t number, item; /* of the call; of the stream, once it is sent */
    enum future_state state;
    int references;
    bool held;    /* the program has a reference */
    bool listed;  /* among those for rp_wait_any() */
    size_t place; /* in the heap */
    int call;
    struct rp_call_options options; /* of its pointers, only `closure` and `done` */
    char *in;                       /* until it is sent or done; owned */
    size_t bytes;
    struct rp_future **after; /* until it is sent or done; owned */
    int unmet;                /* of them not done */
    struct rp_future **dependents;
    int dependent_count, dependent_capacity;
    uint64_t inputs; /* fingerprint, if results are saved */
    rp_error *error; /* NULL: succeeded */
    char *result;
    size_t result_bytes;
    struct rp_future *next;              /* in the table, or among the done */
    struct rp_future *previous;          /* among the done */
    struct rp_future *next_settled;      /* among those to settle, then to call back */
    _Alignas(16) char room[FUTURE_ROOM]; /* the input until it is sent, then the result */
    struct rp_future *older, *newer;     /* of all */
};

struct future_queue {
    struct rp_future *head, *tail;
};

struct rp_control {
    rp_pool *pool;
    const rp_control_job *job;
    struct stream *stream; /* NULL: it has ended, */
    rp_error ended;        /* with this status */
    struct job_saving saving;
    int64_t window_items, window_bytes;
    int64_t submitted;        /* number of the next call */
    int64_t next_item;        /* of the stream */
    int64_t open;             /* calls not done, */
    int64_t open_held;        /* of which the program holds the future, */
    int64_t open_bytes;       /* and their inputs */
    struct rp_future *newest; /* of all */
    struct rp_future **ready; /* heap; owned */
    size_t ready_count, ready_capacity;
    struct rp_future **sent; /* table by item; owned */
    size_t sent_count, sent_capacity;
    struct future_queue settling, callbacks;
    struct rp_future *done_first, *done_last; /* for rp_wait_any() */
    bool settles, calls_back;                 /* guards against recursion */
};

/* ---- ready.c --------------------------------------------------------------------------------- */

/* Makes room for one more call in the heap and in the table. False: no memory. */
bool rpi_calls_reserve(struct rp_control *control);

/* The heap of ready calls, the one to send first on top. take returns NULL if it is empty. */
void rpi_ready_add(struct rp_control *control, struct rp_future *future);
void rpi_ready_remove(struct rp_control *control, struct rp_future *future);
struct rp_future *rpi_ready_take(struct rp_control *control);

/* The table of sent calls. take returns NULL if it has none of that item. */
void rpi_sent_add(struct rp_control *control, struct rp_future *future);
struct rp_future *rpi_sent_take(struct rp_control *control, int64_t item);

/* ---- future.c -------------------------------------------------------------------------------- */

void rpi_future_release(struct rp_future *future);

/* Returns memory for an input or a result: the room in the future, or memory to be freed; NULL:
 * none. */
char *rpi_future_room(struct rp_future *future, size_t bytes);

/* Frees what a call needed until it was sent or done. */
void rpi_future_drop_inputs(struct rp_future *future);

/* The call becomes ready if it waits for no others, or is done if one of them has failed. */
void rpi_future_begin(struct rp_future *future);

/* The call is done: with an error, which is copied, or with a result, which is copied. */
void rpi_future_fail(struct rp_future *future, const rp_error *error);
void rpi_future_succeed(struct rp_future *future, const void *data, size_t bytes);

/* Does what follows from calls that are done: others begin, callbacks become due. */
void rpi_calls_settle(struct rp_control *control);

/* Takes a call that is done off the list for rp_wait_any(). */
void rpi_done_list_remove(struct rp_control *control, struct rp_future *future);

/* Calls back what is due, unless a callback is running. */
void rpi_calls_back(struct rp_control *control);

/* Frees all futures. */
void rpi_calls_free(struct rp_control *control);

/* ---- wait.c ---------------------------------------------------------------------------------- */

/* Why the job has been stopped, in pool->last too; RP_OK: it goes on. */
rp_status rpi_calls_stopped(const struct rp_control *control);

/* Sends and receives, computing nothing. */
void rpi_calls_exchange(struct rp_control *control);

/* Waits, and computes, until `met`, for at most `seconds`. */
rp_status rpi_calls_wait(struct rp_control *control,
                         bool (*met)(const struct rp_control *, const void *), const void *closure,
                         double seconds);

/* ---- submit.c -------------------------------------------------------------------------------- */

/* The producer and the consumer of the stream. */
int rpi_calls_produce(void *user, rp_buffer *item);
int rpi_calls_consume(void *user, int64_t item, const rp_error *error, const void *data,
                      size_t bytes);

#endif
