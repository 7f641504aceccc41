#include "common/program.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RUN_TEXT_SIZE = 256
};

/* State of the program's only run, from its beginning to its end. */
static struct observation observation;
static const char *program_name;

bool program_speaks(const rp_pool *pool)
{
    return rp_rank(pool) == rp_root(pool);
}

void program_prints(rp_pool *pool)
{
    struct stat about;
    bool file = fstat(STDOUT_FILENO, &about) == 0 && S_ISREG(about.st_mode);
    if (!file && observation.progress == RP_PROGRESS_TERMINAL)
        rp_show_progress(pool, RP_PROGRESS_ASKED);
}

void program_show_run(const rp_pool *pool, double seconds, const char *format, ...)
{
    int ranks = rp_ranks(pool), nodes = rp_nodes(pool);
    char text[RUN_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s%d rank%s of %d node%s: %.3f s\n", text, ranks, ranks == 1 ? "" : "s", nodes,
            nodes == 1 ? "" : "s", seconds);
}

/* Reported once, at the first failure. */
static rp_status flush_output(const char *name)
{
    static bool failed;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return RP_OK;
    if (!failed)
        fprintf(stderr, "%s: cannot write to standard output: %s\n", name, strerror(errno));
    failed = true;
    return RP_ERR_IO;
}

rp_status program_flush(const struct command *command)
{
    return flush_output(command->name);
}

static void print_help(const struct command *command)
{
    fputs(command->help, stdout);
    fputs("  --progress           show progress on stderr; on a terminal that is the default,\n"
          "                       unless --no-progress is given\n"
          "  --stats[=FILE]       print statistics of every rank at the end, on stderr or to\n"
          "                       FILE, as JSON if its name ends with .json\n"
          "  --timeline FILE      draw the activity of every rank over time, as SVG, or as\n"
          "                       HTML if the name ends with .html\n"
          "  --trace FILE         write the same as a trace for ui.perfetto.dev\n"
          "  --ranks N            start N ranks instead of one per core; no effect under\n"
          "                       mpirun and srun\n"
          "  --walltime S         stop cleanly after S seconds, with status 75\n",
          stdout);
    if (command->keeps_work)
        fputs("  --checkpoint DIR     save finished work in DIR, for --resume\n"
              "  --resume[=force]     continue with the work saved in DIR, on any number of\n"
              "                       ranks; with force, even if it was saved by another build or\n"
              "                       with other arguments\n",
              stdout);
    fputs("  -h, --help           print this and exit\n"
          "  -v, --version        print the version and exit\n"
          "\n",
          stdout);
    fputs(command->notes, stdout);
}

/* Handles a command line that requests no run. */
static rp_status answer(const struct command *command, const struct command_line *line)
{
    switch (line->wish) {
    case COMMAND_HELP:
        print_help(command);
        return program_flush(command);
    case COMMAND_VERSION:
        printf("%s of Rankpool %s\n", command->name, rp_version());
        return program_flush(command);
    default:
        fprintf(stderr, "%s: %s%s; try '%s --help'\n", command->name, line->about, line->complaint,
                command->name);
        return RP_ERR_ARGUMENT;
    }
}

/* Interrupted, our programs end cleanly. */
static rp_status open_pool(const struct command_line *line, rp_pool **pool)
{
    rp_config config = {.handle_signals = true,
                        .walltime_seconds = (double)line->walltime,
                        .survive_deaths = true,
                        .checkpoint = line->checkpoint,
                        .resume = line->resume,
                        .fingerprint = line->fingerprint};
    return rp_open(&config, pool);
}

static rp_status observe(const struct command_line *line, rp_pool *pool)
{
    rp_status status = observation_begin(pool, &line->observation, program_name);
    if (status == RP_OK)
        observation = line->observation;
    return status;
}

bool program_begin(const struct command *command, int *argc, char ***argv, void *settings,
                   rp_pool **pool, int *exit_code)
{
    struct command_line line;
    bool launched = rp_launched();
    program_name = command->name;
    rp_status status = launched ? rp_launch(argc, argv) : RP_OK; /* which may restore arguments */
    command_line_read(command, *argc, *argv, settings, &line);
    if (line.wish != COMMAND_RUN && !launched) {
        *exit_code = rp_exit_code(answer(command, &line));
        return false;
    }
    if (!launched)
        status = rp_launch(argc, argv);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error like a full disk */
    if (status == RP_OK)
        status = open_pool(&line, pool);
    if (status != RP_OK) {
        *exit_code = rp_report(NULL, command->name);
        return false;
    }
    if (line.wish == COMMAND_RUN)
        status = observe(&line, *pool);
    else if (program_speaks(*pool))
        status = answer(command, &line);
    if (line.wish == COMMAND_RUN && status == RP_OK)
        return true;
    *exit_code = program_end(pool, status);
    return false;
}

int program_end(rp_pool **pool, rp_status mine)
{
    rp_status worst, printed = flush_output(program_name);
    rp_status met = rp_agree(*pool, mine == RP_OK ? printed : mine, &worst);
    rp_status told = met == RP_OK ? observation_end(*pool, &observation, program_name) : met;
    if (met == RP_OK && worst == RP_OK)
        worst = told;
    rp_close(pool);
    return rp_exit_code(met == RP_OK ? worst : met);
}
