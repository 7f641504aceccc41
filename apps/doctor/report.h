/* The report: one line for each subject examined, and below a problem, what to type. */
#ifndef RANKPOOL_APPS_DOCTOR_REPORT_H
#define RANKPOOL_APPS_DOCTOR_REPORT_H

#include <stdio.h>

struct report {
    int mends; /* number of problems */
};

/* `topic` is in order. */
void report_ok(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* No problem, but information for the reader. */
void report_note(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A problem; report_type() follows. */
void report_mend(struct report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The command to type, or the action to take, about the last line. */
void report_type(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last line. */
void report_end(const struct report *report);

#endif
