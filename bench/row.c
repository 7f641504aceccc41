/* For the benchmark scripts, which measure whole programs: decides by what they have measured, as
 * sample.h tells.
 *
 *     row FILE SECONDS FEWEST [NAME GOAL THEIRS OURS]...
 *
 * FILE has a line of figures for each round, of which there are at least FEWEST. A row has its NAME
 * and GOAL, and the columns, from 1, of THEIRS and OURS; a unit in place of THEIRS makes a figure
 * of it. Without any row, FILE has what a program of measure.h has written in each launch.
 *
 * RANKPOOL_BENCH_PASS=K/N: this is the K-th of N passes. The others, which keep FILE, measure their
 * shares at other times; the last one prints the rows.
 *
 * Exit status 1: measure another round, append its line to FILE, and call this again, which adds
 * lines of its own. 0: the rows are printed, or this pass has measured its share. 2: FILE has
 * something else, as a measurement failed. */
#include "launches.h"

#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROWS = 8,
    MOST_COLUMNS = 8
};

static struct times columns[MOST_COLUMNS];

static int columns_used;

static struct launches launches;

/* Adds a line's figures, which are greater than 0, one for each column in use. */
static bool columns_add(const char *line)
{
    for (int i = 0; i < columns_used; i++) {
        char *end;
        double figure = strtod(line, &end);
        if (end == line || !(figure > 0))
            return false;
        times_add(&columns[i], figure);
        line = end;
    }
    return strspn(line, " \n") == strlen(line);
}

static bool file_append(const char *path, const char *line)
{
    FILE *file = fopen(path, "a");
    if (file == NULL)
        return false;
    fputs(line, file);
    return fclose(file) == 0;
}

/* The clock and the stolen time at which this was called, in a line of FILE. */
static bool file_mark(const char *path)
{
    char line[64];
    snprintf(line, sizeof line, "at %.6f %.6f\n", rpi_clock_seconds(), stolen_seconds());
    return file_append(path, line);
}

/* A line of FILE: a pass ends here. */
static const char pause_line[] = "pause\n";

/* Rows of programs, if the caller gave none. */
static bool launched(const struct rounds *rounds)
{
    return rounds->rows == launches.rows;
}

static bool line_add(const struct rounds *rounds, const char *line)
{
    return launched(rounds) ? launches_add(&launches, line) : columns_add(line);
}

/* A round of so many lines has ended. False: it lacks some. */
static bool round_end(struct rounds *rounds, int lines)
{
    bool complete = launched(rounds) ? launches_end(&launches) : lines == 1;
    if (launched(rounds))
        rounds->count = launches.count;
    return complete;
}

/* Takes the decisions of all calls so far; the last one is returned. -1: a line is wrong. */
static int file_replay(const char *path, struct rounds *rounds)
{
    char line[512];
    double now, stolen;
    int more = -1, lines = 0;
    bool right = true;
    FILE *file = fopen(path, "r");
    while (file != NULL && right && fgets(line, sizeof line, file) != NULL) {
        if (strcmp(line, pause_line) == 0) {
            right = rounds->running && lines == 0;
            rounds_pause(rounds);
        } else if (sscanf(line, "at %lf %lf", &now, &stolen) == 2) {
            right = rounds->running ? round_end(rounds, lines) : lines == 0;
            more = rounds_decide(rounds, now, stolen);
            lines = 0;
        } else {
            right = line_add(rounds, line);
            lines++;
        }
    }
    if (file != NULL)
        fclose(file);
    return right ? more : -1;
}

static struct times *column_of(const char *number)
{
    int column = isdigit((unsigned char)number[0]) ? atoi(number) : 0;
    if (column < 1 || column > MOST_COLUMNS)
        return NULL;
    columns_used = column > columns_used ? column : columns_used;
    return &columns[column - 1];
}

/* NAME GOAL THEIRS OURS. */
static struct row row_from(char **words)
{
    struct times *theirs = column_of(words[2]), *ours = column_of(words[3]);
    double goal = atof(words[1]);
    return theirs != NULL ? row_beside(words[0], ours, theirs, goal)
                          : row_of(words[0], ours, goal, words[2], 1);
}

/* This pass and the number of passes. False: the variable has something else. */
static bool pass_read(struct rounds *rounds)
{
    const char *text = getenv("RANKPOOL_BENCH_PASS");
    return text == NULL || (sscanf(text, "%d/%d", &rounds->pass, &rounds->passes) == 2 &&
                            rounds->pass >= 1 && rounds->pass <= rounds->passes);
}

int main(int argc, char **argv)
{
    struct row rows[MOST_ROWS];
    struct rounds rounds = {.rows = argc == 4 ? launches.rows : rows,
                            .limit = argc > 2 ? atof(argv[2]) : 0,
                            .fewest = argc > 3 ? atoi(argv[3]) : 0};
    for (int i = 4; i + 3 < argc && rounds.count < MOST_ROWS; i += 4)
        rows[rounds.count++] = row_from(argv + i);
    bool usable =
        argc >= 4 && argc == 4 + 4 * rounds.count && pass_read(&rounds) && file_mark(argv[1]);
    for (int i = 0; i < rounds.count; i++)
        usable &= rows[i].ours != NULL;
    int more = usable ? file_replay(argv[1], &rounds) : -1;
    if (more == 0 && rounds.pass == rounds.passes)
        rounds_print(&rounds);
    else if (more == 0 && !file_append(argv[1], pause_line))
        more = -1;
    if (more < 0)
        fprintf(stderr, "row: a measurement of %s failed\n", argc > 4 ? argv[4] : "a program");
    return more < 0 ? 2 : more;
}
