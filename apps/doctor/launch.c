#include "config.h"

#include "base/environment.h"
#include "doctor/findings.h"
#include "launch/environment.h"

#include <limits.h>
#include <string.h>

/* ---- which MPI ------------------------------------------------------------------------------- */

/* The version in a text such as "Open MPI v4.1.4, package: ..." or "MPICH Version: 4.0.2 ...". */
static void find_version_in(const char *text, char version[NAME_SIZE])
{
    const char *at = strpbrk(text, "0123456789");
    size_t length = at != NULL ? strspn(at, "0123456789.") : 0;
    snprintf(version, NAME_SIZE, "%.*s", (int)length, at != NULL ? at : "");
}

void find_version(struct report *report)
{
    char running[MPI_MAX_LIBRARY_VERSION_STRING], is[NAME_SIZE], was[NAME_SIZE];
    int length;
    MPI_Get_library_version(running, &length);
    find_version_in(running, is);
    const char *built = strchr(rp_version(), '(');
    report_ok("build", "%s", rp_build());
    find_version_in(built != NULL ? built : "", was);
    if (strcmp(is, was) == 0) {
        report_ok("MPI", "Rankpool %s", rp_version());
        return;
    }
    report_mend(report, "MPI", "Rankpool %s, but the MPI that runs is version %s", rp_version(),
                is);
    report_type("make clean && ./configure && make, with the MPI that is to run");
}

/* ---- launcher -------------------------------------------------------------------------------- */

static const char *launcher_name(void)
{
    if (rpi_environment_text(RPI_LAUNCHED_VARIABLE) != NULL)
        return "by itself";
    if (rpi_environment_text("OMPI_COMM_WORLD_SIZE") != NULL ||
        rpi_environment_text("PMI_RANK") != NULL)
        return rpi_environment_text("SLURM_STEP_ID") != NULL ? "in a Slurm job" : "by mpirun";
    return rpi_environment_text("SLURM_STEP_ID") != NULL ? "by srun" : "by a launcher";
}

void find_launcher(struct report *report, const struct patient *patient)
{
    int started = rpi_launched_ranks();
    if (patient->ranks == 1 && started > 1) {
        report_mend(report, "launch",
                    "the launcher started %d processes, but they do not find together: its MPI is "
                    "not ours",
                    started);
        report_type("%s -np %d PROGRAM, or srun --mpi=pmix PROGRAM",
                    RANKPOOL_MPIRUN[0] != '\0' ? RANKPOOL_MPIRUN : "mpirun", started);
        return;
    }
    report_ok("launch", "started %s: %d rank%s on %d node%s", launcher_name(), patient->ranks,
              patient->ranks == 1 ? "" : "s", patient->nodes, patient->nodes == 1 ? "" : "s");
}

/* Nodes that were allocated, and are idle. */
void find_batch_job(struct report *report, const struct patient *patient)
{
    const char *text = rpi_environment_text("SLURM_JOB_NUM_NODES");
    int64_t given;
    if (text == NULL || !rpi_parse_integer(text, 1, INT_MAX, &given))
        return;
    if (patient->nodes >= given) {
        report_ok("Slurm job", "all of its %d node%s", (int)given, given == 1 ? "" : "s");
        return;
    }
    report_mend(report, "Slurm job", "it has %d nodes, and %d of them are used", (int)given,
                patient->nodes);
    report_type("leave out --ranks and -np, or ask for fewer nodes");
}

/* ---- binding --------------------------------------------------------------------------------- */

static bool overlap(const struct core_mask *a, const struct core_mask *b)
{
    for (size_t i = 0; i < sizeof a->words / sizeof a->words[0]; i++) {
        if ((a->words[i] & b->words[i]) != 0)
            return true;
    }
    return false;
}

/* Whether the rank is bound to fewer cores than all ranks of its machine may use. */
static bool is_bound(const struct patient *patient, int rank)
{
    const struct facts *facts = &patient->facts[rank];
    struct core_mask all = facts_machine_mask(patient->facts, patient->ranks, facts->machine);
    return facts_count(&facts->mask) < facts_count(&all) ||
           (facts->node_mask_cores == 1 && facts->online > 1);
}

/* A rank of the same machine bound to a core of this one's; -1: none. */
static int shares_with(const struct patient *patient, int rank)
{
    const struct facts *facts = patient->facts;
    for (int i = 0; i < rank; i++) {
        if (strcmp(facts[i].machine, facts[rank].machine) == 0 &&
            facts_count(&facts[i].mask) == 1 && overlap(&facts[i].mask, &facts[rank].mask))
            return i;
    }
    return -1;
}

static const char *unbinding(void)
{
    return rpi_environment_text("OMPI_COMM_WORLD_SIZE") != NULL ? "mpirun --bind-to none ..."
           : rpi_environment_text("PMI_RANK") != NULL           ? "mpirun -bind-to none ..."
                                                                : "srun --cpu-bind=none ...";
}

/* One core for each rank, exclusively, is what Slurm gives, and right. mpirun binds without
 * checking whether other processes use the cores, and assumes that ranks have no second thread. */
bool find_binding(struct report *report, const struct patient *patient)
{
    bool by_ourselves = rpi_environment_text(RPI_LAUNCHED_VARIABLE) != NULL;
    int bound = -1, first = -1, second = -1;
    for (int rank = 0; rank < patient->ranks; rank++) {
        if (by_ourselves || !is_bound(patient, rank))
            continue;
        bound = bound < 0 ? rank : bound;
        if (second < 0 && (first = shares_with(patient, rank)) >= 0)
            second = rank;
    }
    int cores = bound >= 0 ? facts_count(&patient->facts[bound].mask) : 0;
    if (bound < 0) {
        report_ok("binding", "ranks are not bound to cores");
    } else if (second >= 0) {
        report_mend(report, "binding", "ranks %d and %d are bound to the same core", first, second);
        report_type("%s", unbinding());
    } else if (rpi_environment_text("SLURM_STEP_ID") != NULL) {
        report_note("binding", "rank %d is bound to %d core%s, as Slurm has it", bound, cores,
                    cores == 1 ? "" : "s");
    } else {
        report_mend(report, "binding",
                    "rank %d is bound to %d core%s: it waits there for whatever else runs on them",
                    bound, cores, cores == 1 ? "" : "s");
        report_type("%s", unbinding());
    }
    return second < 0;
}

/* ---- threads and settings -------------------------------------------------------------------- */

void find_threads(struct report *report, const struct patient *patient)
{
    const char *agent = rpi_environment_text("RANKPOOL_AGENT");
    int least = MPI_THREAD_MULTIPLE;
    for (int rank = 0; rank < patient->ranks; rank++) {
        if (patient->facts[rank].thread_level < least)
            least = patient->facts[rank].thread_level;
    }
    if (least == MPI_THREAD_MULTIPLE && (agent == NULL || strcmp(agent, "poll") != 0)) {
        report_ok("threads", "MPI allows them: agents have threads");
    } else if (patient->nodes == 1) {
        report_note("threads", "none for agents, which a single node hardly needs");
    } else if (least == MPI_THREAD_MULTIPLE) {
        report_note("threads", "RANKPOOL_AGENT=poll: ranks attend to agents between their chunks");
    } else {
        report_mend(report, "threads",
                    "MPI does not allow them: nodes get work only when a rank ends a chunk");
        report_type("an MPI that has MPI_THREAD_MULTIPLE");
    }
}

void find_environment(void)
{
    static const char *const names[] = {"RANKPOOL_RANKS",     "RANKPOOL_SCHEDULE",
                                        "RANKPOOL_NODE_SIZE", "RANKPOOL_MEMORY_DIR",
                                        "RANKPOOL_HEARTBEAT", "RANKPOOL_MPIRUN"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = rpi_environment_text(names[i]);
        if (text != NULL)
            report_note("environment", "%s=%s", names[i], text);
    }
}
