/* search: searches trees whose shape is not known beforehand, by a worklist on all ranks. */
#include "base/numeric_locale.h"
#include "common/program.h"
#include "trees/problems.h"

#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: search [OPTION]... uts [TREE]\n"
    "       search [OPTION]... queens N\n"
    "       search [OPTION]... clique FILE\n"
    "Searches a tree whose shape is not known beforehand.\n"
    "\n"
    "uts: a tree of the Unbalanced Tree Search benchmark, T1 to T5, T1L, T2L, T3L, T1XL,\n"
    "T1XXL or T3XXL, or one with these parameters. Prints its nodes, depth and leaves.\n"
    "queens: the ways to place N queens on a board of N x N squares, 1 to 32.\n"
    "clique: the most vertices of a graph that are all neighbours of each other. FILE is\n"
    "in DIMACS's ASCII format; prints their number, and which they are.\n"
    "\n"
    "  -t, --type T         0 binomial, 1 geometric, 2 hybrid (1)\n"
    "  -a, --shape A        of a geometric tree: 0 linear, 1 exponential, 2 cyclic,\n"
    "                       3 fixed (0)\n"
    "  -b, --branching B    expected children of the root (4)\n"
    "  -d, --depth D        of a geometric tree (6)\n"
    "  -r, --root R         seed of the root (0)\n"
    "  -q, --probability Q  that a node of a binomial tree has children (15/64)\n"
    "  -m, --children M     that it then has (4)\n"
    "  -f, --shift F        part of the depth that is geometric, in a hybrid tree (0.5)\n"
    "  --memory BYTES       for nodes that wait (16 MiB)\n"
    "  --paths              sum up the paths of all nodes, for --time\n"
    "  --time               show on stderr how long it took\n";

static const char notes[] =
    "Examples:\n"
    "  search uts T1                            4 130 071 nodes\n"
    "  search uts -t 1 -a 3 -d 10 -b 4 -r 19    the same tree\n"
    "  search queens 14 --time\n"
    "  search clique keller4.clq\n"
    "\n"
    "  search queens 20 --checkpoint kept --walltime 3600\n"
    "  search queens 20 --checkpoint kept --resume\n"
    "\n"
    "Exit status: 0 done, 1 it failed, 2 bad arguments, 75 interrupted: with\n"
    "--checkpoint, --resume goes on.\n";

/* The command line. */
struct settings {
    struct problem problem;
    bool uts_given; /* a parameter of the tree */
    uint64_t memory;
    bool show_time;
};

enum {
    OPTION_MEMORY = 1,
    OPTION_PATHS,
    OPTION_TIME
};

static const struct option options[] = {
    {"type", required_argument, NULL, 't'},
    {"shape", required_argument, NULL, 'a'},
    {"branching", required_argument, NULL, 'b'},
    {"depth", required_argument, NULL, 'd'},
    {"root", required_argument, NULL, 'r'},
    {"probability", required_argument, NULL, 'q'},
    {"children", required_argument, NULL, 'm'},
    {"shift", required_argument, NULL, 'f'},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"paths", no_argument, NULL, OPTION_PATHS},
    {"time", no_argument, NULL, OPTION_TIME},
    {NULL, 0, NULL, 0},
};

/* ---- the command line ------------------------------------------------------------------------ */

static bool take_real(struct command_line *line, const char *text, double least, double most,
                      double *value)
{
    return (rpi_parse_number(text, value) && *value >= least && *value <= most) ||
           command_line_complain(line, "'%.60s': give a number from %g to %g", text, least, most);
}

static bool take_choice(struct command_line *line, const char *text, int choices, int *value)
{
    uint64_t choice;
    if (!command_line_count(line, text, 0, (uint64_t)choices - 1, &choice))
        return false;
    *value = (int)choice;
    return true;
}

static bool take_parameter(struct command_line *line, struct uts *uts, int option, const char *text)
{
    int choice;
    switch (option) {
    case 't':
        return take_choice(line, text, UTS_TYPES, &choice) &&
               ((uts->type = (enum uts_type)choice), true);
    case 'a':
        return take_choice(line, text, UTS_SHAPES, &choice) &&
               ((uts->shape = (enum uts_shape)choice), true);
    case 'b':
        return take_real(line, text, 0, 1e6, &uts->branching);
    case 'd':
        return command_line_count(line, text, 1, INT32_MAX, &uts->depth);
    case 'r':
        return command_line_count(line, text, 0, INT32_MAX, &uts->root);
    case 'q':
        return take_real(line, text, 0, 1, &uts->probability);
    case 'm':
        return command_line_count(line, text, 0, UTS_MOST_CHILDREN, &uts->children);
    default:
        return take_real(line, text, 0, 1, &uts->shift);
    }
}

static bool take_option(struct command_line *line, void *into, int option, const char *argument)
{
    struct settings *settings = into;
    if (option == OPTION_TIME)
        return settings->show_time = true;
    if (option == OPTION_PATHS)
        return settings->problem.sum_paths = true;
    if (option == OPTION_MEMORY)
        return command_line_count(line, argument, 1, UINT64_C(1) << 40, &settings->memory);
    settings->uts_given = true;
    return take_parameter(line, &settings->problem.uts, option, argument);
}

static bool take_tree(struct command_line *line, struct settings *settings)
{
    if (!uts_supported())
        return command_line_complain(line, "uts: this program was built without Nettle, which has "
                                           "the hash SHA-1");
    if (line->operands == 1)
        return true;
    if (settings->uts_given)
        return command_line_complain(line, "uts: give the name of a tree, or its parameters");
    return uts_named(line->operand[1], &settings->problem.uts) ||
           command_line_complain(line, "there is no tree '%.60s'", line->operand[1]);
}

static bool take_board(struct command_line *line, struct settings *settings)
{
    uint64_t n;
    settings->problem.kind = PROBLEM_QUEENS;
    if (settings->uts_given)
        return command_line_complain(line, "queens: there is no parameter but N");
    if (line->operands != 2)
        return command_line_complain(line, "queens: give the number of queens");
    if (!command_line_count(line, line->operand[1], 1, QUEENS_MOST, &n))
        return false;
    settings->problem.board = (int)n;
    return true;
}

static bool take_graph(struct command_line *line, struct settings *settings)
{
    settings->problem.kind = PROBLEM_CLIQUE;
    if (settings->uts_given)
        return command_line_complain(line, "clique: there is no parameter but FILE");
    if (line->operands != 2)
        return command_line_complain(line, "clique: give the file of a graph");
    settings->problem.file = line->operand[1];
    return true;
}

static bool take_operands(struct command_line *line, void *into)
{
    struct settings *settings = into;
    if (line->operands > 0 && strcmp(line->operand[0], "uts") == 0)
        return take_tree(line, settings);
    if (line->operands > 0 && strcmp(line->operand[0], "queens") == 0)
        return take_board(line, settings);
    if (line->operands > 0 && strcmp(line->operand[0], "clique") == 0)
        return take_graph(line, settings);
    return command_line_complain(line, "say what to search: uts, queens or clique");
}

static const int cosmetic[] = {OPTION_TIME, 0};

static const struct command command = {
    .name = "search",
    .help = help,
    .notes = notes,
    .cosmetic = cosmetic,
    .operands_wanted = "uts and the name of a tree, queens and their number, or clique and a file",
    .most_operands = 2,
    .keeps_work = true,
    .options = options,
    .take_option = take_option,
    .take_operands = take_operands,
};

/* ---- the search ------------------------------------------------------------------------------ */

static void show_time(const struct settings *settings, const rp_pool *pool, double took)
{
    const struct findings *findings = &settings->problem.findings;
    if (!settings->problem.sum_paths)
        program_show_run(pool, took, "%" PRId64 " nodes, on ", findings->nodes);
    else
        program_show_run(pool, took,
                         "%" PRId64 " nodes, sum of paths %016" PRIx64 "%016" PRIx64 ", on ",
                         findings->nodes, findings->paths[1], findings->paths[0]);
}

static rp_status compute(rp_pool *pool, struct settings *settings)
{
    rp_worklist_job job = problem_job(&settings->problem);
    job.memory = (int64_t)settings->memory;
    job.options.user = &settings->problem;
    job.options.name = command.name;
    job.options.unit = "nodes";
    double begin = MPI_Wtime();
    rp_status status = rp_worklist(pool, &job);
    double took = MPI_Wtime() - begin;
    if (status != RP_OK) {
        rp_report(pool, command.name);
        return status;
    }
    if (!program_speaks(pool))
        return RP_OK;
    problem_show(&settings->problem);
    if (settings->show_time)
        show_time(settings, pool, took);
    return program_flush(&command);
}

static rp_status run(rp_pool *pool, struct settings *settings)
{
    rp_status status = problem_prepare(&settings->problem, pool, command.name);
    if (status == RP_OK)
        status = compute(pool, settings);
    problem_drop(&settings->problem);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.problem.uts = uts_default()};
    rp_pool *pool;
    int code;
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &code))
        return code;
    return program_end(&pool, run(pool, &settings));
}
