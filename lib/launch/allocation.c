#include "launch/allocation.h"

#include "base/environment.h"

#include <stddef.h>

bool rpi_in_allocation(void)
{
    static const char *const marks[] = {
        "SLURM_JOB_ID", "PBS_JOBID", "PBS_NODEFILE", "LSB_JOBID", "PE_HOSTFILE",
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (rpi_environment_text(marks[i]) != NULL)
            return true;
    return false;
}
