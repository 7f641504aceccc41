#include "launch/command.h"

#include "base/environment.h"
#include "config.h"
#include "launch/launched.h"

#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A setting of mpirun, made in the environment so that a user's own setting there goes
 * before it. */
struct setting {
    const char *name, *value;
};

/* Open MPI has a name for each up to version 4 and one from version 5 on.
 * Ranks are not bound: the system spreads them, also beside other work and over few cores.
 * Who waits inside MPI lets others run. When one rank is lost or the job is ended, the others
 * go at once. */
static const struct setting always[] = {
    {"OMPI_MCA_hwloc_base_binding_policy", "none"},
    {"PRTE_MCA_hwloc_default_binding_policy", "none"},
    {"OMPI_MCA_mpi_yield_when_idle", "1"},
    {"OMPI_MCA_odls_base_sigkill_timeout", "0"},
    {"PRTE_MCA_odls_base_sigkill_timeout", "0"},
    {NULL, NULL},
};

/* The number of ranks is our business, or the user's. */
static const struct setting any_number[] = {
    {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
    {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},
    {NULL, NULL},
};

/* Whoever runs a program as root has decided that; mpirun would refuse. */
static const struct setting as_root[] = {
    {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
    {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
    {"PRTE_ALLOW_RUN_AS_ROOT", "1"},
    {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
    {NULL, NULL},
};

/* On one machine. Where that has addresses of IPv4 and IPv6, Open MPI 5.0 would say of each pair of
 * ranks that no network joins them: none has to. */
static const struct setting on_one_machine[] = {
    {"OMPI_MCA_reachable", "weighted"},
    {NULL, NULL},
};

/* Where mpirun and MPI keep what they share in files, on a machine of which we clean
 * up ourselves. */
static const char *const directories[] = {
    "OMPI_MCA_orte_tmpdir_base",
    "PRTE_MCA_prte_tmpdir_base",
    "OMPI_MCA_btl_vader_backing_directory",
    "OMPI_MCA_btl_sm_backing_directory",
    "OMPI_MCA_osc_sm_backing_directory",
};

static void make_settings(const struct setting *setting)
{
    for (; setting->name != NULL; setting++)
        setenv(setting->name, setting->value, 0);
}

static void make_all_settings(const struct command *command)
{
    make_settings(always);
    if (!command->in_allocation || command->ranks > 0)
        make_settings(any_number);
    if (!command->in_allocation)
        make_settings(on_one_machine);
    if (geteuid() == 0)
        make_settings(as_root);
    if (command->scratch[0] != '\0')
        for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
            setenv(directories[i], command->scratch, 0);
}

/* Options of mpirun, each list up to an empty one: those for every job, so that mpirun keeps to
 * itself what it thinks of an exit code (version 5 cannot), and those that let ranks live when one
 * has died. None: it ends them. */
#if defined(HAVE_ULFM)
static char usual_options[][20] = {""}, survival_options[][20] = {"--with-ft", "ulfm", ""};
#elif defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
static char usual_options[][20] = {"-q", ""}, survival_options[][20] = {"--enable-recovery", ""};
#else
static char usual_options[][20] = {""}, survival_options[][20] = {""};
#endif

/* Where it has other nodes, Open MPI 4's hangs at the end, and version 5's ends the job with a
 * node. */
bool rpi_mpirun_survives(bool in_allocation)
{
    return survival_options[0][0] != '\0' && !in_allocation;
}

const char *rpi_mpirun_chatter(void)
{
    return "PMIX ERROR: BAD-PARAM in file";
}

const char *rpi_mpirun(void)
{
    const char *named = rpi_environment_text("RANKPOOL_MPIRUN");
    if (named != NULL)
        return named;
    return RANKPOOL_MPIRUN[0] != '\0' ? RANKPOOL_MPIRUN : NULL;
}

/* Open MPI reports a signal as a shell does; MPICH gives its bare number. */
int rpi_signal_of_code(int mpirun_code)
{
#ifdef MPICH_VERSION
    int signal_number = mpirun_code;
#else
    int signal_number = mpirun_code - 128;
#endif
    return signal_number > 0 && signal_number < NSIG ? signal_number : 0;
}

static bool is_colons(const char *argument)
{
    return argument[0] != '\0' && argument[strspn(argument, ":")] == '\0';
}

static char *with_one_colon_more(const char *colons)
{
    size_t length = strlen(colons);
    char *longer = malloc(length + 2);
    if (longer != NULL) {
        memset(longer, ':', length + 1);
        longer[length + 1] = '\0';
    }
    return longer;
}

void rpi_restore_colons(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (is_colons(argv[i]) && argv[i][1] != '\0')
            argv[i][strlen(argv[i]) - 1] = '\0';
}

/* mpirun's own options: the most of them, and NULL. */
enum {
    MOST_OPTIONS = 8
};

static int add_all(char (*options)[20], char **line, int words)
{
    while (**options != '\0')
        line[words++] = *options++;
    return words;
}

/* Appends mpirun's options to the line, and returns how many words it has then. */
static int add_options(const struct command *command, char **line, int words)
{
    static char ranks[16];
    words = add_all(usual_options, line, words);
    if (command->survives)
        words = add_all(survival_options, line, words);
#ifdef OPEN_MPI
    static char export_option[] = "-x", export_name[] = RPI_LAUNCHED_VARIABLE;
    if (command->in_allocation) {
        line[words++] = export_option;
        line[words++] = export_name;
    }
#endif
    if (command->ranks > 0) {
        static char number_option[] = "-np";
        snprintf(ranks, sizeof ranks, "%d", command->ranks);
        line[words++] = number_option;
        line[words++] = ranks;
    }
    return words;
}

/* The whole command line, or NULL without memory. */
static char **command_line(const struct command *command, char *mpirun, char *program)
{
    size_t arguments = 0;
    while (command->arguments[arguments] != NULL)
        arguments++;
    char **line = calloc(arguments + MOST_OPTIONS, sizeof *line);
    if (line == NULL)
        return NULL;
    int words = 0;
    line[words++] = mpirun;
    words = add_options(command, line, words);
    line[words++] = program;
    for (size_t i = 0; i < arguments; i++) {
        char *argument = command->arguments[i];
        line[words++] = is_colons(argument) ? with_one_colon_more(argument) : argument;
        if (line[words - 1] == NULL)
            return NULL; /* the process ends soon: nothing to free */
    }
    return line;
}

int rpi_command_execute(const struct command *command)
{
    static char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return errno;
    program[length] = '\0';
    char *mpirun = strdup(command->mpirun);
    char **line = mpirun != NULL ? command_line(command, mpirun, program) : NULL;
    if (line == NULL)
        return ENOMEM;
    setenv(RPI_LAUNCHED_VARIABLE, command->channel, 1);
    make_all_settings(command);
    execvp(mpirun, line);
    return errno;
}
