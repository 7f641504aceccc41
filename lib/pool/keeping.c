#include "pool/keeping.h"

#include "base/clock.h"

uint64_t rpi_keeping_inputs(const rp_pool *pool, const void *in, int64_t n, size_t item_bytes)
{
    bool here = pool->world.rank == pool->world.root && in != NULL;
    return here ? rp_fingerprint(0, in, (size_t)n * item_bytes) : 0;
}

void rpi_keeping_begin(struct keeping *keeping, rp_pool *pool, const struct job_form *form)
{
    const struct checkpoint *checkpoint = pool->checkpoint;
    keeping->pool = pool;
    keeping->job = rpi_checkpoint_begin(pool, form);
    keeping->entries = rpi_catalogue_job(&checkpoint->catalogue, keeping->job, &keeping->count);
    keeping->shelf = (struct shelf){.directory = checkpoint->directory};
}

/* The first entry that ends behind an item, or NULL. Items come mostly in order. */
static const struct kept *find(struct keeping *keeping, int64_t item)
{
    int64_t at = keeping->at;
    bool near = at < keeping->count && (at == 0 || keeping->entries[at - 1].end <= item) &&
                keeping->entries[at].end > item;
    if (!near)
        at = keeping->at = rpi_kept_at(keeping->entries, keeping->count, item);
    return at < keeping->count ? &keeping->entries[at] : NULL;
}

/* A run that begins at `begin`, and ends no later than the piece: all of it is kept in one entry,
 * or nothing of it. */
static rp_range cut(struct keeping *keeping, int64_t begin, int64_t end, const struct kept **kept)
{
    const struct kept *next = keeping->count > 0 ? find(keeping, begin) : NULL;
    *kept = next != NULL && next->begin <= begin ? next : NULL;
    int64_t border = next == NULL ? end : *kept != NULL ? next->end : next->begin;
    int64_t stride = keeping->stride > 0 ? keeping->stride - begin % keeping->stride : end - begin;
    end = border < end ? border : end;
    return (rp_range){begin, end - begin > stride ? begin + stride : end};
}

/* Where the elements of a run are that begins so many items into a piece. */
static void find_places(const struct work *work, void *const *at, int64_t items, void **run_at)
{
    const struct keeping *keeping = work->keeping;
    for (int i = 0; i < work->array_count; i++)
        run_at[i] = at[i] != NULL ? (char *)at[i] + (size_t)items * work->arrays[i].size : NULL;
    if (keeping->statuses != NULL && run_at[keeping->status_array] == NULL)
        run_at[keeping->status_array] = keeping->statuses;
}

static int64_t compute_run(struct work *work, rp_range run, void *const *at)
{
    struct keeping *keeping = work->keeping;
    int64_t failures = work->failures.count;
    int64_t done = work->compute(work, run, at);
    keeping->note(work, (rp_range){run.begin, run.begin + done}, at,
                  work->failures.count == failures);
    if (checkpoint_due(keeping->pool->checkpoint, rpi_clock_seconds())) {
        keeping->add(work);
        rpi_checkpoint_write(keeping->pool);
    }
    return done;
}

int64_t rpi_keeping_compute(struct work *work, rp_range piece, void *const *at)
{
    struct keeping *keeping = work->keeping;
    const struct kept *kept;
    void *run_at[MOST_ARRAYS];
    int64_t begin = piece.begin;
    while (begin < piece.end) {
        rp_range run = cut(keeping, begin, piece.end, &kept);
        find_places(work, at, begin - piece.begin, run_at);
        if (kept != NULL && keeping->take(work, run, kept, run_at)) {
            claim_untimed(&keeping->pool->loop.claimer);
            begin = run.end;
            continue;
        }
        begin += compute_run(work, run, run_at);
        if (begin < run.end || work->stopping)
            break;
    }
    return begin - piece.begin;
}

void rpi_keeping_end(struct keeping *keeping, rp_status status)
{
    rpi_shelf_close(&keeping->shelf);
    rpi_checkpoint_end(keeping->pool, status);
}
