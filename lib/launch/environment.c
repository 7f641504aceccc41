#include "launch/environment.h"

#include "base/environment.h"

#include <limits.h>
#include <mpi.h>
#include <stddef.h>
#include <string.h>

/* Variables that a launcher sets for its ranks and only for them: neither user settings such as
 * OMPI_MCA_... nor what a batch system sets for a job script. The first one found decides. */
static const struct launcher {
    const char *mark, *rank, *ranks;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, /* Open MPI */
    {"PMI_RANK", "PMI_RANK", "PMI_SIZE"},       /* MPICH, Intel MPI, Cray, Slurm's PMI-2 */
    {"PMI_FD", "PMI_RANK", "PMI_SIZE"},         /* MPICH, through an inherited socket */
    {"PALS_RANKID", "PALS_RANKID", "PMI_SIZE"}, /* HPE Cray PALS */
    {"FLUX_TASK_RANK", "FLUX_TASK_RANK", "FLUX_JOB_SIZE"},
    {"JSM_NAMESPACE_RANK", "JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE"}, /* IBM jsrun */
    {"SLURM_STEP_ID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},          /* srun */
    {"PMIX_RANK", "PMIX_RANK", NULL},                                   /* any PMIx server */
    {"PMIX_NAMESPACE", "PMIX_RANK", NULL},
    {RPI_LAUNCHED_VARIABLE, NULL, NULL},
};

/* Slurm also makes the shell of an interactive allocation a step (4294967290), but it is not a
 * rank. */
static bool launcher_is_interactive_shell(const struct launcher *launcher, const char *text)
{
    return strcmp(launcher->mark, "SLURM_STEP_ID") == 0 && strcmp(text, "4294967290") == 0;
}

static const struct launcher *launcher_find(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++) {
        const char *text = rpi_environment_text(launchers[i].mark);
        if (text != NULL && !launcher_is_interactive_shell(&launchers[i], text))
            return &launchers[i];
    }
    return NULL;
}

static int launcher_number(const char *name)
{
    const char *text = name != NULL ? rpi_environment_text(name) : NULL;
    int64_t number;
    return text != NULL && rpi_parse_integer(text, 0, INT_MAX, &number) ? (int)number : -1;
}

bool rp_launched(void)
{
    int initialised = 0;
    MPI_Initialized(&initialised);
    return initialised || launcher_find() != NULL;
}

int rp_launched_rank(void)
{
    const struct launcher *launcher = launcher_find();
    return launcher != NULL ? launcher_number(launcher->rank) : -1;
}

int rpi_launched_ranks(void)
{
    const struct launcher *launcher = launcher_find();
    return launcher != NULL ? launcher_number(launcher->ranks) : -1;
}

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
