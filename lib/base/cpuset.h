/* Cores available to this process, by its affinity mask and control group. */
#ifndef RANKPOOL_BASE_CPUSET_H
#define RANKPOOL_BASE_CPUSET_H

/* An affinity mask with one bit per core. A bitwise or joins the masks of several processes. */
struct core_mask {
    unsigned long words[128];
};

/* The mask of this process; all zero if unknown. */
void rpi_core_mask_get(struct core_mask *mask);

/* The number of cores in a mask, but at most the CPU limit of this process's control group (version
 * 1 or 2), rounded up. At least 1. For an empty mask, counts the cores online. */
int rpi_core_mask_usable(const struct core_mask *mask);

/* The same for the mask of this process. */
int rpi_cores_usable(void);

/* CPU limit of a control group in cores, rounded up; 0: none. `cpu_max` is the content of
 * cpu.max: "quota period" or "max period", in microseconds. */
int rpi_cores_of_limit(const char *cpu_max);

#endif
