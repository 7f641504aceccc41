#include "common/observation.h"

#include "base/atomic_file.h"
#include "common/program.h"

#include <stdio.h>

/* Before any work: an hour of it must not end with a missing directory. */
static rp_status check_file(const char *path, const char *program)
{
    rp_error error;
    if (path == NULL || rpi_atomic_file_check(path, &error) == RP_OK)
        return RP_OK;
    fprintf(stderr, "%s: %s\n", program, error.text);
    return RP_ERR_IO;
}

static rp_status check_files(const struct observation *observation, const char *program)
{
    const char *const paths[] = {observation->stats_file, observation->timeline,
                                 observation->trace};
    rp_status status = RP_OK;
    for (int i = 0; i < 3 && status == RP_OK; i++)
        status = check_file(paths[i], program);
    return status;
}

rp_status observation_begin(rp_pool *pool, const struct observation *observation,
                            const char *program)
{
    rp_status worst, mine = RP_OK;
    rp_show_progress(pool, observation->progress);
    if (!observation->stats && observation->timeline == NULL && observation->trace == NULL)
        return RP_OK;
    if (program_speaks(pool))
        mine = check_files(observation, program);
    rp_status status = rp_agree(pool, mine, &worst);
    if (status != RP_OK || worst != RP_OK)
        return status != RP_OK ? status : worst;
    status = rp_record_start(pool);
    if (status != RP_OK)
        rp_report(pool, program);
    return status;
}

rp_status observation_end(rp_pool *pool, const struct observation *observation, const char *program)
{
    rp_status status = RP_OK;
    bool recorded =
        observation->stats || observation->timeline != NULL || observation->trace != NULL;
    if (recorded)
        status = rp_record_stop(pool); /* so that all outputs agree */
    if (observation->timeline != NULL && status == RP_OK)
        status = rp_timeline(pool, observation->timeline);
    if (observation->trace != NULL && status == RP_OK)
        status = rp_trace(pool, observation->trace);
    if (observation->stats && status == RP_OK)
        status = rp_stats_write(pool, observation->stats_file);
    if (status != RP_OK)
        rp_report(pool, program);
    return status;
}
