/* The root's side of the courier that sees which nodes there are to serve, where ranks survive: who
 * writes for them, and what becomes of what they had when that rank dies. */
#include "pool/courier.h"

/* The first letter of a node says who writes for it. */
bool rpi_courier_hear(struct courier *courier, int rank)
{
    struct served_node *node = &courier->nodes[courier->pool->world.node_of[rank]];
    if (node->courier < 0 && !node->finished)
        node->courier = rank;
    return node->courier == rank && !node->left;
}

/* Results of that node which were arriving do not any more. */
static void drop_results(struct courier *courier, int node)
{
    for (struct parcel *parcel = courier->returning.head, *next; parcel != NULL; parcel = next) {
        next = parcel->next;
        if (parcel->answered == NULL || parcel->node != node)
            continue;
        rpi_parcels_remove(&courier->returning, parcel);
        rpi_parcel_free(parcel);
    }
}

/* Nobody can say which of its parcels were at hand. Inputs may be on their way until the wire
 * breaks. */
static void give_back(struct courier *courier, struct served_node *node, bool died)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->slots; i++)
        count += node->parcels[i] != NULL;
    for (uint32_t i = 0; i < node->slots; i++) {
        struct parcel *parcel = node->parcels[i];
        if (parcel == NULL)
            continue;
        parcel->fate = PARCEL_MISSING;
        parcel->alone = count == 1 && died;
        rpi_parcels_add(&courier->returning, parcel);
        node->parcels[i] = NULL;
    }
}

static void forgo(struct courier *courier, int node, bool died)
{
    struct served_node *gone = &courier->nodes[node];
    if (gone->courier >= 0)
        rpi_wired_forget(&courier->post.wired, gone->courier);
    drop_results(courier, node);
    give_back(courier, gone, died);
    gone->left = gone->finished = true;
    courier->unfinished--;
    courier->moved = true;
}

/* Has the rank died that wrote for it? */
static bool bereft(const struct courier *courier, int node)
{
    int writer = courier->nodes[node].courier;
    return writer >= 0 && !rpi_wires_whole(&courier->pool->world.star.wires, writer);
}

/* Ranks that live on a node. A courier knows of a death at once, a wire breaks when the process has
 * given back all that it had. */
static uint32_t count_living(const struct courier *courier, int node)
{
    const struct world *world = &courier->pool->world;
    int first = world->node_first[node], behind = world->node_first[node + 1];
    uint32_t ranks = (uint32_t)(behind - first - rpi_star_lost(&world->star, node));
    uint32_t told = courier->nodes[node].living;
    if (told == 0)
        return ranks;
    told -= bereft(courier, node);
    return told < ranks ? told : ranks;
}

/* How a node is. Its ranks wait when one of them has said that it has come to the end of this
 * round. */
static struct outpost examine(const struct courier *courier, int node)
{
    const struct star *star = &courier->pool->world.star;
    uint32_t ranks = count_living(courier, node);
    if (ranks > 0 && rpi_star_said(star, node, star->answered + 1) != NULL)
        return (struct outpost){OUTPOST_WAITS, ranks};
    if (ranks == 0 || bereft(courier, node))
        return (struct outpost){OUTPOST_LEFT, ranks};
    bool served = courier->nodes[node].courier >= 0;
    return (struct outpost){served ? OUTPOST_SERVED : OUTPOST_AWAITED, ranks};
}

static void tell_root(struct courier *courier, int node, struct outpost seen)
{
    struct errands *errands = &courier->errands;
    struct outpost *known = &errands->outposts[node];
    if (known->state == seen.state && known->ranks == seen.ranks)
        return;
    pthread_mutex_lock(&errands->lock);
    *known = seen;
    errands->tidings = true;
    pthread_mutex_unlock(&errands->lock);
    rpi_signal_all(&courier->station->news);
}

void rpi_courier_look(struct courier *courier)
{
    const struct world *world = &courier->pool->world;
    for (int node = 0; node < world->nodes; node++) {
        if (node == world->node)
            continue;
        struct outpost seen = examine(courier, node);
        if (!courier->nodes[node].finished &&
            (seen.state == OUTPOST_LEFT || seen.state == OUTPOST_WAITS))
            forgo(courier, node, seen.ranks == 0);
        tell_root(courier, node, seen);
    }
}

bool rpi_courier_tidings(struct courier *courier, struct outpost *outposts)
{
    struct errands *errands = &courier->errands;
    pthread_mutex_lock(&errands->lock);
    bool tidings = errands->tidings;
    errands->tidings = false;
    for (int node = 0; tidings && node < courier->pool->world.nodes; node++)
        outposts[node] = errands->outposts[node];
    pthread_mutex_unlock(&errands->lock);
    return tidings;
}
