/* The command line of our programs, read in one way: getopt_long's options, numbers, and numbers
 * that are negative, which are no options. Reading prints nothing, so that every rank can do it. */
#ifndef RANKPOOL_APPS_COMMAND_LINE_H
#define RANKPOOL_APPS_COMMAND_LINE_H

#include "common/observation.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    COMPLAINT_SIZE = 256,
    MOST_OPERANDS = 8
};

/* What the command line asks for. */
enum command_wish {
    COMMAND_RUN,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_MISTAKE
};

/* A command line that has been read: the words that are no options, or what is wrong. */
struct command_line {
    enum command_wish wish;
    struct observation observation;
    int operands;
    char *operand[MOST_OPERANDS];
    uint64_t walltime;      /* seconds; 0: none is given */
    const char *checkpoint; /* where work is kept, or NULL */
    rp_resume resume;
    uint64_t fingerprint;           /* of all that the results depend on */
    char complaint[COMPLAINT_SIZE]; /* one line without program name and advice, for a mistake */
};

/* What a program understands, besides --help, --version, --ranks N, --walltime S and what lets its
 * work be seen, which all of them do; and --checkpoint DIR and --resume, if it keeps its work. */
struct command {
    const char *name;
    const char *help;            /* the text of --help */
    const char *operands_wanted; /* for people: "at most two numbers, START and STOP" */
    int most_operands;           /* up to MOST_OPERANDS */
    bool keeps_work;
    const int *cosmetic; /* vals of options on which no result depends, ended by 0; or NULL */
    /* With flag NULL and val 1 ... 999; ended by a zero entry. A val that is a letter, or a digit,
     * is a short form of the option. */
    const struct option *options;
    /* Takes an option's val and argument (NULL if it has none); `settings` is the program's own.
     * False for a mistake, told with command_line_complain(). */
    bool (*take_option)(struct command_line *line, void *settings, int option,
                        const char *argument);
    /* Takes the operands of line, as many as allowed. False as above. */
    bool (*take_operands)(struct command_line *line, void *settings);
};

/* Reads argv, which stays as it is, up to the first mistake or wish for help. */
void command_line_read(const struct command *command, int argc, char **argv, void *settings,
                       struct command_line *line);

/* Notes a mistake, cut to a line that can be printed. Returns false. */
bool command_line_complain(struct command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads a number; false if it is none, and the mistake is noted. */
bool command_line_number(struct command_line *line, const char *text, uint64_t *value);

#endif
