/* How many cores there are for us: affinity mask and control group, not what the machine has. */
#ifndef RANKPOOL_BASE_CORES_H
#define RANKPOOL_BASE_CORES_H

/* Cores this process may keep busy: those of its affinity mask, no more than the CPU limit of its
 * control group (version 1 or 2) pays for, rounded up. At least 1. */
int rpi_cores_usable(void);

/* CPU limit of the control group in cores, rounded up, or 0 for none. `cpu_max` is the text of
 * cpu.max: "quota period" or "max period", in microseconds. */
int rpi_cores_of_limit(const char *cpu_max);

#endif
