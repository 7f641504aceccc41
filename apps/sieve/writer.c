#include "sieve/writer.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 1 << 18,
    ROOM = MOST_TUPLET * (DIGITS_ROOM + 2) + 2 /* for the longest line */
};

struct writer {
    int size;
    enum writing writing;
    bytes_taker take;
    void *closure;
    bool good;
    struct digits digits;
    uint64_t recent[MOST_TUPLET]; /* the last primes, the latest at size - 1 */
    size_t used;
    char chunk[CHUNK];
};

static void flush(struct writer *writer)
{
    writer->good = writer->good && writer->take(writer->closure, writer->chunk, writer->used);
    writer->used = 0;
}

/* A prime by itself, the common case. */
static char *put_prime(struct writer *writer, char *at, uint64_t prime)
{
    if (writer->writing == WRITE_WORDS) {
        memcpy(at, &prime, sizeof prime);
        return at + sizeof prime;
    }
    at = digits_put(&writer->digits, at, prime);
    *at = '\n';
    return at + 1;
}

static bool take_primes(void *closure, const uint64_t *primes, size_t count)
{
    struct writer *writer = closure;
    char *at = writer->chunk + writer->used, *full = writer->chunk + CHUNK - ROOM;
    for (size_t i = 0; i < count && writer->good; i++) {
        at = put_prime(writer, at, primes[i]);
        if (at < full)
            continue;
        writer->used = (size_t)(at - writer->chunk);
        flush(writer);
        at = writer->chunk;
    }
    writer->used = (size_t)(at - writer->chunk);
    return writer->good;
}

/* (11, 13, 17) */
static char *put_line(struct writer *writer, char *at)
{
    for (int i = 0; i < writer->size; i++) {
        memcpy(at, i == 0 ? "(" : ", ", 2);
        at = digits_put(&writer->digits, at + (i == 0 ? 1 : 2), writer->recent[i]);
    }
    memcpy(at, ")\n", 2);
    return at + 2;
}

static void put_tuplet(struct writer *writer)
{
    char *at = writer->chunk + writer->used, *begin = at;
    if (writer->writing == WRITE_TEXT) {
        at = put_line(writer, at);
    } else {
        memcpy(at, writer->recent, (size_t)writer->size * sizeof writer->recent[0]);
        at += (size_t)writer->size * sizeof writer->recent[0];
    }
    writer->used += (size_t)(at - begin);
    if (writer->used > CHUNK - ROOM)
        flush(writer);
}

/* The primes before the first are 0, which belongs to no tuplet. */
static bool take_tuplets(void *closure, const uint64_t *primes, size_t count)
{
    struct writer *writer = closure;
    size_t size = (size_t)writer->size;
    for (size_t i = 0; i < count && writer->good; i++) {
        memmove(writer->recent, writer->recent + 1, (size - 1) * sizeof primes[0]);
        writer->recent[size - 1] = primes[i];
        if (writer->recent[0] > 0 && tuplets_begin(writer->size, writer->recent, size) > 0)
            put_tuplet(writer);
    }
    return writer->good;
}

bool write_tuplets(const struct kernel *kernel, int size, enum writing writing,
                   struct interval interval, bytes_taker take, void *closure)
{
    struct writer *writer = malloc(sizeof *writer);
    if (writer == NULL)
        return false;
    writer->size = size;
    writer->writing = writing;
    writer->take = take;
    writer->closure = closure;
    writer->good = true;
    writer->used = 0;
    writer->digits.length = 0;
    memset(writer->recent, 0, sizeof writer->recent);
    bool listed =
        kernel->list(interval.first, interval.last, size == 1 ? take_primes : take_tuplets, writer);
    flush(writer);
    bool good = listed && writer->good;
    free(writer);
    return good;
}

static bool add_up(void *closure, const char *bytes, size_t count)
{
    (void)bytes;
    *(uint64_t *)closure += count;
    return true;
}

/* The length of a line follows from the number of digits. */
static bool measure_lines(const struct kernel *kernel, struct interval interval, uint64_t *bytes)
{
    uint64_t counted, first = interval.first, limit = 10;
    bool good = true, whole = false;
    int digits = 1;
    *bytes = 0;
    while (good && !whole) {
        for (; digits < MOST_DIGITS && limit <= first; digits++)
            limit = digits + 1 < MOST_DIGITS ? limit * 10 : UINT64_MAX;
        whole = digits == MOST_DIGITS || limit > interval.last;
        uint64_t last = whole ? interval.last : limit - 1;
        good = kernel->count(1, first, last, &counted);
        *bytes += counted * (uint64_t)(digits + 1);
        first = limit;
    }
    return good;
}

bool measure_tuplets(const struct kernel *kernel, int size, enum writing writing,
                     struct interval interval, uint64_t *bytes)
{
    if (writing == WRITE_TEXT && size == 1)
        return measure_lines(kernel, interval, bytes);
    *bytes = 0;
    if (writing == WRITE_TEXT)
        return write_tuplets(kernel, size, writing, interval, add_up, bytes);
    bool good = kernel->count(size, interval.first, interval.last, bytes);
    *bytes *= (uint64_t)size * sizeof(uint64_t);
    return good;
}
