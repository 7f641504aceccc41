#include "base/cpuset.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rpi_core_mask_get(struct core_mask *mask)
{
    *mask = (struct core_mask){{0}};
    if (sched_getaffinity(0, sizeof mask->words, (cpu_set_t *)mask) < 0)
        *mask = (struct core_mask){{0}};
}

static int mask_count_cores(const struct core_mask *mask)
{
    int cores = 0;
    for (size_t i = 0; i < sizeof mask->words / sizeof mask->words[0]; i++)
        cores += __builtin_popcountl(mask->words[i]);
    if (cores > 0)
        return cores;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static bool cgroup_read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    return read;
}

int rpi_cores_of_limit(const char *cpu_max)
{
    int64_t quota, period;
    if (sscanf(cpu_max, "%" SCNd64 " %" SCNd64, &quota, &period) != 2 || quota <= 0 || period <= 0)
        return 0;
    double cores = (double)quota / (double)period;
    if (cores >= INT_MAX)
        return 0;
    return cores > (int)cores ? (int)cores + 1 : (int)cores;
}

/* The lowest limit on the path from this control group up to the root. */
static int cgroup_v2_limit(const char *group)
{
    char path[PATH_MAX], line[64];
    int lowest = 0;
    size_t length = strlen(group);
    for (;;) {
        int written = snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/cpu.max", (int)length, group);
        if (written < (int)sizeof path && cgroup_read_line(path, line, sizeof line)) {
            int cores = rpi_cores_of_limit(line);
            if (cores > 0 && (lowest == 0 || cores < lowest))
                lowest = cores;
        }
        if (length == 0)
            return lowest;
        while (length > 0 && group[--length] != '/')
            continue;
    }
}

/* Reads the top of the hierarchy, where a container sees its own group. */
static int cgroup_v1_limit(void)
{
    char quota[32], period[32], both[72];
    if (!cgroup_read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) ||
        !cgroup_read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period))
        return 0;
    snprintf(both, sizeof both, "%s %s", quota, period);
    return rpi_cores_of_limit(both);
}

static int cgroup_limit(void)
{
    char line[PATH_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL)
        return 0;
    int cores = 0;
    while (cores == 0 && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0)
            cores = cgroup_v2_limit(line + 3);
    }
    fclose(file);
    return cores > 0 ? cores : cgroup_v1_limit();
}

int rpi_core_mask_usable(const struct core_mask *mask)
{
    int cores = mask_count_cores(mask);
    int limit = cgroup_limit();
    return limit > 0 && limit < cores ? limit : cores;
}

int rpi_cores_usable(void)
{
    struct core_mask mask;
    rpi_core_mask_get(&mask);
    return rpi_core_mask_usable(&mask);
}
