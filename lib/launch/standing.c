#include "launch/standing.h"

#include "base/environment.h"
#include "launch/line.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct standing_page *mine;
static enum standing said; /* also where there is no page */

static struct standing_page *map(int file)
{
    void *page =
        mmap(NULL, sizeof(struct standing_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return page != MAP_FAILED ? page : NULL;
}

int rpi_standing_open(void)
{
    int file = memfd_create("rankpool standing", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, sizeof(struct standing_page)) == 0)
        mine = map(file);
    return file;
}

void rpi_standing_set(enum standing standing)
{
    said = standing;
    if (mine != NULL)
        atomic_store(&mine->standing, (int)standing);
}

enum standing rpi_standing(void)
{
    return said;
}

struct standing_page *rpi_standing_map(int file)
{
    return map(file);
}

void rpi_standing_unmap(struct standing_page *page)
{
    if (page != NULL)
        munmap(page, sizeof *page);
}

/* Is a setting of mpirun's on, of which it tells its ranks? */
static bool is_on(const char *setting)
{
    const char *value = rpi_environment_text(setting);
    return value != NULL && strcmp(value, "0") != 0;
}

/* mpirun of Open MPI 4 --enable-recovery, of Open MPI 5 --with-ft ulfm. Slurm's srun leaves the
 * others alone as long as no line breaks off. */
bool rpi_launch_survives(void)
{
    bool mpirun = rpi_environment_text("OMPI_COMM_WORLD_SIZE") != NULL;
    if (rpi_line_to_slurm())
        return rpi_line_keep();
    return mpirun && (is_on("OMPI_MCA_orte_enable_recovery") || is_on("OMPI_MCA_mpi_ft_enable"));
}

void rpi_launch_part(void)
{
    rpi_line_let_go();
}
