/* News of how far a node is, which its agent writes to the root as long as somebody there looks. */
#ifndef RANKPOOL_POOL_NEWS_H
#define RANKPOOL_POOL_NEWS_H

#include "pool/letter.h"
#include "pool/pool.h"

struct news {
    double every, next;   /* seconds between letters, 0: none are wanted; when the next is due */
    struct span *scratch; /* for rpi_tally_read() */
};

/* On the root: the letter that asks the other nodes for news. False where nobody looks. */
bool rpi_news_wanted(const rp_pool *pool, struct letter *letter);

/* Reads such a letter, from the root, or news from `node`. */
void rpi_news_read(struct news *news, rp_pool *pool, int node, const struct letter *letter);

/* Is it time to write? Then *letter is what to write. */
bool rpi_news_due(struct news *news, struct board *board, double now, struct letter *letter);

/* How far this node is, if anybody wants to know. */
struct tally rpi_news_tally(struct news *news, struct board *board);

void rpi_news_end(struct news *news);

#endif
