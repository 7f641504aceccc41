/* rankpool-doctor: checks this machine and this launch, and prints the commands that solve
 * problems. */
#include "common/program.h"
#include "doctor/findings.h"
#include "doctor/start.h"

#include <stdlib.h>

static const char help[] =
    "Usage: rankpool-doctor [OPTION]...\n"
    "Says whether this machine, or these nodes, and the way the program was started\n"
    "are in order for Rankpool, and what to type if they are not.\n"
    "\n"
    "Start it as you would start your program: by itself, by mpirun, by srun.\n"
    "\n";

static const char notes[] =
    "Examples:\n"
    "  rankpool-doctor                             this machine\n"
    "  mpirun -np 16 rankpool-doctor               this machine, and this mpirun\n"
    "  sbatch many-nodes-srun.sh rankpool-doctor   the nodes of a Slurm job\n"
    "\n"
    "Exit status: 0 all in order, 1 something to mend, 2 bad arguments.\n";

static const struct option options[] = {
    {NULL, 0, NULL, 0},
};

static bool take_option(struct command_line *line, void *settings, int option, const char *argument)
{
    (void)line;
    (void)settings;
    (void)option;
    (void)argument;
    return true; /* no options of its own */
}

static bool take_operands(struct command_line *line, void *settings)
{
    (void)line;
    (void)settings;
    return true;
}

static const struct command command = {
    .name = "rankpool-doctor",
    .help = help,
    .notes = notes,
    .operands_wanted = "options only",
    .options = options,
    .take_option = take_option,
    .take_operands = take_operands,
};

static void find_all(struct report *report, const struct patient *patient)
{
    find_version(report);
    find_launcher(report, patient);
    find_batch_job(report, patient);
    find_user(patient);
    find_localhost(report, patient);
    find_environment();
    if (find_binding(report, patient))
        find_cores(report, patient);
    find_threads(report, patient);
    find_shared_memory(report, patient);
    find_temporary_files(report, patient);
    find_peer_memory(report, patient);
    find_network(report, patient);
    find_clocks(report, patient);
}

/* Ranks that do not form one MPI_COMM_WORLD each take themselves for the first. */
static bool speaks(const rp_pool *pool)
{
    return program_speaks(pool) && (rp_ranks(pool) > 1 || rp_launched_rank() <= 0);
}

static rp_status examine(rp_pool *pool)
{
    struct facts *facts = facts_gather(pool);
    struct link *links = network_measure(pool);
    struct report report = {0};
    rp_status status = RP_OK;
    if (speaks(pool)) {
        find_all(&report, &(struct patient){facts, links, rp_ranks(pool), rp_nodes(pool)});
        report_end(&report);
        status = program_flush(&command);
    }
    free(links);
    free(facts);
    return status == RP_OK && report.mends > 0 ? RP_ERR_STATE : status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    int exit_code;
    start_watch();
    if (!program_begin(&command, &argc, &argv, NULL, &pool, &exit_code))
        return exit_code;
    return program_end(&pool, examine(pool));
}
