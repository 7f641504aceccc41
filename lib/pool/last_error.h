/* The last error of calls without a pool to keep it: of rp_open() and rp_open_comm(), and of
 * functions that were given NULL. Each thread has its own. */
#ifndef RANKPOOL_POOL_LAST_ERROR_H
#define RANKPOOL_POOL_LAST_ERROR_H

#include "rankpool.h"

/* For rp_last_error(NULL). */
rp_error *rpi_last_open(void);

/* Sets whether rp_report(NULL) prints it on this rank. */
void rpi_last_open_reports(bool reports);

#endif
