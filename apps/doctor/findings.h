/* Interpretation of the facts: each of these examines one subject and adds its line to the report.
 * On rank 0. */
#ifndef RANKPOOL_APPS_DOCTOR_FINDINGS_H
#define RANKPOOL_APPS_DOCTOR_FINDINGS_H

#include "doctor/facts.h"
#include "doctor/network.h"
#include "doctor/report.h"

/* Input of all of them. */
struct patient {
    const struct facts *facts; /* by rank */
    const struct link *links;  /* by node */
    int ranks, nodes;
};

/* The launch: doctor/launch.c */
void find_version(struct report *report);
void find_launcher(struct report *report, const struct patient *patient);
void find_batch_job(struct report *report, const struct patient *patient);
/* False: ranks are bound to the same core, so there is nothing to report about cores. */
bool find_binding(struct report *report, const struct patient *patient);
void find_threads(struct report *report, const struct patient *patient);
void find_environment(void);

/* The machines: doctor/machine.c */
void find_cores(struct report *report, const struct patient *patient);
void find_user(const struct patient *patient);
void find_localhost(struct report *report, const struct patient *patient);
void find_shared_memory(struct report *report, const struct patient *patient);
void find_temporary_files(struct report *report, const struct patient *patient);
void find_peer_memory(struct report *report, const struct patient *patient);

/* The network: doctor/cluster.c */
void find_network(struct report *report, const struct patient *patient);
void find_clocks(struct report *report, const struct patient *patient);

#endif
