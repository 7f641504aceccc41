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

/* A message from a node to all, or to one from all, in a binomial tree. */
static void model_broadcast(struct model *model)
{
    double seconds = ceil(log2(model->cluster->nodes)) * model->cluster->latency;
    for (int i = 0; i < model->cluster->nodes; i++)
        model->times[i] += seconds;
}

/* ---- the job --------------------------------------------------------------------------------- */

static void consumer_init(struct model *model, int number, int node, int server, bool group)
{
    model->consumers[number] =
        (struct consumer){.node = node,
                          .server = server,
                          .group = group,
                          .delivery = rpi_supply_first_delivery(),
                          .requested = model->job->in > 0 && server == 0 && !group};
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
    const struct server *root = &model->servers[0];
    for (int i = root->first; i < root->first + root->consumers && job->in > 0; i++)
        if (!model->consumers[i].group)
            server_answer(model, &model->servers[0], i, 0);
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
    double last = 0;
    for (int i = 0; i < job->agreements_before; i++)
        model_agree(model);
    model_begin(model);
    for (int i = cluster->nodes - 1; i >= 0; i--)
        model_settle(model, i);
    while (model->over < cluster->nodes && !model->short_of_memory)
        node_step(model, &model->nodes[model->heap[0]]);
    for (int i = 0; i < cluster->nodes; i++)
        model->times[i] = model->nodes[i].over;
    for (int i = 0; i < job->agreements_behind; i++)
        model_agree(model);
    for (int i = 0; i < job->broadcasts; i++)
        model_broadcast(model);
    for (int i = 0; i < cluster->nodes; i++)
        last = model->times[i] > last ? model->times[i] : last;
    return last;
}

bool model_job(const struct cluster *cluster, const struct modelled_job *job,
               struct outcome *outcome)
{
    struct model model = {.cluster = cluster, .job = job, .random = 1};
    bool made = model_allocate(&model);
    if (made) {
        model_prepare_nodes(&model);
        model_connect(&model);
        double seconds = model_run(&model);
        *outcome = model.outcome;
        outcome->seconds = seconds;
        outcome->used = job->items * job->item_seconds / seconds;
        outcome->batches /= cluster->nodes;
    }
    model_free(&model);
    return made && !model.short_of_memory;
}
