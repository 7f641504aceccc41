#include "base/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Cores in the affinity mask. The kernel's mask may be longer than cpu_set_t: grow until it fits. */
static int cores_of_affinity(void)
{
    for (int bits = CPU_SETSIZE; bits <= 1 << 20; bits *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)bits);
        if (set == NULL)
            break;
        size_t bytes = CPU_ALLOC_SIZE((size_t)bits);
        bool known = sched_getaffinity(0, bytes, set) == 0;
        int cores = known ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (known)
            return cores;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static bool read_line(const char *path, char *line, size_t size)
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
    double quota, period;
    if (sscanf(cpu_max, "%lf %lf", &quota, &period) != 2 || quota <= 0 || period <= 0)
        return 0;
    double cores = quota / period;
    if (cores >= INT_MAX)
        return 0;
    return cores > (int)cores ? (int)cores + 1 : (int)cores;
}

/* The tightest limit on the path from our own control group up to the root. */
static int limit_of_group_version_2(const char *group)
{
    char path[PATH_MAX], line[64];
    int tightest = 0;
    size_t length = strlen(group);
    for (;;) {
        int written = snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/cpu.max", (int)length, group);
        if (written < (int)sizeof path && read_line(path, line, sizeof line)) {
            int cores = rpi_cores_of_limit(line);
            if (cores > 0 && (tightest == 0 || cores < tightest))
                tightest = cores;
        }
        if (length == 0)
            return tightest;
        while (length > 0 && group[--length] != '/')
            continue;
    }
}

/* Inside a container its own group is mounted at the top, so that is where to look. */
static int limit_of_group_version_1(void)
{
    char quota[32], period[32], both[72];
    if (!read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) ||
        !read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period))
        return 0;
    snprintf(both, sizeof both, "%s %s", quota, period);
    return rpi_cores_of_limit(both);
}

static int cores_of_control_group(void)
{
    char line[PATH_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL)
        return 0;
    int cores = 0;
    while (cores == 0 && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0)
            cores = limit_of_group_version_2(line + 3);
    }
    fclose(file);
    return cores > 0 ? cores : limit_of_group_version_1();
}

int rpi_cores_usable(void)
{
    int cores = cores_of_affinity();
    int limit = cores_of_control_group();
    if (limit > 0 && limit < cores)
        cores = limit;
    return cores > 0 ? cores : 1;
}
