/* The exchange of summaries between nodes by MPI messages, where all ranks live. */
#include "comm/completion.h"
#include "comm/mpi_error.h"
#include "comm/vote_summary.h"

#include <stddef.h>

/* A step of the exchange, in which a leader has heard of itself and the nodes below it, `known` in
 * all, in a ring of nodes. */
struct step {
    int to, from;
    int nodes; /* that the receiver has not heard of: the sender and those below it */
};

static struct step exchange_step(const struct agreement *agreement, int known)
{
    int nodes = agreement->nodes, node = agreement->node, unknown = nodes - known;
    return (struct step){.to = (int)(((int64_t)node + known) % nodes),
                         .from = (node - known + nodes) % nodes,
                         .nodes = known < unknown ? known : unknown};
}

/* The data of `count` nodes: `node` and those below it. */
static size_t message_pack(const struct agreement *agreement, int node, int count, char *to)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes +=
            rpi_agreement_data_pack(agreement, (node - i + agreement->nodes) % agreement->nodes,
                                    to + bytes);
    return bytes;
}

static void message_unpack(struct agreement *agreement, int node, int count, const char *from)
{
    for (int i = 0; i < count; i++)
        from += rpi_agreement_data_unpack(agreement,
                                          (node - i + agreement->nodes) % agreement->nodes, from);
}

/* Sends what is known to one leader and receives what another knows. */
static int summaries_swap(struct agreement *agreement, const struct step *step)
{
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    struct summary *known = &agreement->summaries->known;
    struct leader_message *leaving = &agreement->summaries->leaving;
    struct leader_message *arriving = &agreement->summaries->arriving;
    size_t bytes = offsetof(struct leader_message, data);
    leaving->summary = *known;
    if (rpi_summary_has_data(known))
        bytes += message_pack(agreement, agreement->node, step->nodes, leaving->data);
    int code = MPI_Irecv(arriving, sizeof *arriving, MPI_BYTE, step->from, 0, agreement->leaders,
                         &requests[0]);
    if (code == MPI_SUCCESS)
        code =
            MPI_Isend(leaving, (int)bytes, MPI_BYTE, step->to, 0, agreement->leaders, &requests[1]);
    if (code == MPI_SUCCESS)
        code = rpi_complete(2, requests, agreement->spin);
    if (code != MPI_SUCCESS)
        return code;
    if (!rpi_summary_valid(&arriving->summary))
        rpi_mpi_reject("node", step->from);
    if (rpi_summary_has_data(known) && rpi_summary_has_data(&arriving->summary) &&
        rpi_summary_data_alike(known, &arriving->summary))
        message_unpack(agreement, step->from, step->nodes, arriving->data);
    rpi_summary_join(known, &arriving->summary);
    return code;
}

static bool mpi_lost(const struct agreement *agreement, int node_rank)
{
    (void)agreement;
    (void)node_rank;
    return false;
}

static bool mpi_leads(const struct agreement *agreement)
{
    return agreement->node_rank == 0;
}

static void mpi_look(struct agreement *agreement)
{
    (void)agreement;
}

/* Each step doubles the number of known nodes, so each leader sends log2(nodes) messages
 * (dissemination barrier: Hensgen, Finkel, Manber: Two algorithms for barrier synchronization,
 * 1988; with data it is the allgather of Bruck et al., 1997). A gathering collective takes as many
 * messages as there are nodes. */
static void mpi_decide(struct agreement *agreement, struct summary *known,
                       struct decision *decision)
{
    int code = MPI_SUCCESS, nodes = agreement->nodes;
    for (int64_t distance = 1; distance < nodes && code == MPI_SUCCESS; distance *= 2) {
        struct step step = exchange_step(agreement, (int)distance);
        code = summaries_swap(agreement, &step);
    }
    if (rpi_mpi_check(code, "a message between nodes", &decision->error) == RP_OK)
        rpi_summary_judge(known, decision);
    else
        decision_end(decision);
}

const struct agreement_ops rpi_agreement_mpi = {mpi_lost, mpi_leads, mpi_look, mpi_decide};
