#include "launch/rank_state.h"

#include "base/environment.h"
#include "base/file_io.h"
#include "launch/slurm_keepalive.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct rank_state_page *own_page;
static enum rank_state own_state; /* also valid without a page */

struct rank_state_page *rpi_rank_state_map(int file)
{
    void *page =
        mmap(NULL, sizeof(struct rank_state_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return page != MAP_FAILED ? page : NULL;
}

int rpi_rank_state_open(void)
{
    int file = memfd_create("rankpool rank state", MFD_CLOEXEC);
    if (file >= 0 && rpi_allocate(file, 0, sizeof(struct rank_state_page)) == 0)
        own_page = rpi_rank_state_map(file);
    if (own_page != NULL)
        rpi_temporary_files_share(&own_page->files);
    return file;
}

void rpi_rank_state_set(enum rank_state rank_state)
{
    own_state = rank_state;
    if (own_page != NULL)
        atomic_store(&own_page->rank_state, (int)rank_state);
}

enum rank_state rpi_rank_state(void)
{
    return own_state;
}

void rpi_rank_state_told(void)
{
    if (own_page != NULL)
        atomic_store(&own_page->told, 1);
}

int rpi_rank_state_interrupted(void)
{
    return own_page != NULL ? atomic_load(&own_page->interrupted) : 0;
}

void rpi_rank_state_unmap(struct rank_state_page *page)
{
    if (page != NULL)
        munmap(page, sizeof *page);
}

/* Is a setting of mpirun that it passes to its ranks on? */
static bool mpirun_setting_is_on(const char *setting)
{
    const char *value = rpi_environment_text(setting);
    return value != NULL && strcmp(value, "0") != 0;
}

/* Open MPI 4: mpirun --enable-recovery; Open MPI 5: mpirun --with-ft ulfm. Slurm's srun leaves the
 * other ranks alone as long as no PMIx connection breaks. */
bool rpi_launch_survives(void)
{
    bool mpirun = rpi_environment_text("OMPI_COMM_WORLD_SIZE") != NULL;
    if (rpi_started_by_slurm())
        return rpi_slurm_keepalive_hold();
    return mpirun && (mpirun_setting_is_on("OMPI_MCA_orte_enable_recovery") ||
                      mpirun_setting_is_on("OMPI_MCA_mpi_ft_enable"));
}

void rpi_launch_part(void)
{
    rpi_slurm_keepalive_release();
}
