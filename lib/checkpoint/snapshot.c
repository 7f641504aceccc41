#include "checkpoint/snapshot.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_io.h"
#include "checkpoint/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In place of ranks, which are fewer, in the names of the files. */
enum {
    SNAPSHOT_RANKS = 500000000,
    SNAPSHOT_FILES = 3, /* of a job */
    SNAPSHOT_MOST_JOBS = SNAPSHOT_RANKS / SNAPSHOT_FILES - 1
};

/* What precedes the state in a file: its head, the form of the job, and the head of the entry. */
enum {
    SNAPSHOT_HEAD_BYTES = 3 * JOURNAL_HEAD_BYTES + sizeof(struct job_form)
};

/* After a snapshot that failed. */
static const double retry_seconds = 60;

/* In the name of the first file. */
static int snapshots_rank(const struct snapshots *snapshots)
{
    return SNAPSHOT_RANKS + SNAPSHOT_FILES * (int)snapshots->earlier.job;
}

void rpi_snapshots_begin(struct snapshots *snapshots, rp_pool *pool, const struct job_form *form)
{
    const struct checkpoint *checkpoint = pool->checkpoint;
    *snapshots =
        (struct snapshots){.form = *form, .newest = -1, .synced = -1, .write = {.next = INFINITY}};
    rpi_job_saving_begin(&snapshots->earlier, pool, form);
    if (checkpoint == NULL || pool->world.rank != pool->world.root ||
        snapshots->earlier.job > SNAPSHOT_MOST_JOBS)
        return;
    const struct journal_writer idle = rpi_journal_idle(checkpoint->interval, rpi_clock_seconds());
    snapshots->write = idle.write;
    snapshots->sync = idle.sync;
    snapshots->number = snapshots->earlier.count > 0 ? snapshots->earlier.entries[0].end : 0;
}

const void *rpi_snapshots_find(struct snapshots *snapshots, size_t *bytes)
{
    struct job_saving *earlier = &snapshots->earlier;
    if (earlier->count == 0)
        return NULL;
    *bytes = earlier->entries[0].bytes;
    return rpi_payload_cache_fetch(&earlier->payload_cache, &earlier->entries[0]);
}

void *rpi_snapshot_reserve(struct snapshots *snapshots, size_t bytes)
{
    if (snapshots->write.next == INFINITY)
        return NULL;
    snapshots->begun = rpi_clock_seconds();
    free(snapshots->bytes);
    snapshots->used = SNAPSHOT_HEAD_BYTES + bytes;
    snapshots->bytes = malloc(snapshots->used);
    if (snapshots->bytes == NULL)
        snapshots->write.next = snapshots->begun + retry_seconds;
    return snapshots->bytes != NULL ? snapshots->bytes + SNAPSHOT_HEAD_BYTES : NULL;
}

/* The entry of the state that was composed. */
static struct journal_entry snapshot_entry(struct snapshots *snapshots)
{
    return (struct journal_entry){.job = snapshots->earlier.job,
                                  .end = ++snapshots->number,
                                  .kind = JOURNAL_STATE,
                                  .bytes = snapshots->used - SNAPSHOT_HEAD_BYTES,
                                  .payload = snapshots->bytes + SNAPSHOT_HEAD_BYTES};
}

/* Completes the bytes of the file. */
static void snapshot_compose(struct snapshots *snapshots, const struct journal_head *head)
{
    unsigned char *bytes = snapshots->bytes;
    const struct journal_entry state = snapshot_entry(snapshots);
    const struct journal_entry form = {.job = snapshots->earlier.job,
                                       .end = 1,
                                       .kind = JOURNAL_FORM,
                                       .bytes = sizeof snapshots->form,
                                       .payload = &snapshots->form};
    rpi_journal_write_head(head, bytes);
    rpi_journal_write_entry(&form, head->seed, bytes + JOURNAL_HEAD_BYTES);
    memcpy(bytes + (size_t)2 * JOURNAL_HEAD_BYTES, &snapshots->form, sizeof snapshots->form);
    rpi_journal_write_entry(&state, head->seed, bytes + SNAPSHOT_HEAD_BYTES - JOURNAL_HEAD_BYTES);
}

/* Writes the file, and syncs it if that is due or `*sync`; sets *sync: it did. Returns 0 or an
 * errno. */
static int snapshot_write_file(struct snapshots *snapshots, int file, bool *sync)
{
    int code = rpi_write_all(file, snapshots->bytes, snapshots->used);
    double written = rpi_clock_seconds();
    rpi_journal_schedule_write(&snapshots->write, written - snapshots->begun, written);
    *sync = code == 0 && (*sync || written >= snapshots->sync.next);
    if (!*sync)
        return code;
    code = rpi_sync(file);
    double synced = rpi_clock_seconds();
    rpi_journal_schedule_sync(&snapshots->sync, synced - written, synced);
    return code;
}

static int snapshot_store(struct snapshots *snapshots, const char *path, bool *sync)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return errno;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return errno;
    int code = snapshot_write_file(snapshots, file, sync);
    if (close(file) != 0 && code == 0)
        code = errno;
    if (code != 0)
        unlink(path);
    return code;
}

static void snapshot_failed(struct snapshots *snapshots, int code)
{
    rp_error error;
    rpi_error_set(&error, RP_ERR_IO, "a snapshot cannot be written: %s", strerror(code));
    rpi_checkpoint_report(snapshots->earlier.pool, &error);
    snapshots->write.next = rpi_clock_seconds() + retry_seconds;
}

/* Removes the files of the job that runs before this one wrote. */
static void snapshots_remove(const struct snapshots *snapshots, int64_t run)
{
    int first = snapshots_rank(snapshots);
    rpi_journals_remove_earlier(snapshots->earlier.pool->checkpoint->directory, run, first,
                                first + SNAPSHOT_FILES - 1);
}

void rpi_snapshot_write(struct snapshots *snapshots, bool sync)
{
    const struct checkpoint *checkpoint = snapshots->earlier.pool->checkpoint;
    char path[PATH_MAX] = "";
    int file = 0;
    while (file == snapshots->newest || file == snapshots->synced)
        file++;
    rpi_journal_name(checkpoint->directory, checkpoint->run, snapshots_rank(snapshots) + file, path,
                     sizeof path);
    const struct journal_head head = rpi_checkpoint_head(checkpoint, path);
    snapshot_compose(snapshots, &head);
    int code = snapshot_store(snapshots, path, &sync);
    if (code != 0) {
        snapshot_failed(snapshots, code);
        return;
    }
    if (checkpoint->interval > 0) /* but the root has other work, too */
        snapshots->write.next =
            rpi_clock_seconds() + fmax(checkpoint->interval, 10 * snapshots->write.cost);
    if (sync && snapshots->synced < 0)
        snapshots_remove(snapshots, checkpoint->run);
    snapshots->newest = file;
    snapshots->synced = sync ? file : snapshots->synced;
}

void rpi_snapshots_gain(struct snapshots *snapshots, double seconds)
{
    const double share = 0.005;
    const struct journal_interval *write = &snapshots->write;
    if (write->next == INFINITY || write->cost == 0)
        return;
    if (seconds * share > write->cost * snapshots->earlier.pool->world.ranks)
        snapshots->write.next = fmin(write->next, rpi_clock_seconds());
}

void rpi_snapshot_finish(struct snapshots *snapshots)
{
    rp_pool *pool = snapshots->earlier.pool;
    struct journal_writer *writer = &pool->checkpoint->writer;
    const struct journal_entry state = snapshot_entry(snapshots);
    rpi_checkpoint_add(pool, &state);
    if (snapshots->newest < 0 && snapshots->earlier.count == 0)
        return;
    rpi_journal_flush(writer);
    rpi_checkpoint_report(pool, &writer->error);
    if (writer->error.status == RP_OK)
        snapshots_remove(snapshots, pool->checkpoint->run + 1);
}

void rpi_snapshots_end(struct snapshots *snapshots, rp_status status)
{
    free(snapshots->bytes);
    snapshots->bytes = NULL;
    rpi_job_saving_end(&snapshots->earlier, status);
}
