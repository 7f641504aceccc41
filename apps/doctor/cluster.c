#include "doctor/findings.h"

#include <math.h>

/* The node with the host of its first rank. */
static const char *host_of(const struct patient *patient, int node)
{
    int rank = 0;
    while (rank < patient->ranks - 1 && patient->facts[rank].node != node)
        rank++;
    return patient->facts[rank].host;
}

/* A network for computing takes microseconds; other networks, and everything by TCP, some tens;
 * milliseconds mean a long distance, or the wrong interface. */
void find_network(struct report *report, const struct patient *patient)
{
    const double long_way = 2e-3, slow = 50e6;
    int farthest = 1, slowest = 1;
    if (patient->nodes == 1)
        return;
    for (int node = 2; node < patient->nodes; node++) {
        if (patient->links[node].latency > patient->links[farthest].latency)
            farthest = node;
        if (patient->links[node].bytes_per_second < patient->links[slowest].bytes_per_second)
            slowest = node;
    }
    double latency = patient->links[farthest].latency;
    double speed = patient->links[slowest].bytes_per_second;
    if (latency <= long_way && speed >= slow) {
        report_ok("network", "%.0f us and %.0f MB/s to the worst of %d other node%s", 1e6 * latency,
                  1e-6 * speed, patient->nodes - 1, patient->nodes == 2 ? "" : "s");
        return;
    }
    report_mend(report, "network",
                "a message takes %.0f us to %s, and long ones go at %.0f MB/s to %s", 1e3 * latency,
                host_of(patient, farthest), 1e-6 * speed, host_of(patient, slowest));
    report_type("mpirun --mca btl_tcp_if_include NAME ..., if there is a faster network");
}

/* File dates, logs and the end of a batch job are compared between nodes. */
void find_clocks(struct report *report, const struct patient *patient)
{
    const double much = 1;
    int worst = 1;
    if (patient->nodes == 1)
        return;
    for (int node = 2; node < patient->nodes; node++) {
        if (fabs(patient->links[node].clock_ahead) > fabs(patient->links[worst].clock_ahead))
            worst = node;
    }
    double ahead = patient->links[worst].clock_ahead;
    if (fabs(ahead) <= much) {
        report_ok("clocks", "no more than %.1f ms apart", 1e3 * fabs(ahead));
        return;
    }
    report_mend(report, "clocks", "that of %s is %.1f s %s that of %s", host_of(patient, worst),
                fabs(ahead), ahead > 0 ? "ahead of" : "behind", host_of(patient, 0));
    report_type("timedatectl set-ntp true, on both, as root");
}
