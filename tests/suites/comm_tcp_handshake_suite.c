/* The handshake that opens a TCP link, and the keyed hash that proves knowledge of the key. */
#include "suites.h"

#include "base/siphash.h"
#include "comm/tcp_handshake.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct siphash_key key = {{1, 2}}, other_key = {{1, 3}};

/* ---- the keyed hash -------------------------------------------------------------------------- */

/* Appendix A of the paper; and the empty message from its authors' test vectors. */
START_TEST(siphash_is_the_published_one)
{
    const struct siphash_key published = {
        {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    unsigned char message[64];
    for (unsigned char i = 0; i < sizeof message; i++)
        message[i] = i;
    ck_assert(rpi_siphash(&published, message, 15) == UINT64_C(0xa129ca6149be45e5));
    ck_assert(rpi_siphash(&published, message, 0) == UINT64_C(0x726fdb47dd0e0e31));
    ck_assert(rpi_siphash(&published, message, 8) == UINT64_C(0x93f5f5799a932462));
    ck_assert(rpi_siphash(&published, message, 63) == UINT64_C(0x958a324ceb064572));
}
END_TEST

/* ---- the handshake --------------------------------------------------------------------------- */

enum {
    CALLER,
    ROOT,
    MOST_BYTES = 256
};

/* Two ends of a link, each with its side of the handshake. */
struct pair {
    int files[2];
    struct handshake sides[2];
    enum handshake_state states[2];
};

static void pair_open(struct pair *pair, const struct siphash_key *callers, uint64_t called)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair->files), 0);
    ck_assert(rpi_handshake_call(&pair->sides[CALLER], callers, called, 3));
    ck_assert(rpi_handshake_answer(&pair->sides[ROOT], &key, 7, 4));
}

static void pair_step(struct pair *pair, int side)
{
    pair->states[side] = rpi_handshake_step(&pair->sides[side], pair->files[side]);
    if (pair->states[side] == HANDSHAKE_FAILED)
        shutdown(pair->files[side], SHUT_RDWR);
}

static void pair_run(struct pair *pair)
{
    bool confirmed = false;
    for (int i = 0; i < 4; i++) {
        pair_step(pair, CALLER);
        ck_assert(confirmed || pair->states[CALLER] != HANDSHAKE_DONE);
        pair_step(pair, ROOT);
        if (pair->states[ROOT] == HANDSHAKE_DONE && !confirmed)
            confirmed = rpi_handshake_confirm(&pair->sides[ROOT], pair->files[ROOT]);
    }
}

static void pair_close(struct pair *pair)
{
    close(pair->files[CALLER]);
    close(pair->files[ROOT]);
}

/* A whole handshake, which must end so on both sides. */
static struct pair shake_hands(const struct siphash_key *callers, uint64_t called,
                               enum handshake_state end)
{
    struct pair pair;
    pair_open(&pair, callers, called);
    pair_run(&pair);
    ck_assert_int_eq(pair.states[CALLER], end);
    ck_assert_int_eq(pair.states[ROOT], end);
    pair_close(&pair);
    return pair;
}

/* Reads the bytes that have arrived, without blocking. */
static size_t take_bytes(int file, unsigned char *bytes)
{
    ssize_t count = recv(file, bytes, MOST_BYTES, MSG_DONTWAIT);
    return count > 0 ? (size_t)count : 0;
}

static void put_bytes(int file, const void *bytes, size_t count)
{
    ck_assert_int_eq(send(file, bytes, count, MSG_NOSIGNAL), (int)count);
}

START_TEST(who_knows_the_key_is_let_in)
{
    struct pair pair = shake_hands(&key, 7, HANDSHAKE_DONE);
    ck_assert_int_eq(pair.sides[ROOT].rank, 3);
}
END_TEST

START_TEST(another_key_is_refused)
{
    struct pair pair = shake_hands(&other_key, 7, HANDSHAKE_FAILED);
    ck_assert(pair.sides[CALLER].refuted);
}
END_TEST

/* A man in the middle relays everything to the real root, which listens at another address. */
START_TEST(a_proof_is_for_the_address_that_was_called)
{
    shake_hands(&key, 8, HANDSHAKE_FAILED);
}
END_TEST

/* Both sides get their own bytes back, unchanged and with the proof in its place. */
START_TEST(an_echo_proves_nothing)
{
    struct pair pair;
    unsigned char bytes[MOST_BYTES];
    pair_open(&pair, &key, 7);
    pair_step(&pair, CALLER);
    size_t count = take_bytes(pair.files[ROOT], bytes);
    ck_assert_int_gt(count, 0);
    put_bytes(pair.files[ROOT], bytes, count);
    pair_step(&pair, CALLER);
    ck_assert_int_eq(pair.states[CALLER], HANDSHAKE_FAILED);
    pair_close(&pair);

    pair_open(&pair, &key, 7);
    pair_step(&pair, CALLER);
    pair_step(&pair, ROOT);
    count = take_bytes(pair.files[CALLER], bytes);
    ck_assert_int_ge(count, 8);
    put_bytes(pair.files[CALLER], bytes + count - 8, 8); /* the root's proof */
    pair_step(&pair, ROOT);
    ck_assert_int_eq(pair.states[ROOT], HANDSHAKE_FAILED);
    pair_close(&pair);
}
END_TEST

/* Recorded messages are not valid in another handshake. */
START_TEST(a_replay_proves_nothing)
{
    struct pair first, again;
    unsigned char call[MOST_BYTES], reply[MOST_BYTES], proof[MOST_BYTES];
    pair_open(&first, &key, 7);
    pair_step(&first, CALLER);
    size_t calls = take_bytes(first.files[ROOT], call);
    put_bytes(first.files[CALLER], call, calls);
    pair_step(&first, ROOT);
    size_t replies = take_bytes(first.files[CALLER], reply);
    put_bytes(first.files[ROOT], reply, replies);
    pair_step(&first, CALLER);
    size_t proofs = take_bytes(first.files[ROOT], proof);
    put_bytes(first.files[CALLER], proof, proofs);
    pair_step(&first, ROOT);
    ck_assert_int_eq(first.states[ROOT], HANDSHAKE_DONE);
    ck_assert(rpi_handshake_confirm(&first.sides[ROOT], first.files[ROOT]));
    replies += take_bytes(first.files[CALLER], reply + replies);
    pair_close(&first);

    pair_open(&again, &key, 7);
    put_bytes(again.files[CALLER], call, calls);
    put_bytes(again.files[CALLER], proof, proofs);
    pair_step(&again, ROOT);
    ck_assert_int_eq(again.states[ROOT], HANDSHAKE_FAILED);
    pair_close(&again);

    pair_open(&again, &key, 7);
    put_bytes(again.files[ROOT], reply, replies);
    pair_step(&again, CALLER);
    ck_assert_int_eq(again.states[CALLER], HANDSHAKE_FAILED);
    pair_close(&again);
}
END_TEST

/* Moves the bytes that have arrived at one file to the other, byte by byte, and runs a step of that
 * side after each. */
static void drip(struct pair *pair, int from, int side, const char *more)
{
    unsigned char bytes[MOST_BYTES];
    size_t count = take_bytes(from, bytes);
    memcpy(bytes + count, more, strlen(more));
    for (size_t i = 0; i < count + strlen(more); i++) {
        put_bytes(pair->files[!side], bytes + i, 1);
        pair_step(pair, side);
        ck_assert_int_eq(pair->states[side] == HANDSHAKE_PENDING, i + 1 < count || *more == '\0');
    }
}

/* Bytes behind the handshake are not consumed. */
START_TEST(bytes_may_come_one_by_one)
{
    struct pair pair;
    unsigned char bytes[MOST_BYTES];
    pair_open(&pair, &key, 7);
    int way[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, way), 0);
    rpi_handshake_step(&pair.sides[CALLER], way[0]);
    drip(&pair, way[1], ROOT, "");
    put_bytes(way[1], bytes, take_bytes(pair.files[CALLER], bytes));
    ck_assert_int_eq(rpi_handshake_step(&pair.sides[CALLER], way[0]), HANDSHAKE_PENDING);
    drip(&pair, way[1], ROOT, "more");
    ck_assert_int_eq(take_bytes(pair.files[ROOT], bytes), 4);
    ck_assert_int_eq(memcmp(bytes, "more", 4), 0);
    close(way[0]);
    close(way[1]);
    pair_close(&pair);
}
END_TEST

START_TEST(garbage_is_refused_and_silence_is_not)
{
    struct pair pair;
    unsigned char bytes[MOST_BYTES];
    pair_open(&pair, &key, 7);
    pair_step(&pair, ROOT);
    ck_assert_int_eq(pair.states[ROOT], HANDSHAKE_PENDING);
    memset(bytes, 0xff, sizeof bytes);
    put_bytes(pair.files[CALLER], bytes, sizeof bytes);
    pair_step(&pair, ROOT);
    ck_assert_int_eq(pair.states[ROOT], HANDSHAKE_FAILED);
    pair_close(&pair);

    pair_open(&pair, &key, 7); /* a rank out of range */
    ck_assert(rpi_handshake_call(&pair.sides[CALLER], &key, 7, 4));
    pair_run(&pair);
    ck_assert_int_eq(pair.states[ROOT], HANDSHAKE_FAILED);
    ck_assert_int_eq(pair.states[CALLER], HANDSHAKE_FAILED);
    pair_close(&pair);
}
END_TEST

static const struct test_case cases[] = {
    {"SipHash is the published one", &siphash_is_the_published_one},
    {"who knows the key is let in", &who_knows_the_key_is_let_in},
    {"another key is refused", &another_key_is_refused},
    {"a proof is for the address that was called", &a_proof_is_for_the_address_that_was_called},
    {"an echo proves nothing", &an_echo_proves_nothing},
    {"a replay proves nothing", &a_replay_proves_nothing},
    {"bytes may come one by one", &bytes_may_come_one_by_one},
    {"garbage is refused, and silence is not", &garbage_is_refused_and_silence_is_not},
    {NULL, NULL},
};
const struct test_group comm_tcp_handshake_tests = {"comm_tcp_handshake", cases};
