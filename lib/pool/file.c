#include "pool/file.h"

#include "base/error.h"
#include "world/message.h"
#include "world/mpi_error.h"
#include "world/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number that tells a path from others. */
static int64_t number_of(const char *path)
{
    uint64_t hash = 0;
    for (; path != NULL && *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(hash ^ hash >> 32);
}

/* First meeting: all want a file of the same name. */
static rp_status want(rp_pool *pool, const char *path, rp_file **file, rp_file *made)
{
    struct ballot ballot = rpi_ballot(CALL_FILE_CREATE);
    ballot.terms[0] = number_of(path);
    if (path == NULL || *path == '\0')
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "the file has no name");
    else if (file == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no place to store the file in");
    else if (made == NULL)
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for a file");
    else if ((made->path = strdup(path)) == NULL)
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for the name of a file");
    return rpi_pool_meet(pool, &ballot);
}

/* The draft is the root's to make; the others hear its name, and open it too. Another node may see
 * another file system there. */
static void open_draft(rp_file *file, rp_error *error)
{
    const struct world *world = &file->pool->world;
    char name[DRAFT_NAME_BYTES] = "";
    if (world->rank == world->root && rpi_draft_make(&file->draft, file->path, error) == RP_OK)
        memcpy(name, file->draft.temporary, sizeof name);
    int code = rpi_message_broadcast(name, sizeof name, world->root, world->comm);
    if (rpi_mpi_check(code, "MPI_Bcast", error) != RP_OK || name[0] == '\0')
        return;
    file->descriptor = open(name, O_WRONLY | O_CLOEXEC);
    if (file->descriptor < 0 && errno == ENOENT)
        rpi_error_set(error, RP_ERR_IO,
                      "cannot write '%s': its directory is not the same on every node", file->path);
    else if (file->descriptor < 0)
        rpi_cannot_write(error, file->path, errno);
}

/* Second meeting: all have it open. */
static rp_status make(rp_file *file)
{
    struct ballot ballot = rpi_ballot(CALL_FILE_CREATED);
    open_draft(file, &ballot.error);
    return rpi_pool_meet(file->pool, &ballot);
}

/* Gives back what this rank has of a file; a draft that was not published goes. */
static void release(rp_file *file)
{
    if (file == NULL)
        return;
    if (file->descriptor >= 0)
        close(file->descriptor);
    rpi_draft_remove(&file->draft);
    free(file->path);
    free(file);
}

rp_status rp_file_create(rp_pool *pool, const char *path, rp_file **file)
{
    if (file != NULL)
        *file = NULL;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_file *made = calloc(1, sizeof *made);
    if (made != NULL)
        *made = (rp_file){.pool = pool, .number = pool->files_made, .descriptor = -1};
    rp_status status = want(pool, path, file, made);
    if (status == RP_OK)
        status = make(made);
    if (status != RP_OK) {
        release(made);
        return status;
    }
    pool->files_made++;
    made->next = pool->files;
    pool->files = made;
    *file = made;
    return RP_OK;
}

/* Writes all bytes, in parts that the system takes at once. Returns an errno, or 0. */
static int write_parts(int file, int64_t offset, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t written = pwrite(file, at, (size_t)rpi_part((int64_t)bytes, 1), offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        at += written;
        offset += written;
        bytes -= (size_t)written;
    }
    return 0;
}

/* After the first error the file cannot become whole, so nothing more is written. */
static rp_status write_at(rp_file *file, int64_t offset, const void *data, size_t bytes)
{
    if (file->error.status != RP_OK)
        return file->error.status;
    int code = write_parts(file->descriptor, offset, data, bytes);
    if (code != 0)
        return rpi_cannot_write(&file->error, file->path, code);
    if (offset + (int64_t)bytes > file->end)
        file->end = offset + (int64_t)bytes;
    return RP_OK;
}

static bool makes_sense(int64_t offset, const void *data, size_t bytes)
{
    return offset >= 0 && bytes <= (size_t)(INT64_MAX - offset) && (data != NULL || bytes == 0);
}

rp_status rp_file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes)
{
    if (file == NULL || !makes_sense(offset, data, bytes))
        return RP_ERR_ARGUMENT;
    return write_at(file, offset, data, bytes);
}

/* Behind all that any rank has written, the bytes of the ranks follow one another. */
static rp_status place(const rp_file *file, size_t bytes, int64_t *offset, rp_error *error)
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
        return RP_ERR_ARGUMENT;
    struct ballot ballot = rpi_ballot(CALL_FILE_APPEND);
    ballot.terms[0] = file->number;
    if (!makes_sense(0, data, bytes))
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT,
                      bytes > 0 && data == NULL ? "data is NULL, but there are bytes of it"
                                                : "more bytes than a file can hold");
    if (rpi_pool_meet(file->pool, &ballot) != RP_OK)
        return file->pool->last.status;
    int64_t offset;
    ballot = rpi_ballot(CALL_FILE_MOVED);
    if (place(file, bytes, &offset, &ballot.error) == RP_OK &&
        write_at(file, offset, data, bytes) != RP_OK)
        ballot.error = file->error;
    return rpi_pool_meet(file->pool, &ballot);
}

/* What is wrong with this rank's part. The last errors come when the bytes are sent to the disk. */
static void finish_mine(rp_file *file, rp_status mine, rp_error *error)
{
    if (file->error.status == RP_OK && mine == RP_OK && fsync(file->descriptor) != 0)
        rpi_cannot_write(&file->error, file->path, errno);
    if (close(file->descriptor) != 0 && file->error.status == RP_OK)
        rpi_cannot_write(&file->error, file->path, errno);
    file->descriptor = -1;
    if (file->error.status != RP_OK)
        *error = file->error;
    else if (mine != RP_OK)
        rpi_error_set(error, mine, "rank %d gave up: %s", file->pool->world.rank,
                      rp_strerror(mine));
}

static void leave_list(rp_file *file)
{
    rp_file **place = &file->pool->files;
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
    struct ballot ballot = rpi_ballot(CALL_FILE_CLOSE);
    ballot.terms[0] = closing->number;
    if (pool->loop.open)
        return rpi_pool_meet(pool, &ballot);
    *file = NULL;
    finish_mine(closing, mine, &ballot.error);
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status == RP_OK) {
        ballot = rpi_ballot(CALL_FILE_MOVED);
        if (pool->world.rank == pool->world.root)
            rpi_draft_publish(&closing->draft, &ballot.error);
        status = rpi_pool_meet(pool, &ballot);
    }
    leave_list(closing);
    release(closing);
    return status;
}

void rpi_files_drop(rp_pool *pool)
{
    while (pool->files != NULL) {
        rp_file *file = pool->files;
        leave_list(file);
        release(file);
    }
}
