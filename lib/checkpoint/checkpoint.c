#include "checkpoint/checkpoint.h"

#include "base/clock.h"
#include "base/error.h"
#include "checkpoint/directory.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "diag/diagnosis.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening --------------------------------------------------------------------------------- */

/* Broadcast by the root before the path and the journal index. */
struct announcement {
    rp_error error;
    int64_t path_bytes; /* including the terminating zero; 0: no checkpoint */
    int64_t run, entries, forms;
    uint64_t fingerprint;
    double interval;
    bool forced;
};

/* On the root: opens the directory and reads the journals. */
static void checkpoint_open_on_root(struct checkpoint *checkpoint, const rp_config *config,
                                    struct announcement *announcement)
{
    struct checkpoint_directory directory;
    rp_error *error = &announcement->error;
    rpi_error_clear(error);
    rpi_checkpoint_directory_open(&directory, config, error);
    if (error->status == RP_OK && directory.path != NULL)
        rpi_journal_index_read(&checkpoint->journal_index, directory.path, directory.fingerprint,
                               directory.forced, error);
    if (checkpoint->journal_index.refused > 0)
        rpi_checkpoint_warn_refused(directory.path, checkpoint->journal_index.refused);
    checkpoint->directory = directory.path;
    checkpoint->lock = directory.lock;
    checkpoint->made = directory.made;
    announcement->path_bytes = directory.path != NULL ? (int64_t)strlen(directory.path) + 1 : 0;
    announcement->run = checkpoint->journal_index.last_run + 1;
    announcement->entries = checkpoint->journal_index.count;
    announcement->forms = checkpoint->journal_index.form_count;
    announcement->fingerprint = directory.fingerprint;
    announcement->interval = directory.interval;
    announcement->forced = directory.forced;
}

/* On other ranks: allocates memory for the path and the journal index. */
static bool checkpoint_allocate(struct checkpoint *checkpoint,
                                const struct announcement *announcement)
{
    struct journal_index *journal_index = &checkpoint->journal_index;
    journal_index->count = announcement->entries;
    journal_index->form_count = announcement->forms;
    checkpoint->directory = malloc((size_t)announcement->path_bytes);
    journal_index->entries =
        malloc((size_t)journal_index->count * sizeof *journal_index->entries + 1);
    journal_index->forms =
        malloc((size_t)journal_index->form_count * sizeof *journal_index->forms + 1);
    return checkpoint->directory != NULL && journal_index->entries != NULL &&
           journal_index->forms != NULL;
}

static int checkpoint_broadcast(struct checkpoint *checkpoint, const struct world *world,
                                const struct announcement *announcement)
{
    const struct journal_index *index = &checkpoint->journal_index;
    const struct {
        void *data;
        size_t bytes;
    } parts[] = {{checkpoint->directory, (size_t)announcement->path_bytes},
                 {index->entries, (size_t)index->count * sizeof *index->entries},
                 {index->forms, (size_t)index->form_count * sizeof *index->forms}};
    int code = MPI_SUCCESS;
    for (int i = 0; i < 3 && code == MPI_SUCCESS; i++)
        code = rpi_message_broadcast(parts[i].data, parts[i].bytes, world->root, world->comm);
    return code;
}

static void checkpoint_free(struct checkpoint *checkpoint)
{
    if (checkpoint->lock >= 0)
        close(checkpoint->lock);
    rpi_journal_index_free(&checkpoint->journal_index);
    free(checkpoint->directory);
    free(checkpoint);
}

static rp_status checkpoint_share(struct checkpoint *checkpoint, const struct world *world,
                                  const struct announcement *announcement, rp_error *error)
{
    bool roomy = world->rank == world->root || checkpoint_allocate(checkpoint, announcement);
    if (!roomy)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the index of the checkpoint");
    if (rpi_mpi_agree(world->comm, error) != RP_OK ||
        rpi_mpi_check(checkpoint_broadcast(checkpoint, world, announcement), "MPI_Bcast", error) !=
            RP_OK)
        return error->status;
    checkpoint->run = announcement->run;
    checkpoint->fingerprint = announcement->fingerprint;
    checkpoint->forced = announcement->forced;
    checkpoint->interval = announcement->interval;
    checkpoint->writer = rpi_journal_idle(checkpoint->interval, rpi_clock_seconds());
    return RP_OK;
}

void rpi_checkpoint_leave_unfinished(rp_pool *pool)
{
    if (pool->checkpoint != NULL)
        pool->checkpoint->unfinished = true;
}

/* After a call that failed, what is saved is of use to the next run. */
static void checkpoint_after_agreement(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)call;
    if (agreed != RP_OK)
        rpi_checkpoint_leave_unfinished(pool);
}

static const struct agreement_hook checkpoint_hook = {NULL, checkpoint_after_agreement};

rp_status rpi_checkpoint_open(rp_pool *pool, const rp_config *config, rp_error *error)
{
    const struct world *world = &pool->world;
    struct announcement announcement = {.run = 0};
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the checkpoint");
    if (rpi_mpi_agree(world->comm, error) != RP_OK) {
        free(checkpoint);
        return error->status;
    }
    checkpoint->lock = -1;
    if (world->rank == world->root)
        checkpoint_open_on_root(checkpoint, config, &announcement);
    rpi_mpi_check(rpi_message_broadcast(&announcement, sizeof announcement, world->root,
                                        world->comm),
                  "MPI_Bcast", error);
    if (error->status == RP_OK && announcement.error.status != RP_OK)
        *error = announcement.error;
    if (error->status == RP_OK && announcement.path_bytes > 0)
        checkpoint_share(checkpoint, world, &announcement, error);
    if (error->status == RP_OK && announcement.path_bytes > 0) {
        pool->checkpoint = checkpoint;
        pool->hooks[HOOK_OF_CHECKPOINT] = &checkpoint_hook;
    } else {
        checkpoint_free(checkpoint);
    }
    return error->status;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool same_form_but_inputs(const struct job_form *a, const struct job_form *b)
{
    struct job_form other = *b;
    other.inputs = a->inputs;
    return memcmp(a, &other, sizeof other) == 0;
}

rp_status rpi_checkpoint_check(const rp_pool *pool, const struct job_form *form, rp_error *error)
{
    const struct checkpoint *checkpoint = pool->checkpoint;
    const struct job_form *saved =
        rpi_journal_index_form(&checkpoint->journal_index, checkpoint->jobs + 1);
    /* Only the root knows the inputs. */
    if (pool->world.rank != pool->world.root || error->status != RP_OK || checkpoint->forced ||
        saved == NULL || memcmp(saved, form, sizeof *form) == 0)
        return error->status;
    const char *differs = saved->kind != form->kind       ? "is of another kind"
                          : saved->n != form->n           ? "has another number of items"
                          : saved->inputs != form->inputs ? "has other inputs"
                                                          : "has items or results of other sizes";
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "job %" PRId64
                         " %s than the job saved in '%s': resume by force, or use another "
                         "directory",
                         checkpoint->jobs + 1, differs, checkpoint->directory);
}

static void checkpoint_add_form(rp_pool *pool, int64_t job, const struct job_form *form)
{
    rpi_checkpoint_add(pool, &(struct journal_entry){.job = job,
                                                     .end = 1,
                                                     .kind = JOURNAL_FORM,
                                                     .bytes = sizeof *form,
                                                     .payload = form});
}

/* The root writes the form of the job before any rank adds a result. Twice, since without an intact
 * form the entries of all ranks would be useless. */
int64_t rpi_checkpoint_begin(rp_pool *pool, const struct job_form *form)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    int64_t job = ++checkpoint->jobs;
    const struct job_form *known = rpi_journal_index_form(&checkpoint->journal_index, job);
    if (known != NULL && !same_form_but_inputs(known, form))
        rpi_journal_index_forget(&checkpoint->journal_index, job);
    if (pool->world.rank == pool->world.root) {
        checkpoint_add_form(pool, job, form);
        checkpoint_add_form(pool, job, form);
        rpi_journal_write(&checkpoint->writer);
    }
    return job;
}

void rpi_checkpoint_report(const rp_pool *pool, const rp_error *error)
{
    if (error->status != RP_OK && atomic_exchange_explicit(&pool->diag->activities->unprotected, 1,
                                                           memory_order_relaxed) == 0)
        rpi_checkpoint_warn(error->text);
}

static void checkpoint_warn_once(const rp_pool *pool)
{
    rpi_checkpoint_report(pool, &pool->checkpoint->writer.error);
}

struct journal_head rpi_checkpoint_head(const struct checkpoint *checkpoint, const char *path)
{
    uint64_t moment = (uint64_t)(rpi_clock_seconds() * 1e9);
    return (struct journal_head){.seed = rp_fingerprint(moment, path, strlen(path)),
                                 .fingerprint = checkpoint->fingerprint};
}

/* Called with the first entry, so that ranks that finish nothing create no file. */
static void checkpoint_begin_journal(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    char path[PATH_MAX] = "";
    checkpoint->begun = true;
    rpi_journal_name(checkpoint->directory, checkpoint->run, pool->world.rank, path, sizeof path);
    struct journal_head head = rpi_checkpoint_head(checkpoint, path);
    rpi_journal_begin(&checkpoint->writer, path, &head, checkpoint->interval, rpi_clock_seconds());
}

void rpi_checkpoint_add(rp_pool *pool, const struct journal_entry *entry)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (!checkpoint->begun)
        checkpoint_begin_journal(pool);
    rpi_journal_add(&checkpoint->writer, entry);
    checkpoint_warn_once(pool);
}

void rpi_checkpoint_write(rp_pool *pool)
{
    rpi_journal_write(&pool->checkpoint->writer);
    checkpoint_warn_once(pool);
}

/* After a successful job nothing is flushed: the writes of the next jobs, or of the end, will
 * do. */
void rpi_checkpoint_end(rp_pool *pool, rp_status status)
{
    if (status == RP_OK)
        return;
    pool->checkpoint->unfinished = true;
    rpi_journal_flush(&pool->checkpoint->writer);
    checkpoint_warn_once(pool);
}

/* ---- closing --------------------------------------------------------------------------------- */

void rpi_checkpoint_seal(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (checkpoint == NULL)
        return;
    const struct journal_index *journal_index = &checkpoint->journal_index;
    /* An earlier run may have begun more jobs than this one. */
    bool further = journal_index->form_count > 0 &&
                   journal_index->forms[journal_index->form_count - 1].job > checkpoint->jobs;
    checkpoint->unfinished = checkpoint->unfinished || further || rp_interrupted(pool);
    if (checkpoint->unfinished)
        rpi_journal_flush(&checkpoint->writer);
    if (checkpoint->begun)
        rpi_journal_end(&checkpoint->writer);
    checkpoint_warn_once(pool);
}

void rpi_checkpoint_close(rp_pool *pool)
{
    struct checkpoint *checkpoint = pool->checkpoint;
    if (checkpoint == NULL)
        return;
    if (pool->world.rank == pool->world.root && !checkpoint->unfinished)
        rpi_checkpoint_directory_remove(checkpoint->directory, checkpoint->made);
    checkpoint_free(checkpoint);
    pool->checkpoint = NULL;
}
