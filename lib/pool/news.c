#include "pool/news.h"

#include <stdlib.h>

/* Of all nodes together the root is to read no more than some thousand letters a second. */
bool rpi_news_wanted(const rp_pool *pool, struct letter *letter)
{
    const double usual = 0.25, each = 1e-3;
    double every = each * pool->world.nodes;
    *letter = (struct letter){.kind = LETTER_PROGRESS, .seconds = every > usual ? every : usual};
    return pool->progress != NULL;
}

void rpi_news_read(struct news *news, rp_pool *pool, int node, const struct letter *letter)
{
    if (pool->world.rank == pool->world.root) {
        if (pool->progress != NULL && node != pool->world.node)
            rpi_progress_report(pool->progress, node, letter->tally);
        return;
    }
    if (news->scratch == NULL)
        news->scratch = malloc(pool->board->log_capacity * sizeof *news->scratch);
    if (news->scratch != NULL)
        news->every = letter->seconds;
}

bool rpi_news_due(struct news *news, struct board *board, double now, struct letter *letter)
{
    if (news->every <= 0 || now < news->next)
        return false;
    news->next = now + news->every;
    *letter = (struct letter){.kind = LETTER_PROGRESS, .tally = rpi_news_tally(news, board)};
    return true;
}

struct tally rpi_news_tally(struct news *news, struct board *board)
{
    return news->scratch != NULL ? rpi_tally_read(board, news->scratch) : (struct tally){0, 0};
}

void rpi_news_end(struct news *news)
{
    free(news->scratch);
}
