/* How many cores there are for us: affinity mask and control group, not what the machine has. */
#ifndef RANKPOOL_BASE_CPUSET_H
#define RANKPOOL_BASE_CPUSET_H

/* An affinity mask, a bit per core, so that the masks of several processes can be joined by
 * bitwise or. */
struct core_mask {
    unsigned long words[128];
};

/* The mask of this process; all zero if it is not known. */
void rpi_core_mask_get(struct core_mask *mask);

/* Cores of a mask that can be kept busy: no more than the CPU limit of this process's control group
 * (version 1 or 2) pays for, rounded up. At least 1. An empty mask counts the cores online. */
int rpi_core_mask_usable(const struct core_mask *mask);

/* Cores this process may keep busy: the usable ones of its own mask. */
int rpi_cores_usable(void);

/* CPU limit of the control group in cores, rounded up, or 0 for none. `cpu_max` is the text of
 * cpu.max: "quota period" or "max period", in microseconds. */
int rpi_cores_of_limit(const char *cpu_max);

#endif
