/* The command line of our programs: getopt_long's options and numbers, among them negative numbers,
 * which are not taken for options. Parsing prints nothing, so that every rank can do it. */
#ifndef RANKPOOL_APPS_COMMAND_LINE_H
#define RANKPOOL_APPS_COMMAND_LINE_H

#include "common/observation.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    COMPLAINT_SIZE = 256,
    ABOUT_SIZE = 64,
    MOST_OPERANDS = 8
};

/* The action that the command line requests. */
enum command_wish {
    COMMAND_RUN,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_MISTAKE
};

/* A parsed command line: its operands, or its first error. */
struct command_line {
    enum command_wish wish;
    struct observation observation;
    int operands;
    char *operand[MOST_OPERANDS];
    char **words; /* all operands, in argv, if the program runs other commands */
    int word_count;
    uint64_t walltime;      /* seconds; 0: none given */
    const char *checkpoint; /* directory of the checkpoint, or NULL */
    rp_resume resume;
    uint64_t fingerprint;   /* of everything that affects the results */
    char about[ABOUT_SIZE]; /* the option whose argument is wrong, as "--size: "; or empty */
    char complaint[COMPLAINT_SIZE]; /* an error in one line, without program name and advice */
};

/* A program's options, besides --help (-h), --version (-v), --ranks N, --walltime S and those of
 * observation, which all programs have; and --checkpoint DIR and --resume, if it has
 * checkpoints. */
struct command {
    const char *name;
    const char *help;            /* the text of --help up to the end of the program's own options */
    const char *notes;           /* its text behind the common options */
    const char *operands_wanted; /* readable text, as "at most two numbers, START and STOP" */
    int most_operands;           /* up to MOST_OPERANDS */
    bool keeps_work;
    bool runs_commands;  /* the first operand ends the options: all after it are words of a command
                           or its arguments, of any number */
    const int *cosmetic; /* vals of options that do not affect the results, ended by 0; or NULL */
    /* With flag NULL and val 1 ... 999; ended by a zero entry. A val that is a letter or a digit is
     * a short form of the option. */
    const struct option *options;
    /* Handles an option's val and argument (NULL if none); `settings` is the program's own. On an
     * error it calls command_line_complain() and returns false. */
    bool (*take_option)(struct command_line *line, void *settings, int option,
                        const char *argument);
    /* Handles the operands of line, at most the allowed number. False as above. */
    bool (*take_operands)(struct command_line *line, void *settings);
};

/* Parses argv, without changing it, up to the first error or request for help. */
void command_line_read(const struct command *command, int argc, char **argv, void *settings,
                       struct command_line *line);

/* Records an error, cut to a printable line. Returns false. */
bool command_line_complain(struct command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Parses a number; on an error, records it and returns false. */
bool command_line_number(struct command_line *line, const char *text, uint64_t *value);

/* The same for a number from `least` to `most`. */
bool command_line_count(struct command_line *line, const char *text, uint64_t least, uint64_t most,
                        uint64_t *value);

/* Refuses a file name whose ending belongs to another format; `endings` lists the right ones, as in
 * base/output.h. */
bool command_line_ending(struct command_line *line, const char *path, const char *endings);

#endif
