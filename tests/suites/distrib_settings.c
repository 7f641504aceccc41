#include "distrib_settings.h"

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>

const struct setting settings[SETTINGS] = {
    {1, false, false, "2"}, {1, true, false, NULL}, {2, false, false, NULL},
    {2, false, true, "1"},  {0, false, true, NULL}, {3, true, true, "3"},
};

static void set(const char *name, bool wanted, const char *value)
{
    if (wanted)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* All suites may run with groups. */
static char group_before[16];

static void remember_group(void)
{
    const char *group = getenv("RANKPOOL_TEST_GROUP");
    snprintf(group_before, sizeof group_before, "%s", group != NULL ? group : "");
}

rp_pool *open_with_setting(const struct setting *setting, int root)
{
    set("RANKPOOL_AGENT", setting->poll, "poll");
    set("RANKPOOL_TEST_UNREACHABLE", setting->unreachable, "1");
    remember_group();
    if (setting->group != NULL)
        setenv("RANKPOOL_TEST_GROUP", setting->group, 1);
    return open_configured(&(rp_config){.root = root, .node_size = setting->node_size});
}

void close_with_setting(rp_pool *pool)
{
    close_pool(pool);
    unsetenv("RANKPOOL_AGENT");
    unsetenv("RANKPOOL_TEST_UNREACHABLE");
    set("RANKPOOL_TEST_GROUP", group_before[0] != 0, group_before);
}

void require_item(bool holds, int64_t item)
{
    if (!holds)
        ck_abort_msg("item %lld is not as it should be", (long long)item);
}
