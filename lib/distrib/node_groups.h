/* The tree of dispatchers: which node sends batches to which. The nodes other than the root's are
 * cut into groups of successive ones, and the first of a group leads it: the root serves its own
 * node and the leaders, a leader serves its group, itself included. Without groups the root serves
 * all. Positions count the nodes from the root's on. Pure arithmetic. */
#ifndef RANKPOOL_DISTRIB_NODE_GROUPS_H
#define RANKPOOL_DISTRIB_NODE_GROUPS_H

struct node_groups {
    int nodes, root_node;
    int size; /* nodes of a group; the last may have fewer; 0: no groups */
};

enum {
    GROUPS_FROM = 144 /* nodes; of fewer, an idle root answers sooner than a leader that asks it */
};

/* The number of nodes of a group; 0: no groups. The root serves twice as many leaders as a leader
 * serves nodes: leaders compute besides. */
static inline int groups_usual_size(int nodes)
{
    int size = 1;
    while (2 * size * size < nodes)
        size++;
    return nodes < GROUPS_FROM ? 0 : size;
}

static inline int groups_position(const struct node_groups *groups, int node)
{
    return (node - groups->root_node + groups->nodes) % groups->nodes;
}

static inline int groups_node(const struct node_groups *groups, int position)
{
    return (groups->root_node + position) % groups->nodes;
}

/* The node that serves this one. */
static inline int groups_parent(const struct node_groups *groups, int node)
{
    int position = groups_position(groups, node);
    if (groups->size == 0 || position == 0)
        return groups->root_node;
    return groups_node(groups, position - (position - 1) % groups->size);
}

/* The number of nodes for which this one asks the root: its group; 1: itself; 0: another asks for
 * it. */
static inline int groups_members(const struct node_groups *groups, int node)
{
    int position = groups_position(groups, node), left = groups->nodes - position;
    if (groups->size == 0 || position == 0)
        return 1;
    if ((position - 1) % groups->size != 0)
        return 0;
    return left < groups->size ? left : groups->size;
}

static inline int groups_member(const struct node_groups *groups, int node, int index)
{
    return groups_node(groups, groups_position(groups, node) + index);
}

/* Does it dispatch to a group? */
static inline int groups_leads(const struct node_groups *groups, int node)
{
    return node != groups->root_node && groups_parent(groups, node) == node;
}

#endif
