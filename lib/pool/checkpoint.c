#include "pool/checkpoint.h"

#include "base/clock.h"
#include "base/error.h"
#include "pool/checkpoint_directory.h"
#include "world/message.h"
#include "world/mpi_error.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening --------------------------------------------------------------------------------- */

/* What the root tells the others, before the path and the catalogue. */
struct announcement {
    rp_error error;
    int64_t path_bytes; /* with the zero at its end; 0: no work is kept */
    int64_t run, entries, forms;
    uint64_t fingerprint;
    double interval;
    bool forced;
};

/* On the root: opens the directory and reads what is there. */
static void open_on_root(struct checkpoint *checkpoint, const rp_config *config,
                         struct announcement *announcement)
{
    struct checkpoint_directory directory;
    rp_error *error = &announcement->error;
    rpi_error_clear(error);
    rpi_checkpoint_directory_open(&directory, config, error);
    if (error->status == RP_OK && directory.path != NULL)
        rpi_catalogue_read(&checkpoint->catalogue, directory.path, directory.fingerprint,
                           directory.forced, error);
    checkpoint->directory = directory.path;
    checkpoint->lock = directory.lock;
    checkpoint->made = directory.made;
    announcement->path_bytes = directory.path != NULL ? (int64_t)strlen(directory.path) + 1 : 0;
    announcement->run = checkpoint->catalogue.last_run + 1;
    announcement->entries = checkpoint->catalogue.count;
    announcement->forms = checkpoint->catalogue.form_count;
    announcement->fingerprint = directory.fingerprint;
    announcement->interval = directory.interval;
    announcement->forced = directory.forced;
}

/* Room for what the root has already. */
static bool make_room(struct checkpoint *checkpoint, const struct announcement *announcement)
{
    struct catalogue *catalogue = &checkpoint->catalogue;
    catalogue->count = announcement->entries;
    catalogue->form_count = announcement->forms;
    checkpoint->directory = malloc((size_t)announcement->path_bytes);
    catalogue->entries = malloc((size_t)catalogue->count * sizeof *catalogue->entries + 1);
    catalogue->forms = malloc((size_t)catalogue->form_count * sizeof *catalogue->forms + 1);
    return checkpoint->directory != NULL && catalogue->entries != NULL && catalogue->forms != NULL;
}

static int tell_all(struct checkpoint *checkpoint, const struct world *world,
                    const struct announcement *announcement)
{
    struct catalogue *catalogue = &checkpoint->catalogue;
    int code = rpi_message_broadcast(checkpoint->directory, (size_t)announcement->path_bytes,
                                     world->root, world->comm);
    if (code == MPI_SUCCESS)
        code = rpi_message_broadcast(catalogue->entries,
                                     (size_t)catalogue->count * sizeof *catalogue->entries,
                                     world->root, world->comm);
    if (code == MPI_SUCCESS)
        code = rpi_message_broadcast(catalogue->forms,
                                     (size_t)catalogue->form_count * sizeof *catalogue->forms,
                                     world->root, world->comm);
    return code;
}

static void drop(struct checkpoint *checkpoint)
{
    if (checkpoint->lock >= 0)
        close(checkpoint->lock);
    rpi_catalogue_free(&checkpoint->catalogue);
    free(checkpoint->directory);
    free(checkpoint);
}

/* All ranks get what the root found. */
static rp_status share(struct checkpoint *checkpoint, const struct world *world,
                       const struct announcement *announcement, rp_error *error)
{
    bool roomy = world->rank == world->root || make_room(checkpoint, announcement);
    if (!roomy)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for what is kept");
    if (rpi_mpi_agree(world->comm, error) != RP_OK ||
        rpi_mpi_check(tell_all(checkpoint, world, announcement), "MPI_Bcast", error) != RP_OK)
        return error->status;
    checkpoint->run = announcement->run;
    checkpoint->fingerprint = announcement->fingerprint;
    checkpoint->forced = announcement->forced;
    checkpoint->interval = announcement->interval;
    checkpoint->writer = rpi_journal_idle(checkpoint->interval, rpi_clock_seconds());
    return RP_OK;
}

rp_status rpi_checkpoint_open(rp_pool *pool, const rp_config *config, rp_error *error)
{
    const struct world *world = &pool->world;
    struct announcement announcement = {.run = 0};
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to keep work with");
    if (rpi_mpi_agree(world->comm, error) != RP_OK) {
        free(checkpoint);
        return error->status;
    }
    checkpoint->lock = -1;
    if (world->rank == world->root)
        open_on_root(checkpoint, config, &announcement);
    rpi_mpi_check(rpi_message_broadcast(&announcement, sizeof announcement, world->root,
                                        world->comm),
                  "MPI_Bcast", error);
    if (error->status == RP_OK && announcement.error.status != RP_OK)
        *error = announcement.error;
    if (error->status == RP_OK && announcement.path_bytes > 0)
        share(checkpoint, world, &announcement, error);
    if (error->status == RP_OK && announcement.path_bytes > 0)
        pool->checkpoint = checkpoint;
    else
        drop(checkpoint);
    return error->status;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Are these the same job, but perhaps for what its inputs are? */
static bool same_shape(const struct job_form *a, const struct job_form *b)
{
    struct job_form other = *b;
    other.inputs = a->inputs;
    return memcmp(a, &other, sizeof other) == 0;
}

rp_status rpi_checkpoint_check(const rp_pool *pool, const struct job_form *form, rp_error *error)
{
    const struct checkpoint *checkpoint = pool->checkpoint;
    const struct job_form *kept = rpi_catalogue_form(&checkpoint->catalogue, checkpoint->jobs + 1);
    /* The root alone knows the inputs; the others hear of it when they meet. */
    if (pool->world.rank != pool->world.root || error->status != RP_OK || checkpoint->forced ||
        kept == NULL || memcmp(kept, form, sizeof *form) == 0)
        return error->status;
    const char *differs = kept->kind != form->kind       ? "is of another kind"
                          : kept->n != form->n           ? "has another number of items"
                          : kept->inputs != form->inputs ? "has other inputs"
                                                         : "has items or results of other sizes";
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "job %" PRId64
                         " %s than the one that is kept in '%s': resume it by force, or "
                         "name another directory",
                         checkpoint->jobs + 1, differs, checkpoint->directory);
}

/* What has been kept of a job that has changed since is of no use. */
static void forget_if_changed(struct checkpoint *checkpoint, int64_t job,
                              const struct job_form *form)
{
    int64_t count;
    const struct job_form *known = rpi_catalogue_form(&checkpoint->catalogue, job);
    const struct kept *entries = rpi_catalogue_job(&checkpoint->catalogue, job, &count);
    if (known == NULL || same_shape(known, form))
        return;
    struct catalogue *catalogue = &checkpoint->catalogue;
    int64_t behind = catalogue->count - count - (entries - catalogue->entries);
    if (count > 0)
        memmove(catalogue->entries + (entries - catalogue->entries),
                catalogue->entries + (entries - catalogue->entries) + count,
                (size_t)behind * sizeof *entries);
    catalogue->count -= count;
}

static void add_form(rp_pool *pool, int64_t job, const struct job_form *form)
{
    rpi_checkpoint_add(pool, &(struct journal_entry){.job = job,
                                                     .end = 1,
                                                     .kind = JOURNAL_FORM,
                                                     .bytes = sizeof *form,
                                                     .payload = form});
}

/* The root says what the job is, before anybody adds a result of it. Twice: without it, what all
 * ranks have kept of the job would be worth nothing, should one byte be spoilt. */
int64_t rpi_checkpoint_begin(rp_pool *pool, const struct job_form *form)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    int64_t job = ++checkpoint->jobs;
    forget_if_changed(checkpoint, job, form);
    if (pool->world.rank == pool->world.root) {
        add_form(pool, job, form);
        add_form(pool, job, form);
        rpi_journal_write(&checkpoint->writer);
    }
    return job;
}

/* What went wrong with a journal is told once for each node. */
static void warn_once(rp_pool *pool)
{
    const rp_error *error = &pool->checkpoint->writer.error;
    if (error->status != RP_OK &&
        atomic_exchange_explicit(&pool->doings->unprotected, 1, memory_order_relaxed) == 0)
        rpi_checkpoint_warn(error->text);
}

/* The journal comes with the first entry, so that ranks that finish nothing leave no file. */
static void begin_journal(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    char path[PATH_MAX] = "";
    double now = rpi_clock_seconds();
    uint64_t moment = (uint64_t)(now * 1e9);
    struct journal_head head = {.fingerprint = checkpoint->fingerprint};
    checkpoint->begun = true;
    rpi_journal_name(checkpoint->directory, checkpoint->run, pool->world.rank, path, sizeof path);
    head.seed = rp_fingerprint(moment, path, strlen(path));
    rpi_journal_begin(&checkpoint->writer, path, &head, checkpoint->interval, now);
}

void rpi_checkpoint_add(rp_pool *pool, const struct journal_entry *entry)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (!checkpoint->begun)
        begin_journal(pool);
    rpi_journal_add(&checkpoint->writer, entry);
    warn_once(pool);
}

void rpi_checkpoint_write(rp_pool *pool)
{
    rpi_journal_write(&pool->checkpoint->writer);
    warn_once(pool);
}

/* A job that ended well is followed by others, and what comes of them will be written soon
 * enough. */
void rpi_checkpoint_end(rp_pool *pool, rp_status status)
{
    if (status == RP_OK)
        return;
    pool->checkpoint->unfinished = true;
    rpi_journal_flush(&pool->checkpoint->writer);
    warn_once(pool);
}

void rpi_checkpoint_leave_unfinished(rp_pool *pool)
{
    if (pool->checkpoint != NULL)
        pool->checkpoint->unfinished = true;
}

/* ---- closing --------------------------------------------------------------------------------- */

void rpi_checkpoint_seal(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (checkpoint == NULL)
        return;
    const struct catalogue *catalogue = &checkpoint->catalogue;
    /* An earlier run may have come further than this one wanted to. */
    bool further = catalogue->form_count > 0 &&
                   catalogue->forms[catalogue->form_count - 1].job > checkpoint->jobs;
    checkpoint->unfinished = checkpoint->unfinished || further || rp_interrupted(pool);
    if (checkpoint->unfinished)
        rpi_journal_flush(&checkpoint->writer);
    if (checkpoint->begun)
        rpi_journal_end(&checkpoint->writer);
    warn_once(pool);
}

void rpi_checkpoint_close(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (checkpoint == NULL)
        return;
    if (pool->world.rank == pool->world.root && !checkpoint->unfinished)
        rpi_checkpoint_directory_remove(checkpoint->directory, checkpoint->made);
    drop(checkpoint);
    pool->checkpoint = NULL;
}
