/**
 * @file rankpool/file.h
 * @brief Files that all ranks write in parallel.
 *
 *     status = rp_file_create(pool, "result.bin", &file);
 *     if (status == RP_OK) {
 *         status = rp_file_append(file, mine, bytes);    (or: rp_file_write_at() )
 *         status = rp_file_close(&file, status);
 *     }
 *
 * A file appears complete or not at all. It is written as path.XXXXXX in the same directory, and
 * renamed when all ranks have closed it and all data are written; an existing file of that name
 * stays until then. The new file takes over the existing file's mode, and its owner if this user is
 * permitted to set it; other hard links keep the old content. If a write fails on any rank, for
 * example because the disk is full or a file size limit is reached, every rank gets the same error,
 * with the file's name and the system's reason, and the temporary file is removed. (If only the
 * renaming fails, the temporary file stays, and the error names it.) With several nodes, the
 * directory must be on a shared file system.
 *
 * A file that cannot be replaced by renaming is written in place, and truncated if writing fails: a
 * mount point, as in a container; a file in a directory that this user cannot write; a device, such
 * as /dev/null.
 *
 * While a file is open, the root has a handler for each signal that would end its process, unless
 * the program has installed one. It removes the temporary file, and the signal then takes the
 * action it had before: the default, or that of MPI. After SIGKILL the supervisor process of
 * rp_launch() removes the file; under another launcher it stays.
 */
#ifndef RANKPOOL_FILE_H
#define RANKPOOL_FILE_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A file that all ranks write. Opaque; made by rp_file_create(). */
typedef struct rp_file rp_file;

/**
 * Creates a file. *Collective.* A file that cannot be written fails here, not later.
 *
 * @param[in] path   its name, the same on every rank; relative to the root's working directory.
 *                   Symbolic links are followed. Pipes, terminals, and the file that is open as
 *                   standard output or error are refused.
 * @param[out] file  the file; NULL after an error. Owned by the caller until rp_file_close() or
 *                   rp_close(), which discards it.
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two barriers, and opening the file on every rank.
 */
rp_status rp_file_create(rp_pool *pool, const char *path, rp_file **file);

/**
 * Writes bytes at an offset of the file. *Local;* a task may call it too.
 *
 * Bytes that no rank writes are zero. If several ranks write the same bytes, it is undefined whose
 * remain.
 *
 * @param[in] offset  in bytes, from the start of the file
 * @param[in] data    may be NULL if `bytes` is 0
 * @param[in] bytes   any number
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, or RP_ERR_IO: the file can then only be
 *         closed, and rp_file_close() returns the error on every rank
 * Cost: one system call per 2 GiB.
 */
rp_status rp_file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes);

/**
 * Appends each rank's bytes to the file, in rank order. *Collective.*
 *
 * They follow everything that ranks have written so far, by either function.
 *
 * @param[in] data   this rank's bytes; may be NULL if `bytes` is 0
 * @param[in] bytes  any number; may differ between ranks
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (not the same file)
 * Cost: two barriers and two sums over the ranks; the ranks write in parallel.
 */
rp_status rp_file_append(rp_file *file, const void *data, size_t bytes);

/**
 * Closes a file, and renames it if it is complete. *Collective.*
 *
 * @param[in,out] file  set to NULL. NULL or a pointer to NULL does nothing.
 * @param[in] mine      RP_OK; any other status: this rank could not write its part, and the file is
 *                      discarded
 * @return RP_OK; RP_ERR_IO with details if a write failed on any rank; otherwise `mine` of the
 *         lowest rank where it was not RP_OK. The handle is freed in every case, except while a
 *         loop is open: then the call returns RP_ERR_STATE and has no effect.
 * Cost: two barriers, and fsync().
 */
rp_status rp_file_close(rp_file **file, rp_status mine);

RP_END_DECLARATIONS

#endif
