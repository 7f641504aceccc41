/* What the root does in a stream beside its own part of the items: it produces, supplies the nodes,
 * consumes, and has computed again what ranks leave that die. */
#ifndef RANKPOOL_STREAM_ROOT_H
#define RANKPOOL_STREAM_ROOT_H

#include "sched/chunk_policy.h"
#include "stream/link.h"
#include "stream/save.h"
#include "stream/worker.h"

/* Where packets go: the root's node, or another. */
struct destination {
    uint32_t ranks; /* that compute there; 0: nothing is sent there */
    uint32_t held;  /* packets that are there */
    uint32_t depth; /* packets that should be there: more when ranks there had to wait for one, */
    uint32_t most;  /* but no more than this */
    /* Another node than the root's, where ranks survive: it is to be empty for a packet that is
     * suspected; or it has one. */
    bool reserved, probing;
};

struct stream {
    rp_pool *pool;
    const rp_stream_job *job;
    struct feeder feeder;                  /* of the root's node */
    struct stream_link *stream_link;       /* to the other nodes; NULL: there are none */
    struct stream_worker *worker;          /* the root as one of the ranks; NULL: it only serves, */
    struct stream_worker *fallback_worker; /* until no other rank lives; NULL: none may die */
    struct destination *destinations;      /* by node */
    struct remote_node
        *remote_nodes; /* where ranks survive: what is known of other nodes, by node */
    struct stream_saving *saving;
    struct chunk_policy pace;
    int64_t window_items, window_bytes;

    int64_t produced;       /* items */
    int64_t items_held;     /* produced and not consumed */
    int64_t bytes_held;     /* inputs and results of those, */
    int64_t bytes_expected; /* and results of items that are not done, as large as those before */
    double item_bytes;      /* of the result of an item, on recent average */
    int64_t packets;        /* made so far */
    int64_t due;            /* serial of the next to be consumed, if ordered, */
    int64_t due_item;       /* and its first item that was not */
    int64_t outstanding;    /* packets made and not consumed */
    struct packet **done;   /* by serial modulo `done_capacity`: done, and not due yet. One packet,
                             or by item those that have come of one. */
    int64_t done_capacity;
    struct packet_list requeued; /* to be sent out another time */
    double next_look;            /* when to look who has died */
    bool root_alone;             /* no other rank of the root's node lives */
    bool round_ending;           /* ranks of other nodes wait for another round */
    bool another_round;          /* with one, when this has come to its end */
    bool exhausted;              /* the producer has no more */
    bool idle;                   /* it has none right now */
    bool complete;               /* all was consumed that was to be */
    bool over;                   /* nothing more is to be consumed */
    struct failures failures;    /* of items */
    rp_error failure;            /* of the producer, the consumer, or of the stream itself */
};

/* Runs the stream from the root's side until all is consumed or it is over, then closes the
 * stations of all nodes. */
void rpi_stream_serve(struct stream *stream);

/* Looks who has died, if it is time. */
void rpi_stream_check_liveness(struct stream *stream);

/* Does any rank of another node live, where ranks survive? */
bool rpi_stream_others_live(const struct stream *stream);

/* Has computed again what came back without results. */
void rpi_stream_redo(struct stream *stream, struct packet *packet);

/* Sends out what is to be computed again, if there is a place for it. Was there anything? */
bool rpi_stream_resend(struct stream *stream);

/* The outlet that lacks most, or NULL if none does. */
struct destination *rpi_stream_neediest(const struct stream *stream);

/* A packet has its results, or an error in their place: it is consumed now, or when it is due. */
void rpi_stream_accept_done(struct stream *stream, struct packet *packet);

/* Brings a packet that counts already to the node that it is for. */
void rpi_stream_dispatch(struct stream *stream, struct packet *packet);

/* Takes what ranks have done, and has consumed what is due. Was there anything? */
bool rpi_stream_collect(struct stream *stream);

/* Takes a packet that came with its results from an earlier run. */
void rpi_stream_accept_saved(struct stream *stream, struct packet *packet);

/* Has items produced for the nodes that lack packets, while the window is open. Was there
 * anything? */
bool rpi_stream_supply(struct stream *stream);

/* Makes room to note so many packets that are done and not due. False: no memory. */
bool rpi_stream_reserve(struct stream *stream, int64_t count);

/* Nothing more is to be produced or consumed: that was enough; or there was an error. */
void rpi_stream_end(struct stream *stream);
void rpi_stream_fail(struct stream *stream, const rp_error *error);

/* Frees what the stream has, when all ranks have met to end it. */
void rpi_stream_drop(struct stream *stream);

#endif
