#include "commands/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beginnings of the names. Of OMPI_MCA_... some are settings of the user, which stay. */
static const char *const launchers_names[] = {
    "FLUX_TASK_",
    "HYDI_",
    "HYDRA_",
    "JSM_",
    "MPIR_CVAR_CH3_",
    "MPI_LOCAL",
    "OMPI_APP_CTX_NUM_PROCS=",
    "OMPI_ARGV=",
    "OMPI_COMMAND=",
    "OMPI_COMM_WORLD_",
    "OMPI_FILE_LOCATION=",
    "OMPI_FIRST_RANKS=",
    "OMPI_MCA_ess",
    "OMPI_MCA_initial_wdir=",
    "OMPI_MCA_mpi_oversubscribe=",
    "OMPI_MCA_orte_",
    "OMPI_MCA_pmix=",
    "OMPI_MCA_shmem_RUNTIME_QUERY_hint=",
    "OMPI_NUM_APP_CTX=",
    "OMPI_UNIVERSE_SIZE=",
    "PALS_",
    "PMIX_",
    "PMI_",
    "RANKPOOL_ITEM=",
    "RANKPOOL_LAUNCHED=",
    "RANKPOOL_SETTINGS=",
    "SLURM_GTIDS=",
    "SLURM_LOCALID=",
    "SLURM_PROCID=",
    "SLURM_STEP",
    "SLURM_TASK_PID=",
};

static bool is_of_a_launcher(const char *variable)
{
    for (size_t i = 0; i < sizeof launchers_names / sizeof launchers_names[0]; i++)
        if (strncmp(variable, launchers_names[i], strlen(launchers_names[i])) == 0)
            return true;
    return false;
}

/* Is it one of those that rp_launch() set for MPI? It lists their names, each followed by a
 * space. */
static bool is_a_setting(const char *variable)
{
    const char *names = getenv("RANKPOOL_SETTINGS");
    size_t length = strcspn(variable, "=");
    for (size_t bytes; names != NULL && *names != '\0'; names += bytes + (names[bytes] != '\0')) {
        bytes = strcspn(names, " ");
        if (bytes == length && strncmp(names, variable, length) == 0)
            return true;
    }
    return false;
}

char **commands_environment(char *addition)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **list = calloc(count + 2, sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_of_a_launcher(environ[i]) && !is_a_setting(environ[i]))
            list[kept++] = environ[i];
    list[kept] = addition;
    return list;
}
