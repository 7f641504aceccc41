/* The report: one line for each thing that was looked at, and below what is wrong, what to type. */
#ifndef RANKPOOL_APPS_DOCTOR_REPORT_H
#define RANKPOOL_APPS_DOCTOR_REPORT_H

#include <stdio.h>

struct report {
    int mends; /* things that are wrong */
};

/* All is well with `topic`. */
void report_ok(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nothing is wrong, but a reader should know. */
void report_note(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something is wrong; report_type() follows. */
void report_mend(struct report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What to type, or else to do, about the last line. */
void report_type(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last line. */
void report_end(const struct report *report);

#endif
