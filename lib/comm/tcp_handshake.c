#include "comm/tcp_handshake.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Purposes of a proof. The first two also index the nonces. */
enum {
    CALLER,
    ROOT,
    TAKEN
};

/* "RankPool": rejects most foreign connections by their first message. */
static const uint64_t magic = UINT64_C(0x6c6f6f506b6e6152);

struct handshake_call {
    uint64_t magic;
    int64_t rank;
    uint64_t nonce[2];
};

struct handshake_reply {
    uint64_t nonce[2];
    uint64_t proof;
};

struct handshake_proof {
    uint64_t proof;
};

_Static_assert(sizeof(struct handshake_call) <= HANDSHAKE_MOST_BYTES &&
                   sizeof(struct handshake_reply) <= HANDSHAKE_MOST_BYTES,
               "a message fits its buffer");

static uint64_t handshake_prove(const struct handshake *handshake, int purpose)
{
    const struct {
        uint64_t purpose, server;
        int64_t rank;
        uint64_t nonces[2][2];
    } proven = {(uint64_t)purpose,
                handshake->server,
                handshake->rank,
                {{handshake->nonces[CALLER][0], handshake->nonces[CALLER][1]},
                 {handshake->nonces[ROOT][0], handshake->nonces[ROOT][1]}}};
    return rpi_siphash(&handshake->key, &proven, sizeof proven);
}

static void handshake_queue(struct handshake *handshake, const void *message, size_t bytes)
{
    memcpy(handshake->out, message, bytes);
    handshake->sent = 0;
    handshake->to_send = bytes;
}

static bool handshake_draw(uint64_t nonce[2])
{
    const size_t bytes = 2 * sizeof nonce[0];
    return getrandom(nonce, bytes, 0) == (ssize_t)bytes;
}

bool rpi_handshake_call(struct handshake *handshake, const struct siphash_key *key, uint64_t server,
                        int rank)
{
    *handshake = (struct handshake){.key = *key, .server = server, .rank = rank, .awaited = 2};
    uint64_t *nonce = handshake->nonces[CALLER];
    bool drawn = handshake_draw(nonce);
    struct handshake_call call = {magic, rank, {nonce[0], nonce[1]}};
    handshake_queue(handshake, &call, sizeof call);
    return drawn;
}

bool rpi_handshake_answer(struct handshake *handshake, const struct siphash_key *key,
                          uint64_t server, int ranks)
{
    *handshake = (struct handshake){
        .key = *key, .root = true, .server = server, .rank = -1, .ranks = ranks, .awaited = 2};
    return handshake_draw(handshake->nonces[ROOT]);
}

/* ---- received messages ----------------------------------------------------------------------- */

/* On the root's side. The message is not authenticated. */
static bool handshake_take_call(struct handshake *handshake)
{
    struct handshake_call call;
    memcpy(&call, handshake->in, sizeof call);
    if (call.magic != magic || call.rank < 0 || call.rank >= handshake->ranks)
        return false;
    handshake->rank = call.rank;
    memcpy(handshake->nonces[CALLER], call.nonce, sizeof call.nonce);
    const uint64_t *nonce = handshake->nonces[ROOT];
    struct handshake_reply reply = {{nonce[0], nonce[1]}, handshake_prove(handshake, ROOT)};
    handshake_queue(handshake, &reply, sizeof reply);
    return true;
}

static bool handshake_take_reply(struct handshake *handshake)
{
    struct handshake_reply reply;
    memcpy(&reply, handshake->in, sizeof reply);
    memcpy(handshake->nonces[ROOT], reply.nonce, sizeof reply.nonce);
    if (reply.proof != handshake_prove(handshake, ROOT))
        return false;
    handshake->answered = true;
    struct handshake_proof mine = {handshake_prove(handshake, CALLER)};
    handshake_queue(handshake, &mine, sizeof mine);
    return true;
}

/* The last message to either side. */
static bool handshake_take_proof(const struct handshake *handshake)
{
    struct handshake_proof proof;
    memcpy(&proof, handshake->in, sizeof proof);
    return proof.proof == handshake_prove(handshake, handshake->root ? CALLER : TAKEN);
}

/* Processes a complete message. */
static bool handshake_take(struct handshake *handshake)
{
    bool first = handshake->awaited == 2;
    handshake->awaited--;
    handshake->got = 0;
    if (!first)
        return handshake_take_proof(handshake);
    return handshake->root ? handshake_take_call(handshake) : handshake_take_reply(handshake);
}

/* Size of the next message. No byte behind it is read: the data that follows the handshake belongs
 * to the link. */
static size_t handshake_expected(const struct handshake *handshake)
{
    if (handshake->awaited == 1)
        return sizeof(struct handshake_proof);
    return handshake->root ? sizeof(struct handshake_call) : sizeof(struct handshake_reply);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static bool socket_would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* DONE: everything has been sent. */
static enum handshake_state handshake_send(struct handshake *handshake, int file)
{
    while (handshake->sent < handshake->to_send) {
        ssize_t count = send(file, handshake->out + handshake->sent,
                             handshake->to_send - handshake->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0)
            return socket_would_block() ? HANDSHAKE_PENDING : HANDSHAKE_FAILED;
        handshake->sent += (size_t)count;
    }
    return HANDSHAKE_DONE;
}

/* DONE: a complete message has been received. */
static enum handshake_state handshake_receive(struct handshake *handshake, int file)
{
    size_t expected = handshake_expected(handshake);
    while (handshake->got < expected) {
        ssize_t count =
            recv(file, handshake->in + handshake->got, expected - handshake->got, MSG_DONTWAIT);
        if (count < 0 && socket_would_block())
            return HANDSHAKE_PENDING;
        if (count <= 0)
            return HANDSHAKE_FAILED;
        handshake->got += (size_t)count;
    }
    return HANDSHAKE_DONE;
}

enum handshake_state rpi_handshake_step(struct handshake *handshake, int file)
{
    enum handshake_state state =
        handshake->failed ? HANDSHAKE_FAILED : handshake_send(handshake, file);
    while (state == HANDSHAKE_DONE && handshake->awaited > 0) {
        state = handshake_receive(handshake, file);
        if (state != HANDSHAKE_DONE)
            break;
        handshake->refuted = !handshake_take(handshake);
        state = handshake->refuted ? HANDSHAKE_FAILED : handshake_send(handshake, file);
    }
    handshake->failed = state == HANDSHAKE_FAILED;
    return state;
}

bool rpi_handshake_confirm(struct handshake *handshake, int file)
{
    struct handshake_proof taken = {handshake_prove(handshake, TAKEN)};
    handshake_queue(handshake, &taken, sizeof taken);
    return handshake_send(handshake, file) == HANDSHAKE_DONE;
}
