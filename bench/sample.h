/* Shared by the benchmark programs (measure.h) and scripts (ratio.sh): when a comparison has been
 * measured often enough, and its rows.
 *
 * The sides of a row are measured in turn, A B A B ...; a ratio is taken within each round, so the
 * machine's drift cancels. Rounds go on until the interval of each row's median is narrow, or until
 * a limit of time. A round during which the machine took time from this guest (`steal` in
 * /proc/stat) is measured again. */
#ifndef RANKPOOL_BENCH_SAMPLE_H
#define RANKPOOL_BENCH_SAMPLE_H

#include <stdbool.h>

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

/* A row of the table. With `theirs`: how many times faster `ours` was; the goal is the least. Else
 * a figure, `ours` times `scale`, in `unit`, such as "ns"; the goal is the most. 0: no goal. */
struct row {
    const char *name;
    struct times *ours, *theirs;
    double goal;
    const char *unit;
    double scale;
};

struct row row_beside(const char *name, struct times *ours, struct times *theirs, double goal);
struct row row_of(const char *name, struct times *ours, double goal, const char *unit,
                  double scale);

/* Rows that are measured together. */
struct rounds {
    struct row *rows;
    int count;
    double limit;        /* in seconds, for all rounds */
    int fewest;          /* rounds to keep, whatever the limit */
    double begun, since; /* of the first round, and of this one */
    double stolen;       /* when this round began */
    int kept, repeated;
    bool running, disturbed; /* the machine was disturbed more often than rounds are repeated */
};

/* Accepts or drops what has been measured since the last call, if this is not the first. Whether
 * another round should be measured. `now` and `stolen`: rpi_clock_seconds() and
 * stolen_seconds(). */
bool rounds_decide(struct rounds *rounds, double now, double stolen);

/* Prints the rows on stdout and appends them, one JSON object per line, to the file that
 * RANKPOOL_BENCH_ROWS names. RANKPOOL_BENCH_CONTEST is what `make bench CONTESTS=...` calls
 * them. */
void rounds_print(const struct rounds *rounds);

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
