/* Pools of several pretended nodes, and what differs between them, for the suites of distrib/. */
#ifndef RANKPOOL_SUITES_DISTRIB_SETTINGS_H
#define RANKPOOL_SUITES_DISTRIB_SETTINGS_H

#include "rankpool.h"

#include <stdbool.h>
#include <stdint.h>

struct setting {
    int node_size;
    bool poll, unreachable;
    const char *group; /* nodes of a group in the tree of dispatchers; NULL: no tree */
};

enum {
    SETTINGS = 6
};
extern const struct setting settings[SETTINGS];

/* Opens a pool with this setting, whose environment lasts until the pool is closed. */
rp_pool *open_with_setting(const struct setting *setting, int root);
void close_with_setting(rp_pool *pool);

/* An assertion about an item. Check's own would take most of the time. */
void require_item(bool holds, int64_t item);

#endif
