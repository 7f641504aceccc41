#include "cluster_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- agreements ------------------------------------------------------------------------------ */

/* Each node enters and leaves at times[node]. As in comm/agreement_mpi.c. */
static void model_agree(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    int nodes = cluster->nodes;
    double *times = model->times, *before = times + nodes;
    for (int distance = 1; distance < nodes; distance *= 2) {
        memcpy(before, times, (size_t)nodes * sizeof *times);
        for (int i = 0; i < nodes; i++) {
            double sent = before[(i - distance + nodes) % nodes] + cluster->send;
            times[i] = await_message(before[i] + cluster->send, sent + cluster->latency);
        }
    }
}

/* ---- collectives of MPI ---------------------------------------------------------------------- */

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* The root leaves at once. */
static void model_broadcast(struct model *model)
{
    for (int i = 1; i < model->cluster->nodes; i++)
        model->times[i] =
            later(model->times[i], model->times[i & (i - 1)] + model->cluster->latency);
}

/* Among the nodes that a power of two has room for: the others, if any, are not modelled. */
static void model_allreduce(struct model *model)
{
    int nodes = model->cluster->nodes;
    double *times = model->times, *before = times + nodes;
    for (int distance = 1; distance < nodes; distance *= 2) {
        memcpy(before, times, (size_t)nodes * sizeof *times);
        for (int i = 0; i < nodes; i++) {
            int other = i ^ distance;
            if (other < nodes)
                times[i] = later(before[i], before[other] + model->cluster->latency);
        }
    }
}

/* As in engine/reduce_gather.c. */
static void model_gather(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    for (int distance = 1; distance < cluster->nodes; distance *= 2) {
        double bytes = (double)model->job->gathered * distance;
        for (int i = 0; i + distance < cluster->nodes; i += 2 * distance)
            model->times[i] = later(model->times[i], model->times[i + distance] + cluster->latency +
                                                         bytes / cluster->bandwidth);
    }
}

static void model_together(struct model *model, const enum collective *collectives)
{
    static void (*const run[])(struct model *) = {[AGREE] = model_agree,
                                                  [BROADCAST] = model_broadcast,
                                                  [ALLREDUCE] = model_allreduce,
                                                  [GATHER] = model_gather};
    for (int i = 0; i < COLLECTIVES && collectives[i] != NOTHING; i++)
        run[collectives[i]](model);
}

/* ---- the job --------------------------------------------------------------------------------- */

static void consumer_init(struct model *model, int number, int node, int server, bool group)
{
    model->consumers[number] = (struct consumer){.node = node,
                                                 .server = server,
                                                 .group = group,
                                                 .delivery = rpi_supply_first_delivery(),
                                                 .requested = model->job->in > 0};
    struct server *by = &model->servers[server];
    struct dispatch_node *known = &by->policy.node[number - by->first];
    int behind = node + model->cluster->group, nodes = model->cluster->nodes;
    int members = group ? (behind < nodes ? behind : nodes) - node : 1;
    *known = (struct dispatch_node){.ranks = (uint32_t)(members * model->cluster->ranks),
                                    .most = UINT32_MAX};
}

static void server_init(struct model *model, int number, int node, int own, int first,
                        int consumers)
{
    struct server *server = &model->servers[number];
    *server = (struct server){
        .node = node, .own = own, .first = first, .consumers = consumers, .unfinished = consumers};
    server->policy =
        (struct batch_policy){.least = 1, .nodes = consumers, .node = model->dispatched + first};
    model->nodes[node].server = number;
}

/* Consumers are numbered by node; behind them are those of groups. The root's node leads no group:
 * its agent asks the root's dispatcher. */
static void model_connect(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    int nodes = cluster->nodes, group = cluster->group, groups = model->server_count - 1;
    if (group == 0) {
        server_init(model, 0, 0, -1, 0, nodes);
        for (int i = 0; i < nodes; i++)
            consumer_init(model, i, i, 0, false);
    } else {
        server_init(model, 0, 0, -1, nodes, groups + 1);
        for (int i = 0; i < groups; i++) {
            int first = 1 + i * group, left = nodes - first;
            server_init(model, 1 + i, first, nodes + 1 + i, first, left < group ? left : group);
            consumer_init(model, nodes + 1 + i, first, 0, true);
            model->nodes[first].dispatcher = nodes + 1 + i;
            for (int j = first; j < first + model->servers[1 + i].consumers; j++)
                consumer_init(model, j, j, 1 + i, false);
        }
        consumer_init(model, nodes, 0, 0, false);
        model->nodes[0].agent = nodes;
    }
    for (int i = 0; i < model->server_count; i++)
        rpi_batch_policy_begin(&model->servers[i].policy);
}

static void model_free(struct model *model)
{
    for (int i = 0; model->nodes != NULL && i < model->cluster->nodes; i++) {
        for (struct message *next; model->nodes[i].first != NULL; model->nodes[i].first = next) {
            next = model->nodes[i].first->next;
            free(model->nodes[i].first);
        }
    }
    for (struct message *next; model->unused != NULL; model->unused = next) {
        next = model->unused->next;
        free(model->unused);
    }
    free(model->nodes);
    free(model->free_at);
    free(model->times);
    free(model->consumers);
    free(model->servers);
    free(model->dispatched);
    free(model->heap);
}

static bool model_allocate(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    size_t nodes = (size_t)cluster->nodes, ranks = (size_t)cluster->ranks;
    size_t groups = cluster->group > 0 ? (nodes - 2) / (size_t)cluster->group + 1 : 0;
    model->server_count = 1 + (int)groups;
    model->consumer_count = (int)(nodes + (groups > 0 ? groups + 1 : 0));
    model->nodes = calloc(nodes, sizeof *model->nodes);
    model->free_at = calloc(nodes * ranks, sizeof *model->free_at);
    model->times = calloc(2 * nodes, sizeof *model->times);
    model->consumers = calloc(nodes + groups + 1, sizeof *model->consumers);
    model->servers = calloc(groups + 1, sizeof *model->servers);
    model->dispatched = calloc(nodes + groups + 1, sizeof *model->dispatched);
    model->heap = calloc(nodes, sizeof *model->heap);
    return model->nodes != NULL && model->free_at != NULL && model->times != NULL &&
           model->consumers != NULL && model->servers != NULL && model->dispatched != NULL &&
           model->heap != NULL;
}

/* Records initial units with the dispatchers above a node. */
static void model_issue(struct model *model, const struct consumer *consumer, uint32_t units)
{
    struct server *server = &model->servers[consumer->server];
    rpi_batch_policy_issue(&server->policy, (int)(consumer - model->consumers) - server->first,
                           units);
    if (server->own >= 0)
        model_issue(model, &model->consumers[server->own], units);
}

/* The initial units of the nodes, and the first batches where arrays travel. */
static void model_begin(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    const struct modelled_job *job = model->job;
    int ranks = cluster->nodes * cluster->ranks;
    uint32_t units = (uint32_t)(job->items * ranks), begun = 0;
    if (job->in == 0)
        begun = rpi_batch_policy_initial(units, ranks, cluster->nodes, RP_SCHEDULE_ADAPTIVE);
    model->servers[0].left = units - begun;
    for (int i = 0; i < cluster->nodes; i++) {
        struct node *node = &model->nodes[i];
        uint32_t share =
            begun / (uint32_t)cluster->nodes + ((uint32_t)i < begun % (uint32_t)cluster->nodes);
        double now = node->next = node->cpu = node->heard = model->times[i];
        struct consumer *agent = &model->consumers[node->agent];
        agent->speed = rpi_throughput_start(now);
        agent->issued = share;
        node->item = job->item_seconds;
        model_issue(model, agent, share);
        if (share > 0)
            node_compute(model, node, share, now);
    }
    for (int i = 0; i < model->server_count && job->in > 0; i++) {
        struct server *server = &model->servers[i];
        for (int j = server->first; j < server->first + server->consumers; j++)
            server_answer(model, server, j, 0);
    }
}

static void model_prepare_nodes(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    for (int i = 0; i < cluster->nodes; i++) {
        struct node *node = &model->nodes[i];
        *node = (struct node){.free_at = model->free_at + (size_t)i * (size_t)cluster->ranks,
                              .agent = i,
                              .dispatcher = -1,
                              .server = -1,
                              .place = i};
        model->heap[i] = i;
    }
    model->heap_size = cluster->nodes;
}

static double model_run(struct model *model)
{
    const struct cluster *cluster = model->cluster;
    const struct modelled_job *job = model->job;
    model_together(model, job->before);
    model_begin(model);
    for (int i = cluster->nodes - 1; i >= 0; i--)
        model_settle(model, i);
    while (model->over < cluster->nodes && !model->short_of_memory)
        node_step(model, &model->nodes[model->heap[0]]);
    for (int i = 0; i < cluster->nodes; i++)
        model->times[i] = model->nodes[i].over;
    model_together(model, job->behind);
    return model->times[0];
}

/* `entered`: when the nodes do; becomes the times at which they leave, as seen from the root. */
static bool model_job_from(const struct cluster *cluster, const struct modelled_job *job,
                           double *entered, struct outcome *outcome)
{
    struct model model = {.cluster = cluster, .job = job, .random = 1};
    bool made = model_allocate(&model);
    if (made) {
        memcpy(model.times, entered, (size_t)cluster->nodes * sizeof *entered);
        model_prepare_nodes(&model);
        model_connect(&model);
        double seconds = model_run(&model);
        *outcome = model.outcome;
        outcome->seconds = seconds;
        outcome->used = job->items * job->item_seconds / seconds;
        outcome->batches /= cluster->nodes;
        for (int i = 0; i < cluster->nodes; i++)
            entered[i] = model.times[i] - seconds;
    }
    model_free(&model);
    return made && !model.short_of_memory;
}

bool model_job(const struct cluster *cluster, const struct modelled_job *job,
               struct outcome *outcome)
{
    double *entered = calloc((size_t)cluster->nodes, sizeof *entered);
    bool run = entered != NULL;
    if (run && job->follows != NULL)
        run = model_job_from(cluster, job->follows, entered, outcome);
    if (run)
        run = model_job_from(cluster, job, entered, outcome);
    free(entered);
    return run;
}
