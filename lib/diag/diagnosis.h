/* What a pool keeps for its diagnosis. */
#ifndef RANKPOOL_DIAG_DIAGNOSIS_H
#define RANKPOOL_DIAG_DIAGNOSIS_H

#include "diag/activity.h"
#include "diag/interruption.h"
#include "diag/watchdog.h"

struct diagnosis {
    struct activities *activities;  /* in node memory, after the work queue */
    struct rank_activity *activity; /* this rank's */
    struct watchdog watchdog;
    struct interruption interruption;
    rp_pool *guarded_before; /* see diag/crash.h */
    bool stores_reported;    /* see diag/node_stores.h */
};

#endif
