/* Shared by the benchmark programs (measure.h) and scripts (ratio.sh, launches.sh): when a
 * comparison has been measured often enough, and its rows.
 *
 * The sides of a row are measured in turn, A B A B ...; a ratio is taken within each round, so the
 * machine's drift cancels. Rounds go on until the interval of each row's median is narrow, or until
 * a limit of time. A round during which the machine took time from this guest (`steal` in
 * /proc/stat) is measured again.
 *
 * Rounds of one launch share its addresses, the placement of its memory and ranks, and the state of
 * the machine: their interval cannot contain what another launch gives. So the rounds of the table
 * are launches. A script launches both sides in each; a program of measure.h is launched several
 * times (launches.h), has rounds of its own in each, and its value in a launch is their median.
 *
 * Launches that follow each other share the state of the host, which may last for minutes: their
 * interval cannot contain what the next table gives. So bench/run goes through all contests in
 * several passes, and each pass measures its share of every row's rounds: none, if the rounds
 * before it have used up what is allowed until its end. */
#ifndef RANKPOOL_BENCH_SAMPLE_H
#define RANKPOOL_BENCH_SAMPLE_H

#include <stdbool.h>
#include <stdio.h>

enum {
    MOST_ROUNDS = 99,
    MOST_TIMES = 999 /* of one contestant, which may be timed several times in a round */
};

/* The times of one contestant, in seconds; `kept` of them are from accepted rounds. */
struct times {
    double seconds[MOST_TIMES];
    int rounds, kept;
};

void times_add(struct times *times, double seconds);

/* A row of the table. With the unit "times faster": how many times faster `ours` was than `theirs`,
 * or ratios in `ours`; the goal is the least. Else a figure, `ours` times `scale`, in `unit`, such
 * as "ns"; the goal is the most. 0: no goal. */
struct row {
    const char *name;
    struct times *ours, *theirs;
    double goal;
    const char *unit;
    double scale;
    struct times *inner; /* of launches: `ours` are their medians, these their numbers of rounds */
};

struct row row_beside(const char *name, struct times *ours, struct times *theirs, double goal);
struct row row_of(const char *name, struct times *ours, double goal, const char *unit,
                  double scale);

/* Rows that are measured together. */
struct rounds {
    struct row *rows;
    int count;
    double limit;         /* in seconds, for all rounds */
    int fewest;           /* rounds to keep, whatever the limit */
    int pass, passes;     /* this pass, from 1, of so many; 0 of 0: there is only one */
    double since, stolen; /* the clock, and the stolen time, when this round began */
    double taken, spent;  /* seconds: of the last round, of all rounds */
    int kept, repeated;
    int kept_before;         /* of `kept`, before this pass */
    int enough;              /* rounds of the first pass, which the others have at least */
    bool running, disturbed; /* the machine was disturbed more often than rounds are repeated */
};

/* Accepts or drops what has been measured since the last call, if this is not the pass's first.
 * Whether another round should be measured in this pass. `now` and `stolen`: rpi_clock_seconds()
 * and stolen_seconds(). */
bool rounds_decide(struct rounds *rounds, double now, double stolen);

/* This pass's rounds have ended: the next call of rounds_decide() is the first of another pass. */
void rounds_pause(struct rounds *rounds);

/* Prints the rows on stdout, and writes them to the file that RANKPOOL_BENCH_ROWS names.
 * RANKPOOL_BENCH_CONTEST is what `make bench CONTESTS=...` calls them. */
void rounds_print(const struct rounds *rounds);

/* Writes the rows as JSON objects, one a line. `runs`, which the table shows, too, is the number of
 * values that the median and the interval are of; `rounds` is that of the rounds in all of them. */
void rounds_write(const struct rounds *rounds, FILE *file);

/* A median and the interval [low, high] that contains it with a probability of at least 95 %: the
 * k-th least and the k-th greatest of n values, where k is the greatest for which a binomial
 * distribution of n tosses gives fewer than k heads with at most 2.5 % (H. A. David and H. N.
 * Nagaraja, Order Statistics, 3rd edition, 2003, section 7.1; recommended for timings by T. Hoefler
 * and R. Belli, Scientific Benchmarking of Parallel Computing Systems, SC15, rule 5). Fewer than 6
 * values have no such interval: then it is their range, and `sure` is false. */
struct estimate {
    double median, low, high;
    bool sure;
};
struct estimate estimate_of(const double *values, int count);

/* Half the interval as a part of the median. */
double estimate_width(const struct estimate *estimate);

/* Seconds for which the machine has run others instead of this guest's processors, of all
 * processors together since it was started; 0 where that is not known. */
double stolen_seconds(void);

#endif
