/* A packet: some items of a stream on their way to a rank, then their results on their way back. It
 * belongs to one thread at a time. */
#ifndef RANKPOOL_STREAM_PACKET_H
#define RANKPOOL_STREAM_PACKET_H

#include "stream/packet_format.h"

/* How a packet has come back from the slot queue. */
enum packet_fate {
    PACKET_DONE,         /* with its results */
    PACKET_INTERRUPTED,  /* as it was put: its rank died in the middle of it, with `done` items
                         finished, */
    PACKET_RESULTS_LOST, /* or when it was done, and its results are gone; */
    PACKET_NODE_LOST, /* or the stream link of its node died, and nobody can say what became of it; */
    PACKET_NOT_STARTED, /* or no rank has had it */
};

struct packet {
    struct packet *next, *previous; /* in whatever list it is */
    int64_t serial, first;          /* number of the packet; its first item */
    uint32_t items, done;           /* done: with results, from the first on */
    struct area area;               /* SLOT_QUEUE_AREA bytes; owned */
    char *large;        /* what does not fit there: the one input, or all such results, */
    size_t large_bytes; /* whose records say where they begin; owned */
    size_t counted;     /* bytes of it that count for the window, */
    size_t expected;    /* and of its results, while they are not known */
    uint64_t inputs;    /* a fingerprint of them, where results are kept */
    int64_t limit;      /* items from this on are not wanted, because of one here that failed */
    double seconds;     /* that the items took */
    int node;           /* where it was sent, */
    uint32_t place;     /* and its number among those that are there */
    bool starved;       /* since the last one came back, ranks there had nothing to do */
    int in_flight;      /* payloads on their way */
    bool input_dropped; /* the large input has been dropped; what is there are results */
    enum packet_fate fate;
    bool alone;                 /* missing: nothing else was with its node, which died as a whole */
    struct packet *results_for; /* whose results are arriving in this one; or NULL */
    bool results_arriving;      /* its results are arriving in another */
    uint32_t attempt;           /* calls for each of its items that ended with their rank */
    uint32_t deaths;            /* those in a row that its item, or one of them, was at hand at */
    bool split;                 /* items behind these, once in the same packet, are in another */
};

/* An empty packet; NULL: no memory. */
struct packet *rpi_packet_make(void);

/* Frees a packet, or nothing for NULL. */
void rpi_packet_free(struct packet *packet);

/* What an area holds that comes from elsewhere. */
enum records {
    RECORDS_OF_INPUTS,  /* from another node: none lies elsewhere, */
    RECORDS_OF_RESULTS, /* and of these some are errors; */
    RECORDS_SAVED       /* from a file: results without errors */
};

/* Do the records in the area lie within it, are there so many, and is what lies elsewhere within so
 * many bytes? */
bool rpi_records_valid(const struct area *area, uint32_t records, const char *large,
                       size_t large_bytes, enum records of);

/* Forgets the large input or results. */
void rpi_packet_drop_large(struct packet *packet);

/* Brings the results that have arrived into the packet whose they are, in place of its inputs, and
 * frees what they arrived in. Returns that packet. */
struct packet *rpi_packet_take_results(struct packet *results);

/* A list of packets, in the order in which they were added. */
struct packet_list {
    struct packet *head, *tail;
};

void rpi_packets_add(struct packet_list *list, struct packet *packet);
void rpi_packets_remove(struct packet_list *list, struct packet *packet);

/* Takes the first; NULL: there is none. */
struct packet *rpi_packets_take(struct packet_list *list);

/* Frees all. */
void rpi_packets_free(struct packet_list *list);

#endif
