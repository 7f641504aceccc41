#include "comm/topology.h"

#include "base/cpuset.h"
#include "base/error.h"
#include "base/file_io.h"
#include "comm/mpi_error.h"
#include "comm/vote_summary.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif

/* Open MPI prints the stack of a process that crashes. The first backtrace loads a library, which
 * deadlocks if the crash happened in malloc(). So load it now. */
static void unwinder_load(void)
{
#ifdef HAVE_EXECINFO_H
    void *frame;
    backtrace(&frame, 1);
#endif
}

rp_status rpi_world_join_mpi(int thread_level, bool *initialised, rp_error *error)
{
    int already, finalised, provided;
    *initialised = false;
    MPI_Finalized(&finalised);
    if (finalised)
        return rpi_error_set(error, RP_ERR_STATE,
                             "MPI is already finalised, and cannot be initialised again");
    MPI_Initialized(&already);
    if (already)
        return RP_OK;
    unwinder_load();
    int wanted = thread_level != 0 ? thread_level : MPI_THREAD_MULTIPLE;
    /* MPI copes without files that exceed the size limit, if it gets an error and no SIGXFSZ. */
    struct file_limit_guard guard;
    rpi_file_limit_guard_begin(&guard);
    int code = MPI_Init_thread(NULL, NULL, wanted, &provided);
    rpi_file_limit_guard_end(&guard);
    *initialised = code == MPI_SUCCESS;
    return rpi_mpi_check(code, "MPI_Init_thread", error);
}

/* Splits off the ranks that share a machine; with a simulated node size, groups of them. */
static int nodes_split(struct world *world, int node_size)
{
    MPI_Comm machine;
    int machine_ranks = 0;
    int code = MPI_Comm_split_type(world->comm, MPI_COMM_TYPE_SHARED, world->rank, MPI_INFO_NULL,
                                   &machine);
    if (code == MPI_SUCCESS)
        MPI_Comm_size(machine, &machine_ranks);
    world->one_machine = machine_ranks == world->ranks;
    if (code != MPI_SUCCESS || node_size == 0) {
        world->node_comm = code == MPI_SUCCESS ? machine : MPI_COMM_NULL;
        return code;
    }
    int machine_rank;
    MPI_Comm_rank(machine, &machine_rank);
    code = MPI_Comm_split(machine, machine_rank / node_size, world->rank, &world->node_comm);
    MPI_Comm_free(&machine);
    return code;
}

/* Numbers the nodes by their lowest rank, and counts them. */
static int nodes_number(struct world *world)
{
    MPI_Comm_set_errhandler(world->node_comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(world->node_comm, &world->node_rank);
    MPI_Comm_size(world->node_comm, &world->node_ranks);
    int color = world->node_rank == 0 ? 0 : MPI_UNDEFINED;
    int code = MPI_Comm_split(world->comm, color, world->rank, &world->leaders);
    int known[2] = {0, 0}; /* node, nodes */
    if (code == MPI_SUCCESS && world->leaders != MPI_COMM_NULL) {
        MPI_Comm_set_errhandler(world->leaders, MPI_ERRORS_RETURN);
        MPI_Comm_rank(world->leaders, &known[0]);
        MPI_Comm_size(world->leaders, &known[1]);
    }
    if (code == MPI_SUCCESS)
        code = MPI_Bcast(known, 2, MPI_INT, 0, world->node_comm);
    world->node = known[0];
    world->nodes = known[1];
    return code;
}

/* Chooses an agent for each node, numbered as its node. The root is the agent of its node. */
static int agents_choose(struct world *world)
{
    world->root_node = world->node_of[world->root];
    bool agent =
        world->node == world->root_node ? world->rank == world->root : world->node_rank == 0;
    int code = MPI_Comm_split(world->comm, agent ? 0 : MPI_UNDEFINED, world->node, &world->agents);
    if (code == MPI_SUCCESS && agent)
        MPI_Comm_set_errhandler(world->agents, MPI_ERRORS_RETURN);
    return code;
}

static int node_count_cores(struct world *world)
{
    struct core_mask mask;
    rpi_core_mask_get(&mask);
    int code = MPI_Allreduce(MPI_IN_PLACE, mask.words, sizeof mask.words, MPI_BYTE, MPI_BOR,
                             world->node_comm);
    double crowding = (double)world->node_ranks / rpi_core_mask_usable(&mask);
    world->crowding = crowding > 1 ? crowding : 1;
    return code;
}

static rp_status nodes_find(struct world *world, int node_size, rp_error *error)
{
    if (rpi_mpi_check(nodes_split(world, node_size), "MPI_Comm_split_type", error) != RP_OK)
        return error->status;
    if (rpi_mpi_check(nodes_number(world), "MPI_Comm_split", error) != RP_OK)
        return error->status;
    return rpi_mpi_check(node_count_cores(world), "MPI_Allreduce", error);
}

static size_t bytes_round_up(size_t bytes, size_t multiple)
{
    return (bytes + multiple - 1) / multiple * multiple;
}

static size_t agreement_bytes(int node_ranks)
{
    return bytes_round_up(rpi_agreement_bytes(node_ranks), 4096);
}

static size_t tables_offset_bytes(const struct world *world)
{
    return agreement_bytes(world->node_ranks) +
           bytes_round_up(rpi_liveness_bytes(world->node_ranks), 4096);
}

/* The tables of ranks and nodes, which lie between the two above and `extra`. */
static size_t tables_bytes(const struct world *world)
{
    return bytes_round_up((2 * (size_t)world->ranks + (size_t)world->nodes + 1) * sizeof(int),
                          4096);
}

static size_t extra_offset_bytes(const struct world *world)
{
    return tables_offset_bytes(world) + tables_bytes(world);
}

int rpi_world_node_rank(const struct world *world, int rank)
{
    int first = world->node_first[world->node];
    for (int i = 0; i < world->node_ranks; i++) {
        if (world->by_node[first + i] == rank)
            return i;
    }
    return -1;
}

static rp_status agreement_init(struct world *world, rp_error *error)
{
    struct summaries *summaries = calloc(1, sizeof *summaries);
    if (summaries == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for agreements");
    world->extra = (char *)world->memory.base + extra_offset_bytes(world);
    world->agreement = (struct agreement){
        .place = world->memory.base,
        .ops = &rpi_agreement_mpi,
        .leaders = world->leaders,
        .rank = world->rank,
        .ranks = world->ranks,
        .node = world->node,
        .nodes = world->nodes,
        .node_rank = world->node_rank,
        .node_ranks = world->node_ranks,
        .node_first = world->node_first,
        .by_node = world->by_node,
        .summaries = summaries,
        .spin = world->crowding <= 1,
        .root = rpi_world_node_rank(world, world->root),
    };
    rpi_error_clear(&world->agreement.out_of_step);
    rpi_agreement_join(&world->agreement);
    return rpi_mpi_agree(world->comm, error);
}

/* From here on, ranks notice deaths. */
static rp_status liveness_init(struct world *world, rp_error *error)
{
    struct liveness_entry *place =
        (struct liveness_entry *)((char *)world->memory.base + agreement_bytes(world->node_ranks));
    if (world->node_rank == 0 && !rpi_liveness_prepare(place, world->node_ranks))
        rpi_error_set(error, RP_ERR_MEMORY, "no robust locks to detect dead ranks");
    if (rpi_mpi_agree(world->comm, error) != RP_OK)
        return error->status;
    if (!rpi_liveness_join(&world->liveness, place, world->node_ranks, world->node_rank,
                           world->rank))
        rpi_error_set(error, RP_ERR_MEMORY, "no robust lock for this rank");
    world->agreement.liveness = &world->liveness;
    world->agreement.ops = &rpi_agreement_locks;
    return rpi_mpi_agree(world->comm, error);
}

/* The agents exchange their host names, to name lost ones in messages. */
static rp_status hosts_exchange(struct world *world, rp_error *error)
{
    char here[HOST_NAME_BYTES] = "";
    rpi_host_name(here, sizeof here);
    bool agent = world->agents != MPI_COMM_NULL;
    world->hosts = malloc((agent ? (size_t)world->nodes : 1) * sizeof *world->hosts);
    if (world->hosts == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the names of %d hosts", world->nodes);
    if (rpi_mpi_agree(world->comm, error) != RP_OK || !agent)
        return error->status;
    int code = MPI_Allgather(here, HOST_NAME_BYTES, MPI_CHAR, world->hosts, HOST_NAME_BYTES,
                             MPI_CHAR, world->agents);
    return rpi_mpi_check(code, "MPI_Allgather", error);
}

/* On the first rank of a node: gathers which ranks are on which node. Within a node they are in
 * ascending order. */
static int tables_fill(struct world *world, const int *here, int *counts)
{
    int code = MPI_Allgather(&world->node_ranks, 1, MPI_INT, counts, 1, MPI_INT, world->leaders);
    world->node_first[0] = 0;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++)
        world->node_first[node + 1] = world->node_first[node] + counts[node];
    if (code == MPI_SUCCESS)
        code = MPI_Allgatherv(here, world->node_ranks, MPI_INT, world->by_node, counts,
                              world->node_first, MPI_INT, world->leaders);
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        for (int i = world->node_first[node]; i < world->node_first[node + 1]; i++)
            world->node_of[world->by_node[i]] = node;
    }
    return code;
}

/* Records, once per node, which rank is on which node. */
static rp_status ranks_register(struct world *world, rp_error *error)
{
    bool fills = world->node_rank == 0;
    size_t counts = (size_t)world->node_ranks + (size_t)world->nodes;
    int *here = fills ? malloc(counts * sizeof *here) : NULL;
    world->node_first = (int *)((char *)world->memory.base + tables_offset_bytes(world));
    world->node_of = world->node_first + world->nodes + 1;
    world->by_node = world->node_of + world->ranks;
    if (fills && here == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the nodes of %d ranks", world->ranks);
    if (rpi_mpi_agree(world->comm, error) == RP_OK) {
        int code = MPI_Gather(&world->rank, 1, MPI_INT, here, 1, MPI_INT, 0, world->node_comm);
        if (fills && code == MPI_SUCCESS)
            code = tables_fill(world, here, here + world->node_ranks);
        rpi_mpi_check(code, "MPI_Allgatherv", error);
        rpi_mpi_agree(world->comm, error); /* before it others may not read the tables */
    }
    free(here);
    if (error->status == RP_OK)
        rpi_mpi_check(agents_choose(world), "MPI_Comm_split", error);
    return error->status == RP_OK ? hosts_exchange(world, error) : error->status;
}

/* The parameters must be equal before the ranks split communicators by them. */
static rp_status request_compare(struct world *world, const struct world_request *request,
                                 rp_error *error)
{
    enum {
        SETTINGS = 5
    };
    static const char *const names[SETTINGS] = {"root", "node_size", "thread_level",
                                                "survive_deaths", "check"};
    const int mine[SETTINGS] = {request->root, request->node_size, request->thread_level,
                                request->survive_deaths, request->check};
    int first[SETTINGS];
    memcpy(first, mine, sizeof first);
    int code = MPI_Bcast(first, SETTINGS, MPI_INT, 0, world->comm);
    if (rpi_mpi_check(code, "MPI_Bcast", error) != RP_OK)
        return error->status;
    for (int i = 0; i < SETTINGS && error->status == RP_OK; i++) {
        if (mine[i] != first[i])
            rpi_error_set(error, RP_ERR_MISMATCH, "rank %d wants %s %d, but rank 0 wants %s %d",
                          world->rank, names[i], mine[i], names[i], first[i]);
    }
    return rpi_mpi_agree(world->comm, error);
}

static rp_status world_build(struct world *world, const struct world_request *request,
                             rp_error *error)
{
    if (request_compare(world, request, error) != RP_OK)
        return error->status;
    nodes_find(world, request->node_size, error);
    if (rpi_mpi_agree(world->comm, error) != RP_OK)
        return error->status;
    rpi_node_memory_make(world->node_comm,
                         extra_offset_bytes(world) + request->extra_bytes(world->node_ranks),
                         &world->memory, error);
    if (rpi_mpi_agree(world->comm, error) != RP_OK || ranks_register(world, error) != RP_OK ||
        agreement_init(world, error) != RP_OK)
        return error->status;
    if (request->survive_deaths && liveness_init(world, error) != RP_OK)
        return error->status;
    if (world->node_rank == 0)
        request->extra_prepare(world->extra, world->node_ranks);
    struct vote vote = rpi_vote(CALL_OPEN);
    return rpi_agree(&world->agreement, &vote, error);
}

rp_status rpi_world_make(struct world *world, MPI_Comm comm, const struct world_request *request,
                         const rp_error *mine, rp_error *error)
{
    *world = (struct world){.comm = MPI_COMM_NULL,
                            .node_comm = MPI_COMM_NULL,
                            .leaders = MPI_COMM_NULL,
                            .agents = MPI_COMM_NULL,
                            .root = request->root};
    if (rpi_mpi_check(MPI_Comm_dup(comm, &world->comm), "MPI_Comm_dup", error) != RP_OK)
        return error->status;
    MPI_Comm_set_errhandler(world->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(world->comm, &world->rank);
    MPI_Comm_size(world->comm, &world->ranks);
    *error = *mine;
    if (rpi_mpi_agree(world->comm, error) == RP_OK)
        world_build(world, request, error);
    if (error->status != RP_OK)
        rpi_world_drop(world);
    return error->status;
}

static void comm_free(MPI_Comm *comm)
{
    if (*comm != MPI_COMM_NULL)
        MPI_Comm_free(comm);
}

void rpi_world_forget(struct world *world)
{
    rpi_liveness_release(&world->liveness);
    free(world->agreement.summaries);
    free(world->hosts);
}

void rpi_world_leave_mpi(struct world *world)
{
    comm_free(&world->agents);
    comm_free(&world->leaders);
    comm_free(&world->node_comm);
    comm_free(&world->comm);
}

void rpi_world_drop(struct world *world)
{
    rpi_liveness_leave(&world->liveness);
    rpi_world_forget(world);
    rpi_node_memory_drop(&world->memory);
    rpi_world_leave_mpi(world);
}
