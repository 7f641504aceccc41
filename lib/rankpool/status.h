/**
 * @file rankpool/status.h
 * @brief Status codes and error records.
 */
#ifndef RANKPOOL_STATUS_H
#define RANKPOOL_STATUS_H

#include <rankpool/declarations.h>

#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** A pool: a group of ranks that work together. Opaque; made by rp_open() or rp_open_comm(). */
typedef struct rp_pool rp_pool;

/** X-macro table of all status codes: each(NAME, value, text). */
/* clang-format off */
#define RP_STATUS_TABLE(each) \
    each(RP_OK, 0, "success") \
    each(RP_ERR_ARGUMENT, 1, "an argument makes no sense") \
    each(RP_ERR_MISMATCH, 2, "the ranks of a collective call do not agree") \
    each(RP_ERR_MEMORY, 3, "not enough memory") \
    each(RP_ERR_MPI, 4, "MPI reported an error") \
    each(RP_ERR_TASK, 5, "the program's own code reported an error") \
    each(RP_ERR_LOST, 6, "a rank was lost") \
    each(RP_ERR_TIMEOUT, 7, "a time limit was reached") \
    each(RP_ERR_INTERRUPTED, 8, "interrupted, and may be resumed") \
    each(RP_ERR_CANCELLED, 9, "cancelled") \
    each(RP_ERR_IO, 10, "reading or writing failed") \
    each(RP_ERR_STATE, 11, "this call is not allowed now") \
    each(RP_ERR_VERSION, 12, "the program was built for another version of the library")
/* clang-format on */

#define RP_STATUS_ENUMERATOR(name, value, text) name = value,
/** Status of a call. */
typedef enum rp_status {
    RP_STATUS_TABLE(RP_STATUS_ENUMERATOR)
} rp_status;
#undef RP_STATUS_ENUMERATOR

/** Details of a call's status. `rank` and `item` are -1 where they do not apply. */
typedef struct rp_error {
    rp_status status;
    int task_code;  /**< error code of the program's own code, or 0 */
    int rank;       /**< rank in the pool where the error occurred */
    int signal;     /**< signal that ended the rank, or 0 */
    int64_t item;   /**< item that failed */
    char host[64];  /**< host of that rank */
    char text[512]; /**< message, one sentence */
} rp_error;

/** The text of a status, a constant string, never NULL: "unknown status" for others. *Local.* */
const char *rp_strerror(rp_status status);

/**
 * Details of the last collective call on a pool: its status is RP_OK if the call succeeded; after
 * rp_agree() it is the combined status. *Local.*
 *
 * @param[in] pool  a pool, or NULL for the last call of this thread that failed without one: an
 *                  rp_open() or rp_open_comm(), or a call with NULL for its pool, loop, grid, file
 *                  or results
 * @return a record, never NULL. The pool owns it; the next call on the pool may overwrite it.
 */
const rp_error *rp_last_error(const rp_pool *pool);

/**
 * Prints the error of the last collective call on a pool, on stderr (or as
 * rp_set_message_function() says), in one line and on one rank:
 * "PROGRAM: TEXT", for a failed item followed by the item, rank, host and code. Prints nothing if
 * the call succeeded. *Local:* call it on every rank, or on the root alone.
 *
 * The root prints. Without a pool, rank 0 prints, or this rank if only it has the error, as after
 * rp_open_comm() with MPI_COMM_NULL.
 *
 * @param[in] pool     a pool, or NULL for the last rp_open() or rp_open_comm() of this thread that
 *                     failed
 * @param[in] program  prefix of the line, usually the program's name
 * @return the value that main() should return: with a pool, rp_exit_code() of the status; without
 *         one, the same on the rank that prints and 0 on the others, since a launcher that sees a
 *         rank fail ends all ranks, possibly before the line is printed
 */
int rp_report(const rp_pool *pool, const char *program);

/**
 * The exit code for a status: 0 for RP_OK, 2 for RP_ERR_ARGUMENT, 75 (EX_TEMPFAIL) for
 * RP_ERR_INTERRUPTED, 1 for everything else. *Local.*
 */
int rp_exit_code(rp_status status);

RP_END_DECLARATIONS

#endif
