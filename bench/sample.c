#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parts of a median: an interval of this half width is narrow enough; beyond that one, two tables
 * may differ by more than a tenth: by 7 % if their intervals just meet, and by what the machine's
 * state has changed between them. */
static const double narrow = 0.02, noisy = 0.035;

static const char ratio_unit[] = "times faster";

/* Part of the processors' time that may be taken from a round. */
static const double stolen_part = 0.005;

/* ---- estimates ------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The rank, from 0, of the interval's lower end; -1 if there is none. */
static int estimate_rank(int count)
{
    double probability = pow(0.5, count), fewer = probability; /* of at most `rank` heads */
    int rank = -1;
    for (int heads = 1; fewer <= 0.025; heads++) {
        rank++;
        probability *= (double)(count - heads + 1) / heads;
        fewer += probability;
    }
    return rank;
}

static double sorted_quantile(const double *sorted, int count, double part)
{
    double at = part * (count - 1), below = floor(at);
    int index = (int)below, next = index + 1 < count ? index + 1 : index;
    return sorted[index] + (at - below) * (sorted[next] - sorted[index]);
}

static void sorted_from(const double *values, int count, double *sorted)
{
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
}

struct estimate estimate_of(const double *values, int count)
{
    double sorted[MOST_TIMES];
    int rank = estimate_rank(count);
    sorted_from(values, count, sorted);
    return (struct estimate){.median = sorted_quantile(sorted, count, 0.5),
                             .low = sorted[rank < 0 ? 0 : rank],
                             .high = sorted[count - 1 - (rank < 0 ? 0 : rank)],
                             .sure = rank >= 0};
}

double estimate_width(const struct estimate *estimate)
{
    double half = (estimate->high - estimate->low) / 2;
    return half > 0 ? half / fabs(estimate->median) : 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

void times_add(struct times *times, double seconds)
{
    if (times->rounds < MOST_TIMES)
        times->seconds[times->rounds++] = seconds;
}

struct row row_beside(const char *name, struct times *ours, struct times *theirs, double goal)
{
    struct row row = row_of(name, ours, goal, ratio_unit, 1);
    row.theirs = theirs;
    return row;
}

struct row row_of(const char *name, struct times *ours, double goal, const char *unit, double scale)
{
    return (struct row){.name = name, .ours = ours, .goal = goal, .unit = unit, .scale = scale};
}

static bool row_is_ratio(const struct row *row)
{
    return strcmp(row->unit, ratio_unit) == 0;
}

/* The row's figures, one for each time of ours; how many. */
static int row_values(const struct row *row, double *values)
{
    for (int i = 0; i < row->ours->rounds; i++)
        values[i] = row->theirs != NULL ? row->theirs->seconds[i] / row->ours->seconds[i]
                                        : row->ours->seconds[i] * row->scale;
    return row->ours->rounds;
}

static struct estimate row_estimate(const struct row *row)
{
    double values[MOST_TIMES];
    int count = row_values(row, values);
    return estimate_of(values, count);
}

static bool row_met(const struct row *row, double median)
{
    return row->goal == 0 || (row_is_ratio(row) ? median >= row->goal : median <= row->goal);
}

static bool rows_narrow(const struct rounds *rounds)
{
    for (int i = 0; i < rounds->count; i++) {
        struct estimate estimate = row_estimate(&rounds->rows[i]);
        if (!estimate.sure || estimate_width(&estimate) > narrow)
            return false;
    }
    return true;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

double stolen_seconds(void)
{
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/stat", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
        ticks = 0;
    fclose(file);
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void times_end(struct times *times, bool accepted)
{
    if (times == NULL)
        return;
    if (accepted)
        times->kept = times->rounds;
    times->rounds = times->kept;
}

/* Rounds are repeated as often as there are others, and thrice more. */
static void rounds_end_one(struct rounds *rounds, double taken, double stolen)
{
    bool stealing = stolen > stolen_part * taken * (double)sysconf(_SC_NPROCESSORS_ONLN);
    bool repeat = stealing && rounds->repeated < rounds->kept + 3;
    for (int i = 0; i < rounds->count; i++) {
        times_end(rounds->rows[i].ours, !repeat);
        times_end(rounds->rows[i].theirs, !repeat);
        times_end(rounds->rows[i].inner, !repeat);
    }
    rounds->repeated += repeat;
    rounds->kept += !repeat;
    rounds->disturbed |= stealing && !repeat;
}

/* What of a limit may be used up by the end of this pass. */
static double rounds_share(const struct rounds *rounds, double limit)
{
    return rounds->passes > 0 ? limit * rounds->pass / rounds->passes : limit;
}

static bool rounds_enough(const struct rounds *rounds)
{
    return rounds->kept - rounds->kept_before >= rounds->enough && rows_narrow(rounds);
}

bool rounds_decide(struct rounds *rounds, double now, double stolen)
{
    if (rounds->running) {
        rounds->taken = now - rounds->since;
        rounds->spent += rounds->taken;
        rounds_end_one(rounds, rounds->taken, stolen - rounds->stolen);
    }
    rounds->running = true;
    rounds->since = now;
    rounds->stolen = stolen;
    if (rounds->kept == 0 || rounds->kept < rounds_share(rounds, rounds->fewest))
        return true;
    return rounds->kept < rounds_share(rounds, MOST_ROUNDS) &&
           rounds->spent + rounds->taken <= rounds_share(rounds, rounds->limit) &&
           !rounds_enough(rounds);
}

void rounds_pause(struct rounds *rounds)
{
    if (rounds->kept_before == 0)
        rounds->enough = rounds->kept;
    rounds->kept_before = rounds->kept;
    rounds->running = false;
}

/* ---- the table and its JSON ------------------------------------------------------------------ */

/* A number with three significant digits, but all of those before the point. */
static const char *number_text(char text[static 16], double value)
{
    double size = fabs(value);
    int digits = size < 0.01 ? 4 : size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
    snprintf(text, 16, "%.*f", digits, value);
    return text;
}

/* `few`: too few rounds for an interval. Instructions are the same in each. */
static const char *row_verdict(const struct row *row, const struct estimate *estimate,
                               bool disturbed)
{
    bool wide = disturbed || estimate_width(estimate) > noisy;
    bool few = !estimate->sure && strcmp(row->unit, "instructions") != 0;
    if (row_met(row, estimate->median))
        return wide ? "noisy" : few ? "few" : "";
    return wide ? "MISSED, noisy" : few ? "MISSED, few" : "MISSED";
}

static void row_print(const struct row *row, const struct estimate *estimate, const char *verdict,
                      const char *contest)
{
    char median[16], low[16], high[16], goal[16], figure[32], interval[40] = "", bound[24] = "";
    snprintf(figure, sizeof figure, "%s %s", number_text(median, estimate->median),
             row_is_ratio(row) ? "x" : row->unit);
    if (row->ours->rounds > 1)
        snprintf(interval, sizeof interval, "[%s, %s]", number_text(low, estimate->low),
                 number_text(high, estimate->high));
    snprintf(goal, sizeof goal, "%.6g", row->goal);
    if (row->goal > 0)
        snprintf(bound, sizeof bound, "%s %s", row_is_ratio(row) ? ">=" : "<=", goal);
    printf("%-56s %12s  %-16s %-9s %4d  %-13s", row->name, figure, interval, bound,
           row->ours->rounds, verdict);
    printf(contest != NULL ? "  CONTESTS=%s\n" : "\n", contest);
    fflush(stdout);
}

static int row_rounds(const struct row *row)
{
    double sum = 0;
    for (int i = 0; row->inner != NULL && i < row->inner->rounds; i++)
        sum += row->inner->seconds[i];
    return row->inner != NULL ? (int)sum : row->ours->rounds;
}

/* Names and units are ASCII without characters that JSON escapes. */
static void row_write(FILE *file, const struct row *row, const struct rounds *rounds,
                      const char *contest)
{
    double values[MOST_TIMES], sorted[MOST_TIMES];
    int count = row_values(row, values);
    struct estimate estimate = estimate_of(values, count);
    sorted_from(values, count, sorted);
    fprintf(file,
            "{\"contest\":\"%s\",\"row\":\"%s\",\"unit\":\"%s\",\"median\":%.6g,\"low\":%.6g,"
            "\"high\":%.6g,\"coverage\":%.2g,\"runs\":%d,\"rounds\":%d,\"repeated\":%d,"
            "\"quantiles\":[",
            contest, row->name, row->unit, estimate.median, estimate.low, estimate.high,
            estimate.sure ? 0.95 : 1 - pow(0.5, count - 1), count, row_rounds(row),
            rounds->repeated);
    for (int quarter = 0; quarter <= 4; quarter++)
        fprintf(file, "%s%.6g", quarter > 0 ? "," : "",
                sorted_quantile(sorted, count, quarter / 4.0));
    fprintf(file,
            "],\"goal\":%.6g,\"met\":%s,\"noisy\":%s,\"command\":\"make bench CONTESTS=%s\"}\n",
            row->goal, row_met(row, estimate.median) ? "true" : "false",
            rounds->disturbed || estimate_width(&estimate) > noisy ? "true" : "false", contest);
}

static const char *contest_name(void)
{
    return getenv("RANKPOOL_BENCH_CONTEST");
}

void rounds_write(const struct rounds *rounds, FILE *file)
{
    for (int i = 0; i < rounds->count; i++)
        row_write(file, &rounds->rows[i], rounds, contest_name() != NULL ? contest_name() : "");
}

void rounds_print(const struct rounds *rounds)
{
    const char *path = getenv("RANKPOOL_BENCH_ROWS");
    for (int i = 0; i < rounds->count; i++) {
        const struct row *row = &rounds->rows[i];
        struct estimate estimate = row_estimate(row);
        row_print(row, &estimate, row_verdict(row, &estimate, rounds->disturbed), contest_name());
    }
    if (path == NULL)
        return;
    FILE *file = fopen(path, "a");
    if (file == NULL) {
        perror(path);
        return;
    }
    rounds_write(rounds, file);
    fclose(file);
}
