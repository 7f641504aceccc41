/* A packet: consecutive items of a stream on their way to a rank, then their results on the way
 * back. It belongs to one thread at a time. */
#ifndef RANKPOOL_STREAM_PACKET_H
#define RANKPOOL_STREAM_PACKET_H

#include "stream/slot_queue.h"

/* How a packet has come back: with its results, otherwise with its inputs. */
enum packet_fate {
    PACKET_DONE,         /* with results */
    PACKET_INTERRUPTED,  /* its rank died computing it, with `done` items finished */
    PACKET_RESULTS_LOST, /* its rank died after computing it, before its results were copied */
    PACKET_NODE_LOST,    /* the stream link of its node died; its progress is unknown */
    PACKET_NOT_STARTED   /* no rank has taken it */
};

struct packet {
    struct packet *next, *previous; /* in the list that holds it */
    int64_t serial, first;          /* number of the packet; first item */
    uint32_t items, done;           /* done: number with results, from the first on */
    struct area area;               /* SLOT_QUEUE_AREA bytes; owned */
    /* Data outside the area, owned: the only input, or all such results, at the offsets given by
     * their records. */
    char *large;
    size_t large_bytes;
    size_t counted;     /* bytes counted in the window */
    size_t expected;    /* bytes counted for results not known yet */
    uint64_t inputs;    /* fingerprint of the inputs, if the stream is saved */
    int64_t limit;      /* items from here on are not wanted, because one in this packet failed */
    double seconds;     /* spent on the items */
    int node;           /* where it was sent */
    uint32_t place;     /* and its index among the packets that the node holds */
    bool starved;       /* ranks of the node ran out of packets since its last one came back */
    int in_flight;      /* number of transfers that use it */
    bool input_dropped; /* `large` holds results, not the input */
    enum packet_fate fate;
    bool alone;                 /* PACKET_NODE_LOST: the whole node died and held no other packet */
    struct packet *results_for; /* the packet whose results arrive in this one; or NULL */
    bool results_arriving;      /* its results are arriving in another */
    uint32_t attempt; /* earlier calls for each item that ended with the death of their rank */
    uint32_t deaths; /* consecutive deaths while one of its items was, or may have been, computed */
    bool split;      /* a later part of the original packet is in another packet */
    uint64_t withdrawn[SLOT_QUEUE_ITEMS / 64]; /* one bit per item that is not wanted any more */
};

/* Whether the packet contains the item. */
static inline bool packet_has(const struct packet *packet, int64_t item)
{
    return packet != NULL && item >= packet->first && item - packet->first < packet->items;
}

/* Marks an item of the packet as not wanted. */
void rpi_packet_withdraw(struct packet *packet, int64_t item);
static inline bool packet_withdrawn(const struct packet *packet, uint32_t number)
{
    return (packet->withdrawn[number / 64] >> number % 64 & 1) != 0;
}

/* Withdrawn items take no time, which says nothing of the others. */
static inline bool packet_any_withdrawn(const struct packet *packet)
{
    uint64_t any = 0;
    for (int word = 0; word < SLOT_QUEUE_ITEMS / 64; word++)
        any |= packet->withdrawn[word];
    return any != 0;
}

/* Returns an empty packet, or NULL: no memory. */
struct packet *rpi_packet_make(void);

/* Frees a packet; NULL is allowed. */
void rpi_packet_free(struct packet *packet);

/* Origin of the records in an area, which decides what is valid. */
enum records {
    RECORDS_OF_INPUTS,  /* inputs from another node: all data in the area */
    RECORDS_OF_RESULTS, /* results from another node: may contain errors */
    RECORDS_SAVED       /* results from a file: no errors */
};

/* Whether the area contains exactly `records` well-formed records, and all data outside it lies
 * within `large_bytes`. */
bool rpi_records_valid(const struct area *area, uint32_t records, const char *large,
                       size_t large_bytes, enum records of);

/* Frees the large input or results. */
void rpi_packet_drop_large(struct packet *packet);

/* Moves arrived results into the packet that they belong to, in place of its inputs, and frees the
 * packet that they arrived in. Returns the former. */
struct packet *rpi_packet_take_results(struct packet *results);

/* A FIFO list of packets. */
struct packet_list {
    struct packet *head, *tail;
};

void rpi_packets_add(struct packet_list *list, struct packet *packet);
void rpi_packets_remove(struct packet_list *list, struct packet *packet);

/* Removes and returns the first packet; NULL: empty. */
struct packet *rpi_packets_take(struct packet_list *list);

/* Frees all packets. */
void rpi_packets_free(struct packet_list *list);

#endif
