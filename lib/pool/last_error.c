#include "pool/pool.h"

#include "base/error.h"

static _Thread_local rp_error last_open = {.status = RP_OK, .rank = -1, .item = -1};
static _Thread_local bool last_open_reports = true;

rp_error *rpi_last_open(void)
{
    return &last_open;
}

void rpi_last_open_reports(bool reports)
{
    last_open_reports = reports;
}

const rp_error *rp_last_error(const rp_pool *pool)
{
    return pool != NULL ? &pool->last : &last_open;
}

int rp_report(const rp_pool *pool, const char *program)
{
    const rp_error *error = rp_last_error(pool);
    int code = rp_exit_code(error->status);
    bool reports = pool != NULL ? pool->world.rank == pool->world.root : last_open_reports;
    if (reports)
        rpi_error_print(error, program);
    return pool != NULL || reports ? code : 0;
}

rp_status rpi_refuse_null(const char *function, const char *argument)
{
    last_open_reports = rp_launched_rank() <= 0;
    return rpi_error_set(&last_open, RP_ERR_ARGUMENT, "%s(): %s is NULL", function, argument);
}
