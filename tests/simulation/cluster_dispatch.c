/* The dispatchers of the model. */
#include "cluster_parts.h"

/* Units left for the next batch: of the group's batch that came first. NULL: none. */
static uint32_t *server_front(struct model *model, struct server *server, int *of)
{
    struct batch *front = NULL;
    *of = 0;
    if (server->own < 0)
        return server->left > 0 ? &server->left : NULL;
    struct batch *batches = model->consumers[server->own].batches;
    for (int i = 0; i < BATCHES; i++) {
        if (batches[i].left == 0 || (front != NULL && front->order < batches[i].order))
            continue;
        front = &batches[i];
        *of = i;
    }
    return front != NULL ? &front->left : NULL;
}

/* Have all units been issued, and will no more come? */
static bool server_exhausted(struct model *model, struct server *server)
{
    int of;
    if (server_front(model, server, &of) != NULL)
        return false;
    bool more = server->own >= 0 && !model->consumers[server->own].closing;
    for (int i = 0; i < BATCHES && server->own >= 0; i++) {
        const struct batch *batch = &model->consumers[server->own].batches[i];
        more = more || (batch->used && batch->ends == 0);
    }
    return !more;
}

void server_close(struct model *model, struct server *server)
{
    if (server->closed || !server_exhausted(model, server))
        return;
    server->closed = true;
    for (int i = server->first; i < server->first + server->consumers; i++)
        node_send(model, server->node, model->consumers[i].node,
                  (struct message){.kind = CLOSED, .consumer = i}, 0, 0);
}

void server_answer(struct model *model, struct server *server, int consumer, double seconds)
{
    const struct modelled_job *job = model->job;
    struct consumer *asking = &model->consumers[consumer];
    int of;
    uint32_t *left = server_front(model, server, &of);
    asking->wants = left == NULL;
    asking->waits = seconds;
    if (left == NULL)
        return;
    model->nodes[server->node].cpu += model->cluster->choice;
    uint32_t units =
        rpi_batch_policy_next(&server->policy, consumer - server->first, *left, seconds);
    *left -= units;
    node_send(model, server->node, asking->node,
              (struct message){.kind = BATCH, .consumer = consumer, .units = units, .of = of},
              units * job->in, consumer_payloads(asking, job->payloads_in));
    if (*left == 0)
        server_close(model, server);
}

void server_supply(struct model *model, struct server *server)
{
    for (int i = server->first; i < server->first + server->consumers; i++)
        if (model->consumers[i].wants)
            server_answer(model, server, i, model->consumers[i].waits);
}
