/* Supply policy: when a node requests its next batch, and how long its agent sleeps between two
 * steps. Pure logic, testable without nodes: tests/simulation/model.c runs it for thousands. */
#ifndef RANKPOOL_SCHED_SUPPLY_POLICY_H
#define RANKPOOL_SCHED_SUPPLY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* The units of a node, and what its agent has measured. */
struct supply {
    uint64_t waiting, in_progress; /* units not begun; units that ranks compute */
    double until_next;             /* of these: done when the next rank ends its chunk */
    uint64_t arriving;             /* units of batches whose inputs are on their way */
    uint32_t idle;                 /* ranks without units */
    uint32_t requested;            /* batches requested but not received */
    uint32_t room;                 /* batches that the node could hold besides those it has */
    uint32_t last, most;           /* units in its last batch; limit on the units of one */
    double units_per_second;       /* 0: not measured yet */
    double delivery;               /* seconds from a request to its batch */
    double transfer;               /* seconds from a batch until its inputs have arrived */
};

/* Returns `delivery` before any batch has been received. */
double rpi_supply_first_delivery(void);

/* Returns the new value of `delivery`, or of `transfer`, after a batch that took this long. */
double rpi_supply_learn(double known, double took);

/* Returns in how many seconds a rank of the node runs out of units, those not counted that are
 * arriving: 0 if a rank is idle, INFINITY if the speed is unknown. */
double rpi_supply_seconds(const struct supply *supply);

/* Returns how long a batch requested now should last: until the next could arrive. */
double rpi_supply_covered(const struct supply *supply);

/* Should the node request another batch now? */
bool rpi_supply_request_due(const struct supply *supply);

/* What the sleep after a step depends on. A step costs about 20 us of a computing core, so the
 * agent polls often only while a rank or a transfer waits for it. */
struct poll_interval {
    bool moving;     /* transfers are in progress */
    bool awaited;    /* ranks are idle until a message arrives */
    double lasts;    /* seconds until the node runs out of units; INFINITY: unknown */
    bool dispatches; /* this agent runs the dispatcher */
    double silence;  /* seconds since the last message */
};

/* Returns the seconds to sleep. */
double rpi_poll_interval_seconds(const struct poll_interval *poll_interval);

#endif
