/* Journals of some jobs whose entries have correct checksums, and wild fields or right ones.
 * Payloads follow from item numbers, so that a wrong byte is detected. */
#ifndef RANKPOOL_TESTS_WILD_JOURNALS_H
#define RANKPOOL_TESTS_WILD_JOURNALS_H

#include "checkpoint/journal_index.h"
#include "stream/packet.h"

enum {
    MAP = 1, /* the numbers of the jobs */
    REDUCE,
    LOOP,
    STREAM,
    HUGE_REDUCE, /* too many items to compute; only restored ones are checked */
    JOBS,
    RUNS = 3,
    MOST_ITEMS = 600
};

/* The jobs whose journals are written. */
extern struct job_form forms[JOBS];

/* Number of entries written so far. */
extern uint64_t written;

/* A partial result records which items it covers, so that a wrong combination is detected. */
struct partial {
    int64_t begin, end;
    uint64_t sum;
};

struct partial partial_of(rp_range items);

/* Byte `place` of what belongs to an item; the first so many of them. */
unsigned char byte_of(int64_t item, uint64_t place);
void fill(void *to, int64_t item, size_t bytes);

size_t result_bytes(int64_t item);

/* A packet with the inputs of `items` items, from `first` on. */
struct packet *packet_of(int64_t first, int64_t items);

/* A random number from 0 to `most`. */
int64_t up_to(int64_t most);

/* Writes the journal of a run. */
void write_journal(const char *directory, int64_t run);

/* Was the payload of this entry changed, so that any content is right? Since forget_journals(). */
bool is_changed(const struct saved *entry);
void forget_journals(void);

#endif
