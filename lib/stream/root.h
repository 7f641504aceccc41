/* The root's side of a stream. Besides computing items like any rank, the root produces items,
 * distributes packets to the nodes, consumes results, and requeues the items of ranks that died. */
#ifndef RANKPOOL_STREAM_ROOT_H
#define RANKPOOL_STREAM_ROOT_H

#include "sched/chunk_policy.h"
#include "stream/link.h"
#include "stream/save.h"
#include "stream/worker.h"

/* What progress shows of a job whose items are not those of its stream. Stored on the root by the
 * stream's functions. */
struct stream_shown {
    int64_t done, waiting;
};

/* Flow control towards one node, the root's own included. */
struct destination {
    uint32_t ranks; /* that compute there; 0: send nothing */
    uint32_t held;  /* packets sent there and not returned */
    uint32_t depth; /* target of `held`: raised when ranks there ran out of packets, */
    uint32_t most;  /* up to this limit */
    /* For nodes other than the root's, in a pool that survives: `reserved` lets the node drain so
     * that it can take one suspected packet; `probing` means that it holds that packet. */
    bool reserved, probing;
};

struct stream {
    rp_pool *pool;
    const rp_stream_job *job;
    struct feeder feeder;                  /* of the root's node */
    struct stream_link *stream_link;       /* to the other nodes; NULL: single node */
    struct stream_worker *worker;          /* the root as a rank; NULL: it computes nothing */
    struct stream_worker *fallback_worker; /* takes over as `worker` when no other rank is left */
    struct destination *destinations;      /* by node */
    struct remote_node *remote_nodes;      /* by node, as last reported by the stream link */
    struct job_saving *saving;
    const struct stream_shown *shown; /* NULL: items consumed, and in flight */
    struct chunk_policy pace;
    int64_t window_items, window_bytes;

    int64_t produced;       /* items */
    int64_t items_held;     /* items produced and not consumed */
    int64_t bytes_held;     /* inputs and results of those items */
    int64_t bytes_expected; /* estimated results of items being computed */
    double item_bytes;      /* moving average of result bytes per item */
    int64_t packets;        /* packets numbered so far */
    int64_t due;            /* ordered streams: serial of the next packet to consume */
    int64_t due_item;       /* and its first item not yet consumed */
    int64_t outstanding;    /* packets numbered or split off, and not consumed */
    /* Finished packets that are not due yet, by serial modulo `done_capacity`; the parts of a split
     * packet form a list ordered by item. */
    struct packet **done;
    int64_t done_capacity;
    struct packet_list requeued; /* packets to send again */
    double next_look;            /* time of the next liveness check, */
    double look_again;           /* and seconds after the last one */
    bool root_alone;             /* all other ranks of the root's node have died */
    bool round_ending;           /* ranks of another node wait for the next round */
    bool another_round;          /* this round ended early; another one follows */
    bool exhausted;              /* the producer has no more items */
    bool idle;                   /* the producer returned RP_ITEM_LATER */
    bool cut;                    /* a packet came back without wanted items: the stream stops */
    bool complete;               /* every item that had to be consumed was */
    bool over;                   /* consume nothing more */
    bool driven;                 /* by a function that sees the failures of items: stream/drive.h */
    int64_t ready;               /* driven: items that the producer has now; set by the driver */
    struct failures failures;    /* of items */
    rp_error failure;            /* of the producer, the consumer or the library */
};

/* What progress shows of it now. */
struct stream_shown rpi_stream_shown(const struct stream *stream);

/* Runs the root's side until every item is consumed, the stream is over or the round drained. */
void rpi_stream_serve(struct stream *stream);

/* The parts of a step of the root. Exchange takes finished packets, consumes results and produces;
 * it returns whether anything moved. Work computes a packet, or if there was none, and nothing had
 * `moved`, waits for a finished one, up to `most` seconds; `seen` is the key of the feeder's
 * event from before the exchange. */
bool rpi_stream_exchange(struct stream *stream);
void rpi_stream_work(struct stream *stream, bool moved, uint32_t seen, double most);

/* Whether the root's part of the round is done: all is consumed, or the stream is over; or ranks of
 * another node wait for the next round, and no node holds a packet. */
bool rpi_stream_finished(const struct stream *stream);
bool rpi_stream_round_drained(const struct stream *stream);

/* Withdraws an item that was produced: no rank should begin it, and a task that computes it finds
 * rp_task_cancelled() true. Its result is consumed in any case, an error if it was not computed.
 * Returns whether it is certain that it has not begun and will not. */
bool rpi_stream_withdraw(struct stream *stream, int64_t item);

/* Closes the slot queues of all nodes, when the round is done. */
void rpi_stream_close(struct stream *stream);

/* Frees everything the stream owns, after the agreement that ends it. */
void rpi_stream_drop(struct stream *stream);

/* ---- within the root's side; each file calls only those below it ----------------------------- */

/* produce.c: produces items for nodes that lack packets while the window is open, after sending
 * requeued packets. Returns whether it sent any. */
bool rpi_stream_supply(struct stream *stream);

/* redo.c: requeues the items of a packet that came back without results. Consumes an error in place
 * of an item that is given up. */
void rpi_stream_redo(struct stream *stream, struct packet *packet);

/* redo.c: sends requeued packets to destinations that have room. Returns whether it sent any. */
bool rpi_stream_resend(struct stream *stream);

/* consume.c: consumes a packet that holds results or errors, or stores it until it is due. */
void rpi_stream_accept_done(struct stream *stream, struct packet *packet);

/* The same for a packet whose results were restored from the journal. */
void rpi_stream_accept_saved(struct stream *stream, struct packet *packet);

/* Consumes stored packets in order, up to the first item that is not finished. */
void rpi_stream_consume_due(struct stream *stream);

/* Makes room for `count` finished packets that are not due. False: no memory. */
bool rpi_stream_reserve(struct stream *stream, int64_t count);

/* Stops producing and consuming: end because no more is wanted, fail with an error. */
void rpi_stream_end(struct stream *stream);
void rpi_stream_fail(struct stream *stream, const rp_error *error);

/* destinations.c: returns, of the destinations that lack packets, the one with the fewest per rank;
 * NULL: none lacks any. */
struct destination *rpi_stream_neediest(const struct stream *stream);

/* Sends a packet, already counted as outstanding, to packet->node. */
void rpi_stream_dispatch(struct stream *stream, struct packet *packet);

/* Checks which ranks have died, if the next check is due. */
void rpi_stream_check_liveness(struct stream *stream);

/* Whether any rank of another node is alive. Always false where ranks do not survive across
 * nodes. */
bool rpi_stream_others_live(const struct stream *stream);

#endif
