/* The leader of a group of nodes: to the root an agent as fast as the group, whose batches a
 * dispatcher of its own divides among the nodes. Inputs and results wait in the leader's memory, so
 * each byte passes the root once, and many results of nodes reach it as one. It is a part of the
 * agent of the leading node, and takes its steps. */
#ifndef RANKPOOL_DISTRIB_GROUP_LEADER_H
#define RANKPOOL_DISTRIB_GROUP_LEADER_H

#include "distrib/node_agent.h"

struct group_leader {
    struct batch_client client; /* of the root */
    struct dispatcher *dispatcher;
    struct accounting accounting; /* of the units that the group has got */
};

/* How many nodes a group of this job has; 0: the root serves all nodes. The same on every rank. */
rp_status rpi_group_size(const rp_pool *pool, const struct job *job, int *size, rp_error *error);

/* Creates the leader's part of an agent if its node leads a group. */
rp_status rpi_group_make(struct agent *agent, const struct agent_job *job, rp_error *error);
void rpi_group_drop(struct group_leader *group);

/* Are the fields of a valid RESULT or DELIVERED from a node of the group those of units that it may
 * have? */
bool rpi_group_expects(const struct group_leader *group, const struct agent_message *message);

/* Functions that return int return an MPI error code. */

/* Handles a valid message from a node of the group. */
int rpi_group_read(struct group_leader *group, int from, const struct agent_message *message);

/* Does what is due. */
int rpi_group_step(struct agent *agent);

/* Do nodes wait for units that have been requested? */
bool rpi_group_waits(const struct group_leader *group);

#endif
