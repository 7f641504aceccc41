/* Files that all ranks write together. The root creates a temporary file, and all ranks write into
 * it.
 *
 * The files use pwrite() and not MPI-IO, which does not report every error; see doc/design.md. */
#include "collective/collective.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file_io.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rp_file {
    rp_pool *pool;
    rp_file *next; /* in the pool's list, which has the same order on every rank */
    int64_t number;
    char *path;                     /* as given by the program */
    struct atomic_file atomic_file; /* on the root */
    int descriptor;
    int64_t end;    /* offset after the last byte that this rank knows of */
    rp_error error; /* of this rank's first failed write */
};

/* First agreement: all ranks name the same file. */
static rp_status file_agree(rp_pool *pool, const char *path, rp_file **file, rp_file *made)
{
    struct vote vote = rpi_vote(CALL_FILE_CREATE);
    vote.terms[FILE_PATH] = path != NULL ? (int64_t)rp_fingerprint(0, path, strlen(path)) : 0;
    if (path == NULL || *path == '\0')
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "the file has no name");
    else if (file == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the file in");
    else if (made == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for a file");
    else if ((made->path = strdup(path)) == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for the name of a file");
    return rpi_pool_agree(pool, &vote);
}

/* On the root. */
static void file_make(rp_file *file, rp_error *error)
{
    if (rpi_atomic_file_make(&file->atomic_file, file->path, error) != RP_OK)
        return;
    if (!rpi_atomic_file_has_offsets(&file->atomic_file)) {
        rpi_error_set(error, RP_ERR_IO,
                      "cannot write '%.400s': it is a pipe or the like, into which several ranks "
                      "cannot write",
                      file->path);
        file->atomic_file = (struct atomic_file){.path = ""};
        return;
    }
    file->descriptor = rpi_atomic_file_open(&file->atomic_file);
    if (file->descriptor < 0)
        rpi_cannot_write(error, file->path, errno);
}

/* The root creates the temporary file; the others get its name and open it too. Another node may
 * have a different file system there. */
static void file_open(rp_file *file, rp_error *error)
{
    const struct world *world = &file->pool->world;
    char name[ATOMIC_FILE_NAME_BYTES] = "";
    if (world->rank == world->root) {
        file_make(file, error);
        if (file->descriptor >= 0)
            strcpy(name, rpi_atomic_file_name(&file->atomic_file));
    }
    int code = rpi_message_broadcast(name, sizeof name, world->root, world->comm);
    if (rpi_mpi_check(code, "MPI_Bcast", error) != RP_OK || name[0] == '\0')
        return;
    if (world->rank == world->root)
        return;
    file->descriptor = open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (file->descriptor < 0 && errno == ENOENT)
        rpi_error_set(error, RP_ERR_IO,
                      "cannot write '%s': its directory is not the same on every node", file->path);
    else if (file->descriptor < 0)
        rpi_cannot_write(error, file->path, errno);
}

/* Second agreement: all ranks have opened it. */
static rp_status file_agree_open(rp_file *file)
{
    struct vote vote = rpi_vote(CALL_FILE_CREATED);
    file_open(file, &vote.error);
    return rpi_pool_agree(file->pool, &vote);
}

/* Frees this rank's resources of a file. A temporary file that was not published is removed. */
static void file_free(rp_file *file)
{
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        close(file->descriptor);
    rpi_atomic_file_remove(&file->atomic_file);
    free(file->path);
    free(file);
}

rp_status rp_file_create(rp_pool *pool, const char *path, rp_file **file)
{
    if (file != NULL)
        *file = NULL;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_file *made = calloc(1, sizeof *made);
    if (made != NULL)
        *made = (rp_file){.pool = pool, .number = pool->collectives->files_made, .descriptor = -1};
    rp_status status = file_agree(pool, path, file, made);
    if (status == RP_OK)
        status = file_agree_open(made);
    if (status != RP_OK) {
        file_free(made);
        return status;
    }
    pool->collectives->files_made++;
    made->next = pool->collectives->files;
    pool->collectives->files = made;
    *file = made;
    return RP_OK;
}

/* After the first error the file cannot become complete, so nothing more is written. */
static rp_status file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes)
{
    if (file->error.status != RP_OK)
        return file->error.status;
    int code = rpi_pwrite_all(file->descriptor, data, bytes, offset);
    if (code != 0)
        return rpi_cannot_write(&file->error, file->path, code);
    if (offset + (int64_t)bytes > file->end)
        file->end = offset + (int64_t)bytes;
    return RP_OK;
}

static bool file_range_valid(int64_t offset, const void *data, size_t bytes)
{
    return offset >= 0 && bytes <= (size_t)(INT64_MAX - offset) && (data != NULL || bytes == 0);
}

rp_status rp_file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes)
{
    if (file == NULL)
        return rpi_refuse_null(__func__, "file");
    if (!file_range_valid(offset, data, bytes))
        return RP_ERR_ARGUMENT;
    return file_write_at(file, offset, data, bytes);
}

/* The offset for this rank's bytes: the ranks' bytes follow one another, after all that any rank
 * has written so far. */
static rp_status file_append_offset(const rp_file *file, size_t bytes, int64_t *offset,
                                    rp_error *error)
{
    const struct world *world = &file->pool->world;
    int64_t end = file->end, mine = (int64_t)bytes, up_to_mine = mine;
    int code = MPI_Scan(&mine, &up_to_mine, 1, MPI_INT64_T, MPI_SUM, world->comm);
    if (code == MPI_SUCCESS)
        code = MPI_Allreduce(&file->end, &end, 1, MPI_INT64_T, MPI_MAX, world->comm);
    *offset = end + up_to_mine - mine;
    return rpi_mpi_check(code, "MPI_Scan", error);
}

rp_status rp_file_append(rp_file *file, const void *data, size_t bytes)
{
    if (file == NULL)
        return rpi_refuse_null(__func__, "file");
    struct vote vote = rpi_vote(CALL_FILE_APPEND);
    vote.terms[FILE_NUMBER] = file->number;
    if (!file_range_valid(0, data, bytes))
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT,
                      bytes > 0 && data == NULL ? "data is NULL, but there are bytes of it"
                                                : "more bytes than a file can hold");
    if (rpi_pool_agree(file->pool, &vote) != RP_OK)
        return file->pool->last.status;
    int64_t offset;
    vote = rpi_vote(CALL_FILE_MOVED);
    if (file_append_offset(file, bytes, &offset, &vote.error) == RP_OK &&
        file_write_at(file, offset, data, bytes) != RP_OK)
        vote.error = file->error;
    return rpi_pool_agree(file->pool, &vote);
}

/* Closes this rank's descriptor and reports its first error. Write errors may appear as late as
 * here. */
static void file_finish(rp_file *file, rp_status mine, rp_error *error)
{
    int code = file->error.status == RP_OK && mine == RP_OK ? rpi_sync(file->descriptor) : 0;
    if (code != 0)
        rpi_cannot_write(&file->error, file->path, code);
    if (close(file->descriptor) != 0 && file->error.status == RP_OK)
        rpi_cannot_write(&file->error, file->path, errno);
    file->descriptor = -1;
    if (file->error.status != RP_OK)
        *error = file->error;
    else if (mine != RP_OK)
        rpi_error_set(error, mine, "rank %d gave up: %s", file->pool->world.rank,
                      rp_strerror(mine));
}

static void file_leave_list(rp_file *file)
{
    rp_file **place = &file->pool->collectives->files;
    while (*place != file)
        place = &(*place)->next;
    *place = file->next;
}

rp_status rp_file_close(rp_file **file, rp_status mine)
{
    if (file == NULL || *file == NULL)
        return RP_OK;
    rp_file *closing = *file;
    rp_pool *pool = closing->pool;
    struct vote vote = rpi_vote(CALL_FILE_CLOSE);
    vote.terms[FILE_NUMBER] = closing->number;
    if (pool->loop.open)
        return rpi_pool_agree(pool, &vote);
    *file = NULL;
    file_finish(closing, mine, &vote.error);
    rp_status status = rpi_pool_agree(pool, &vote);
    if (status == RP_OK) {
        vote = rpi_vote(CALL_FILE_MOVED);
        if (pool->world.rank == pool->world.root)
            rpi_atomic_file_publish(&closing->atomic_file, &vote.error);
        status = rpi_pool_agree(pool, &vote);
    }
    file_leave_list(closing);
    file_free(closing);
    return status;
}

void rpi_files_drop(rp_pool *pool)
{
    while (pool->collectives->files != NULL) {
        rp_file *file = pool->collectives->files;
        file_leave_list(file);
        file_free(file);
    }
}
