/* The handshake at the start of a TCP link: caller and root prove to each other that they know the
 * job's key, which is never sent.
 *
 *     caller -> root    its rank, and a nonce
 *     root -> caller    a nonce, and the root's proof
 *     caller -> root    the caller's proof
 *     root -> caller    another proof, when the root takes the link, or closes it to refuse it
 *
 * A nonce is 16 random bytes. A proof is a keyed hash of its purpose, the address of the root that
 * was called, the caller's rank, and both nonces. The purpose prevents reflection, the nonces
 * prevent replay, and the address prevents a listener elsewhere from relaying it to the real root.
 *
 * This file uses neither MPI nor addresses, and no function waits. */
#ifndef RANKPOOL_COMM_TCP_HANDSHAKE_H
#define RANKPOOL_COMM_TCP_HANDSHAKE_H

#include "base/siphash.h"

#include <stdbool.h>

enum {
    HANDSHAKE_MOST_BYTES = 32 /* largest message */
};

enum handshake_state {
    HANDSHAKE_PENDING, /* more to receive or to send */
    HANDSHAKE_DONE,    /* the peer knows the key; the link now carries its data */
    HANDSHAKE_FAILED   /* the peer does not know the key, or is gone */
};

/* Fields are private to tcp_handshake.c, except for the results. */
struct handshake {
    struct siphash_key key;
    bool root;       /* this is the root's side */
    uint64_t server; /* address at which the root was called, as this side sees it */
    int64_t rank;    /* the caller's; a result on the root's side, once the handshake is done */
    int64_t ranks;   /* ranks are below this */
    bool refuted;    /* result: the peer answered, but does not know the key */
    bool answered;   /* on the caller's side, a result: the root has proved itself */
    bool failed;
    uint64_t nonces[2][2]; /* the caller's, and the root's */
    int awaited;           /* messages still to receive */
    size_t sent, to_send, got;
    unsigned char out[HANDSHAKE_MOST_BYTES], in[HANDSHAKE_MOST_BYTES];
};

/* Begin a handshake, on the caller's side and on the root's. They return false if the system has no
 * random numbers. */
bool rpi_handshake_call(struct handshake *handshake, const struct siphash_key *key, uint64_t server,
                        int rank);
bool rpi_handshake_answer(struct handshake *handshake, const struct siphash_key *key,
                          uint64_t server, int ranks);

/* Sends and receives as much as possible without waiting. */
enum handshake_state rpi_handshake_step(struct handshake *handshake, int file);

/* On the root, after the handshake: confirms to the caller that the root decides on its link. Until
 * then the caller's side stays pending, because the root drops callers when there are too many. */
bool rpi_handshake_confirm(struct handshake *handshake, int file);

#endif
