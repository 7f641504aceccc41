#include "doctor/facts.h"

#include "base/environment.h"
#include "comm/cma.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void read_word(const char *path, char word[NAME_SIZE], const char *otherwise)
{
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%63s", word) != 1)
        snprintf(word, NAME_SIZE, "%s", otherwise);
    if (file != NULL)
        fclose(file);
}

/* Makes a temporary file there: without a name, or, if that is not possible, with one for a moment.
 * Returns 0 or an errno. */
static int try_file(const char *directory, bool *nameless)
{
    char name[2 * NAME_SIZE + 32];
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    *nameless = file >= 0;
    if (file < 0) {
        snprintf(name, sizeof name, "%s/rankpool-doctor.XXXXXX", directory);
        file = mkostemp(name, O_CLOEXEC);
        if (file < 0)
            return errno;
        unlink(name);
    }
    close(file);
    return 0;
}

static void look_into(struct directory *directory, const char *path)
{
    struct statvfs status;
    snprintf(directory->path, sizeof directory->path, "%s", path);
    directory->error = statvfs(path, &status) != 0 ? errno : try_file(path, &directory->nameless);
    if (directory->error != 0)
        return;
    directory->size = (int64_t)status.f_blocks * (int64_t)status.f_frsize;
    directory->free = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}

/* As the library determines them. */
static void look_for_room(struct facts *facts)
{
    const char *chosen = rpi_environment_text("RANKPOOL_MEMORY_DIR");
    const char *temporary = rpi_environment_text("TMPDIR");
    look_into(&facts->shared, chosen != NULL ? chosen : "/dev/shm");
    look_into(&facts->temporary, temporary != NULL ? temporary : "/tmp");
}

static void count_cores(struct facts *facts, MPI_Comm node)
{
    struct core_mask all;
    rpi_core_mask_get(&facts->mask);
    MPI_Allreduce(facts->mask.words, all.words, sizeof all.words, MPI_BYTE, MPI_BOR, node);
    facts->online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    facts->node_cores = rpi_core_mask_usable(&all);
    facts->node_mask_cores = facts_count(&all);
}

static void try_peers(struct facts *facts, MPI_Comm node)
{
    int ranks, rank;
    MPI_Comm_size(node, &ranks);
    MPI_Comm_rank(node, &rank);
    struct peer me = rpi_peer_self(), *peers = calloc((size_t)ranks, sizeof *peers);
    if (peers == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Allgather(&me, sizeof me, MPI_BYTE, peers, sizeof me, MPI_BYTE, node);
    for (int i = 0; i < ranks; i++)
        facts->unreachable += i != rank && !rpi_peer_reachable(&peers[i]);
    /* No rank may exit while others read its memory. */
    MPI_Barrier(node);
    free(peers);
    char scope[NAME_SIZE];
    read_word("/proc/sys/kernel/yama/ptrace_scope", scope, "-1");
    facts->trace_scope = atoi(scope);
}

/* Without /etc/hosts, and without a resolver that knows the name. */
static bool localhost_is_unknown(void)
{
    struct addrinfo *addresses = NULL;
    bool known = getaddrinfo("localhost", NULL, NULL, &addresses) == 0;
    if (known)
        freeaddrinfo(addresses);
    return !known;
}

static void look_around(const rp_pool *pool, struct facts *facts)
{
    MPI_Comm node;
    MPI_Comm_split(MPI_COMM_WORLD, rp_node(pool), rp_rank(pool), &node);
    gethostname(facts->host, sizeof facts->host - 1);
    read_word("/proc/sys/kernel/random/boot_id", facts->machine, facts->host);
    facts->node = rp_node(pool);
    facts->is_root = geteuid() == 0;
    facts->localhost_unknown = localhost_is_unknown();
    MPI_Query_thread(&facts->thread_level);
    count_cores(facts, node);
    try_peers(facts, node);
    look_for_room(facts);
    MPI_Comm_free(&node);
}

struct facts *facts_gather(const rp_pool *pool)
{
    static struct facts mine; /* static, so padding is initialised */
    struct facts *all = NULL;
    look_around(pool, &mine);
    if (rp_rank(pool) == 0)
        all = calloc((size_t)rp_ranks(pool), sizeof *all);
    if (rp_rank(pool) == 0 && all == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Gather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD);
    return all;
}

int facts_count(const struct core_mask *mask)
{
    int cores = 0;
    for (size_t i = 0; i < sizeof mask->words / sizeof mask->words[0]; i++)
        cores += __builtin_popcountl(mask->words[i]);
    return cores;
}

bool facts_first_of_machine(const struct facts *facts, int rank)
{
    for (int i = 0; i < rank; i++) {
        if (strcmp(facts[i].machine, facts[rank].machine) == 0)
            return false;
    }
    return true;
}

struct core_mask facts_machine_mask(const struct facts *facts, int ranks, const char *machine)
{
    struct core_mask all = {{0}};
    for (int rank = 0; rank < ranks; rank++) {
        bool there = strcmp(facts[rank].machine, machine) == 0;
        for (size_t i = 0; there && i < sizeof all.words / sizeof all.words[0]; i++)
            all.words[i] |= facts[rank].mask.words[i];
    }
    return all;
}
