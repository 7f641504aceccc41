#include "base/environment.h"
#include "doctor/findings.h"

#include <inttypes.h>
#include <string.h>

static const double mebi = 1048576;

/* ---- cores ----------------------------------------------------------------------------------- */

/* Cores that the ranks of a machine can keep busy: no more than it has, nor than its nodes
 * (containers are several on one machine) may use each. */
static int cores_of_machine(const struct patient *patient, const char *machine)
{
    struct core_mask all = facts_machine_mask(patient->facts, patient->ranks, machine);
    int most = facts_count(&all), sum = 0;
    for (int rank = 0; rank < patient->ranks; rank++) {
        const struct facts *facts = &patient->facts[rank];
        bool first = rank == 0 || facts->node != patient->facts[rank - 1].node;
        if (first && strcmp(facts->machine, machine) == 0)
            sum += facts->node_cores;
    }
    return sum < most ? sum : most;
}

static int ranks_of_machine(const struct patient *patient, const char *machine)
{
    int ranks = 0;
    for (int rank = 0; rank < patient->ranks; rank++)
        ranks += strcmp(patient->facts[rank].machine, machine) == 0;
    return ranks;
}

static void tell_of_limit(const struct patient *patient)
{
    for (int rank = 0; rank < patient->ranks; rank++) {
        const struct facts *facts = &patient->facts[rank];
        if (facts->node_cores < facts->node_mask_cores) {
            report_note("limit", "on %s a control group pays for %d of %d cores", facts->host,
                        facts->node_cores, facts->node_mask_cores);
            return;
        }
    }
}

void find_cores(struct report *report, const struct patient *patient)
{
    int crowded = -1, idle = -1;
    for (int rank = 0; rank < patient->ranks; rank++) {
        const char *machine = patient->facts[rank].machine;
        if (!facts_first_of_machine(patient->facts, rank))
            continue;
        int cores = cores_of_machine(patient, machine), ranks = ranks_of_machine(patient, machine);
        if (ranks > cores && crowded < 0)
            crowded = rank;
        if (ranks < cores && idle < 0)
            idle = rank;
    }
    int about = crowded >= 0 ? crowded : idle >= 0 ? idle : 0;
    const struct facts *facts = &patient->facts[about];
    int cores = cores_of_machine(patient, facts->machine);
    int ranks = ranks_of_machine(patient, facts->machine);
    if (crowded >= 0) {
        report_mend(report, "cores", "%d ranks share %d core%s of %s", ranks, cores,
                    cores == 1 ? "" : "s", facts->host);
        if (patient->nodes == 1)
            report_type("--ranks %d, or mpirun -np %d", cores, cores);
        else
            report_type("mpirun --host ... with as many slots there as cores");
    } else if (idle >= 0) {
        report_note("cores", "%d rank%s on %s, which has %d cores for them", ranks,
                    ranks == 1 ? "" : "s", facts->host, cores);
    } else {
        report_ok("cores", "one for each rank");
    }
    tell_of_limit(patient);
}

void find_user(const struct patient *patient)
{
    if (patient->facts[0].is_root)
        report_note("user", "root, as whom Open MPI's mpirun runs only with --allow-run-as-root");
}

/* Open MPI 4 then waits for two seconds in the start of each rank. */
void find_localhost(struct report *report, const struct patient *patient)
{
    for (int rank = 0; rank < patient->ranks; rank++) {
        if (!patient->facts[rank].localhost_unknown)
            continue;
        report_mend(report, "localhost",
                    "the name has no address on %s, which can make ranks start seconds later",
                    patient->facts[rank].host);
        report_type("echo '127.0.0.1 localhost' >>/etc/hosts, as root");
        return;
    }
}

/* ---- space for files ------------------------------------------------------------------------- */

static const char *amount(int64_t bytes, char text[NAME_SIZE])
{
    double size = (double)bytes / mebi;
    snprintf(text, NAME_SIZE, size < 1024 ? "%.0f MiB" : "%.1f GiB",
             size < 1024 ? size : size / 1024);
    return text;
}

/* The directory of the rank with the least space. */
static const struct facts *least_room(const struct patient *patient, size_t offset)
{
    const struct facts *least = &patient->facts[0];
    for (int rank = 1; rank < patient->ranks; rank++) {
        const struct directory *here = (const void *)((const char *)&patient->facts[rank] + offset);
        const struct directory *there = (const void *)((const char *)least + offset);
        if (there->error == 0 && (here->error != 0 || here->free < there->free))
            least = &patient->facts[rank];
    }
    return least;
}

/* Memory shared by a node's ranks. Docker's default of 64 MiB is too small for most shared data. */
void find_shared_memory(struct report *report, const struct patient *patient)
{
    const int64_t little = (int64_t)(64 * mebi);
    const struct facts *facts = least_room(patient, offsetof(struct facts, shared));
    const struct directory *shared = &facts->shared;
    char size[NAME_SIZE], room[NAME_SIZE];
    if (shared->error != 0) {
        report_mend(report, "shared memory", "%s on %s: %s", shared->path, facts->host,
                    strerror(shared->error));
        report_type("mount -t tmpfs -o mode=1777 tmpfs /dev/shm");
    } else if (shared->free <= little) {
        report_mend(report, "shared memory",
                    "%s on %s has only %s, of which %s are free: the rest "
                    "goes to TMPDIR, and is slower",
                    shared->path, facts->host, amount(shared->size, size),
                    amount(shared->free, room));
        report_type("docker run --shm-size=1g ..., or mount -o remount,size=1g /dev/shm");
    } else {
        report_ok("shared memory", "%s free in %s%s", amount(shared->free, room), shared->path,
                  shared->nameless ? "" : ", in files with a name for a moment");
    }
}

void find_temporary_files(struct report *report, const struct patient *patient)
{
    const int64_t little = (int64_t)(16 * mebi);
    const struct facts *facts = least_room(patient, offsetof(struct facts, temporary));
    const struct directory *temporary = &facts->temporary;
    char room[NAME_SIZE];
    if (temporary->error == 0 && temporary->free > little) {
        report_ok("files", "%s free in %s", amount(temporary->free, room), temporary->path);
        return;
    }
    if (temporary->error != 0)
        report_mend(report, "files", "%s on %s: %s", temporary->path, facts->host,
                    strerror(temporary->error));
    else
        report_mend(report, "files", "%s on %s has only %s free", temporary->path, facts->host,
                    amount(temporary->free, room));
    report_type("export TMPDIR=a directory of each node's own, with room");
}

/* ---- other ranks' memory --------------------------------------------------------------------- */

void find_peer_memory(struct report *report, const struct patient *patient)
{
    for (int rank = 0; rank < patient->ranks; rank++) {
        const struct facts *facts = &patient->facts[rank];
        if (facts->unreachable == 0)
            continue;
        report_mend(report, "memory",
                    "rank %d on %s may not read the memory of %d other%s: arrays are copied twice",
                    rank, facts->host, facts->unreachable, facts->unreachable == 1 ? "" : "s");
        if (facts->trace_scope > 1)
            report_type("sysctl kernel.yama.ptrace_scope=1, as root (it is %d)",
                        facts->trace_scope);
        else
            report_type("docker run --cap-add=SYS_PTRACE ..., if this is a container");
        return;
    }
    report_ok("memory", "ranks of a node read each other's arrays directly");
}
