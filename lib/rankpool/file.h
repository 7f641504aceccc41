/**
 * @file rankpool/file.h
 * @brief Files that all ranks write together.
 *
 *     status = rp_file_create(pool, "result.bin", &file);
 *     if (status == RP_OK) {
 *         status = rp_file_append(file, mine, bytes);    (or: rp_file_write_at() )
 *         status = rp_file_close(&file, status);
 *     }
 *
 * A file is there whole or not at all. It is written under another name beside its own,
 * path.XXXXXX, which is renamed when all ranks have closed it and all their bytes have arrived; a
 * file that had this name before stays until then. The new one has its mode, and its owner if this
 * user may give files away; other hard links keep the old one. If anything goes wrong on any rank,
 * a full disk or the limit of a file's size for one, every rank gets the same error, with the
 * file's name and the system's reason, and nothing is left behind. (If only the renaming fails, the
 * other name stays, and the error tells it.) Directories are shared between nodes: a network's file
 * system.
 *
 * Where renaming cannot replace a file, it is written itself, and is empty if it does not become
 * whole: a file that is mounted, as in a container, or in a directory in which this user may not
 * make files; a device, as /dev/null.
 *
 * While a file is under way on the root, signals that would end the root's process have a handler,
 * unless the program has one, which removes the file and lets them do what they do. After SIGKILL
 * the process that rp_launch() leaves behind removes it; under another launcher it stays.
 */
#ifndef RANKPOOL_FILE_H
#define RANKPOOL_FILE_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A file that all ranks write together. Opaque; made by rp_file_create(). */
typedef struct rp_file rp_file;

/**
 * Begins a file. *Collective.* It says at once if the file cannot be written.
 *
 * @param[in] path   its name, the same on every rank; a relative one is seen from where the root
 *                   is. A symbolic link is followed. Pipes and terminals are refused, and what is
 *                   open as standard output or error.
 * @param[out] file  the file; NULL after an error. Owned by the caller until rp_file_close() or
 *                   rp_close(), which drops it.
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings, and the opening of the file by every rank.
 */
rp_status rp_file_create(rp_pool *pool, const char *path, rp_file **file);

/**
 * Writes bytes at an offset of the file. *Local;* it may also be called by a task.
 *
 * What no rank writes is zeros; where ranks write the same bytes, any of theirs may stay.
 *
 * @param[in] offset  bytes from the begin of the file
 * @param[in] data    may be NULL if `bytes` is 0
 * @param[in] bytes   any number
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, or RP_ERR_IO: the file can only be closed, and
 *         rp_file_close() tells every rank why
 * Cost: a call of the system for each 2 GiB.
 */
rp_status rp_file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes);

/**
 * Adds bytes of every rank at the end of the file, those of rank 0 first. *Collective.*
 *
 * The end is behind all that ranks have written so far, by either function.
 *
 * @param[in] data   this rank's bytes; may be NULL if `bytes` is 0
 * @param[in] bytes  any number; each rank its own
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (not the same file)
 * Cost: two meetings, two sums over the ranks; all ranks write at the same time.
 */
rp_status rp_file_append(rp_file *file, const void *data, size_t bytes);

/**
 * Ends a file: it gets its name if it is whole. *Collective.*
 *
 * @param[in,out] file  set to NULL. NULL or a pointer to NULL is fine and does nothing.
 * @param[in] mine      RP_OK; anything else: this rank could not do its part, so no rank's file
 *                      becomes one
 * @return RP_OK; RP_ERR_IO and the details if a write failed on any rank; otherwise `mine` of the
 *         lowest rank that had something else than RP_OK. The file is gone in every case, but for
 *         one: with a loop open it is RP_ERR_STATE, and nothing happens.
 * Cost: two meetings, and the time that the disk takes (fsync).
 */
rp_status rp_file_close(rp_file **file, rp_status mine);

RP_END_DECLARATIONS

#endif
