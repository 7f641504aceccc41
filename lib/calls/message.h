/* The message of a call, which is the item of a stream: the call, its input, and the results that
 * it depends on. Everything is aligned as by malloc(). */
#ifndef RANKPOOL_CALLS_MESSAGE_H
#define RANKPOOL_CALLS_MESSAGE_H

#include "rankpool.h"

struct call_message {
    int64_t number;   /* of the call */
    double seconds;   /* time limit of an attempt; 0: none */
    uint64_t bytes;   /* of the input */
    uint32_t call;    /* index of the function */
    uint32_t retries; /* as in rp_options */
    uint32_t after;   /* results that follow the input */
    uint32_t unused[3];
    /* Then where those results are, as struct message_result; the input; the results. */
};

struct message_result {
    uint64_t place; /* bytes from the begin of the message */
    uint64_t bytes;
};

/* Bytes of a message and of its parts. */
static inline size_t message_padded(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

/* Returns the next part of a message, of `bytes` bytes, at *position; NULL: it does not fit. */
const void *rpi_message_part(const void *message, size_t size, size_t *position, uint64_t bytes);

/* Checks a message of `size` bytes; functions are numbered below `calls`. Returns the input, or
 * NULL if the message is damaged. */
const void *rpi_message_input(const void *message, size_t size, int calls);

#endif
