/* farm: runs shell commands on all ranks of a pool, in the manner of GNU parallel. */
#include "commands/ranks.h"
#include "commands/settings.h"
#include "common/program.h"

#include <rankpool.h>
#include <stdlib.h>

static const char help[] =
    "Usage: farm [OPTION]... < COMMANDS\n"
    "       farm [OPTION]... [COMMAND]... ::: ARGUMENT...\n"
    "       farm [OPTION]... COMMAND... < ARGUMENTS\n"
    "Runs shell commands on all ranks of all nodes, in the manner of GNU parallel.\n"
    "\n"
    "A line of the input is a command; with a COMMAND, an argument for it. In a COMMAND\n"
    "  {}   is the argument        {.}  without its extension   {#}  the command's number\n"
    "  {/}  its last component     {/.} that without extension  {//} its directory\n"
    "quoted for the shell. Without any of these, the argument follows the COMMAND.\n"
    "The output of each command is printed in one piece, in the order of commands.\n"
    "\n"
    "  -a, --arg-file FILE  read FILE instead of standard input\n"
    "  -0, --null           lines end with a null byte instead of a newline\n"
    "  -k, --keep-order     print output in the order of commands, as by default\n"
    "  --unordered          print it as soon as a command has ended\n"
    "  --joblog FILE        log each command that has ended in FILE: number, host, start,\n"
    "                       seconds, bytes, exit value, signal, command\n"
    "  --resume             skip the commands that succeeded according to the log;\n"
    "                       --resume-failed is the same\n"
    "  --retries N          run a command that fails up to N times\n"
    "  --timeout S          end a command that takes more than S seconds\n"
    "  --halt WHEN          after a failure: never halt, the default; soon, start no more\n"
    "                       commands; now, end those that run as well. With soon,fail=N\n"
    "                       or now,fail=N after N failures\n"
    "  --dry-run            print the commands instead\n";

static const char notes[] =
    "Examples:\n"
    "  farm < commands.txt                             each line is a command\n"
    "  farm 'convert {} {.}.png' ::: *.tif             a command for each argument\n"
    "  find . -name '*.log' -print0 | farm -0 gzip     for each line of a list\n"
    "  srun --mpi=pmix farm --joblog log --resume < commands.txt   in a Slurm job\n"
    "\n"
    "Exit status: 0 all succeeded, 1 to 100 as many failed, 101 more; without that: 1 it\n"
    "failed itself, 2 bad arguments, 75 interrupted: --resume goes on.\n";

static const struct command command = {
    .name = "farm",
    .help = help,
    .notes = notes,
    .runs_commands = true,
    .options = settings_options,
    .take_option = settings_take_option,
    .take_operands = settings_take_operands,
};

static int exit_code_of(int64_t failures)
{
    return failures > 100 ? 101 : (int)failures;
}

int main(int argc, char **argv)
{
    struct settings settings = settings_default;
    rp_pool *pool;
    int exit_code;
    int64_t failures;
    unsetenv("RANKPOOL_CHECKPOINT"); /* which commands are items of the stream differs every time */
    if (!program_begin(&command, &argc, &argv, &settings, &pool, &exit_code))
        return exit_code;
    rp_status status = ranks_run(pool, &settings, &failures);
    exit_code = program_end(&pool, status);
    free(settings.words);
    return exit_code == 0 ? exit_code_of(failures) : exit_code;
}
