#include "launch/mpirun.h"

#include "base/environment.h"
#include "config.h"
#include "launch/environment.h"
#include "launch/program.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- settings -------------------------------------------------------------------------------- */

/* A setting of MPI or mpirun, made in the environment. A setting that the user has made there or in
 * a parameter file takes precedence; so does one of the parameter `unless`, if that is not NULL. */
struct setting {
    const char *name, *value, *unless;
};

/* Open MPI has one name for each up to version 4, and another from version 5 on. Ranks are not
 * bound: the scheduler spreads them, also beside other jobs and over few cores. A rank that waits
 * inside MPI yields its core. When a rank is lost or the job is ended, the others are killed at
 * once. */
static const struct setting common_settings[] = {
    {"OMPI_MCA_hwloc_base_binding_policy", "none", NULL},
    {"PRTE_MCA_hwloc_default_binding_policy", "none", NULL},
    {"OMPI_MCA_mpi_yield_when_idle", "1", NULL},
    {"OMPI_MCA_odls_base_sigkill_timeout", "0", NULL},
    {"PRTE_MCA_odls_base_sigkill_timeout", "0", NULL},
    {NULL, NULL, NULL},
};

/* We or the user choose the number of ranks: more ranks than slots are allowed. */
static const struct setting oversubscribe_settings[] = {
    {"OMPI_MCA_rmaps_base_oversubscribe", "1", NULL},
    {"PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe", NULL},
    {NULL, NULL, NULL},
};

/* The user has chosen to run as root; mpirun would refuse. */
static const struct setting root_settings[] = {
    {"OMPI_ALLOW_RUN_AS_ROOT", "1", NULL},
    {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", NULL},
    {"PRTE_ALLOW_RUN_AS_ROOT", "1", NULL},
    {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1", NULL},
    {NULL, NULL, NULL},
};

/* On one machine, mpirun of Open MPI 4 then starts no other daemon: it needs neither ssh nor a PATH
 * in which to look for it. */
static const struct setting one_machine_settings[] = {
    {"OMPI_MCA_plm", "isolated", NULL},
    {NULL, NULL, NULL},
};

/* For ranks that all run on one machine. Open MPI 5.0 asks the kernel for the route between two of
 * the machine's addresses. With IPv6 that route does not use the interface that has the address, so
 * it reports for each pair of ranks that no network joins them, which none needs to. This setting
 * avoids the question. */
static const struct setting local_rank_settings[] = {
    {"OMPI_MCA_reachable", "weighted", NULL},
    {NULL, NULL, NULL},
};

/* Directories for the files that mpirun and MPI share, on a single machine, where we clean up. */
static const char *const session_directories[] = {
    "OMPI_MCA_orte_tmpdir_base",
    "PRTE_MCA_prte_tmpdir_base",
    "OMPI_MCA_btl_vader_backing_directory",
    "OMPI_MCA_btl_sm_backing_directory",
    "OMPI_MCA_osc_sm_backing_directory",
};

/* On one machine, ranks communicate through shared memory. Without this setting Open MPI looks for
 * networks first, which takes 0.2 s. TCP serves processes that are started later (MPI_Comm_spawn),
 * and needs only the loopback interface. UCX, which version 5 loads in any case, hooks into memory
 * management: 0.04 s without benefit. PMIx sends each rank its data through a socket: shared files
 * take longer, and a rank that dies takes their locks with it. */
static const struct setting shared_memory_settings[] = {
    {"UCX_MEM_MMAP_HOOK_MODE", "none", "OMPI_MCA_pml"},
    {"OMPI_MCA_pml", "ob1", "OMPI_MCA_mtl"},
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
    {"OMPI_MCA_btl", "self,vader,tcp", NULL},
#else
    {"OMPI_MCA_btl", "self,sm,tcp", NULL},
#endif
    {"OMPI_MCA_btl_tcp_if_include", "lo", "OMPI_MCA_btl_tcp_if_exclude"},
    {"PMIX_MCA_gds", "hash", NULL},
    {NULL, NULL, NULL},
};

/* mpirun has hwloc examine the machine twice, and so does each rank that is not bound. MPI needs
 * only cores and memory: neither PCI devices, whose registers are slow to read, nor graphics cards,
 * for which plugins query X servers. */
static const struct setting hwloc_settings[] = {
    {"HWLOC_COMPONENTS", "-linuxio", NULL},
    {"HWLOC_PLUGINS_PATH", "/nonexistent", NULL},
    {NULL, NULL, NULL},
};

/* Has the user or an administrator set it? */
static bool setting_is_made(const char *name, const char *value)
{
    return getenv(name) != NULL || rpi_parameter_is_set(name, value);
}

/* Lists the name as ours. */
static void setting_note(const char *name)
{
    const char *before = getenv(RPI_SETTINGS_VARIABLE);
    char *names;
    if (asprintf(&names, "%s%s ", before != NULL ? before : "", name) < 0)
        return;
    setenv(RPI_SETTINGS_VARIABLE, names, 1);
    free(names);
}

static void setting_make(const char *name, const char *value)
{
    if (getenv(name) != NULL)
        return;
    setenv(name, value, 0);
    setting_note(name);
}

static void settings_make(const struct setting *setting)
{
    for (; setting->name != NULL; setting++)
        if (!setting_is_made(setting->name, setting->value) &&
            (setting->unless == NULL || !setting_is_made(setting->unless, setting->value)))
            setting_make(setting->name, setting->value);
}

/* mpirun of Open MPI sets these variables for its ranks. */
static bool mpirun_ranks_are_here(void)
{
    const char *all = rpi_environment_text("OMPI_COMM_WORLD_SIZE");
    const char *here = rpi_environment_text("OMPI_COMM_WORLD_LOCAL_SIZE");
    return all != NULL && here != NULL && strcmp(all, here) == 0;
}

void rpi_prepare_mpi(void)
{
    int initialised = 0;
    MPI_Initialized(&initialised);
    if (!initialised && mpirun_ranks_are_here())
        settings_make(local_rank_settings);
}

void rpi_restore_topology(void)
{
    if (rpi_environment_text(RPI_LAUNCHED_VARIABLE) == NULL)
        return;
    for (const struct setting *setting = hwloc_settings; setting->name != NULL; setting++) {
        const char *value = getenv(setting->name);
        if (value != NULL && strcmp(value, setting->value) == 0)
            unsetenv(setting->name);
    }
}

/* mpirun of Open MPI 5 does not start without HOME. */
static void settings_make_home(void)
{
    const struct passwd *user = getenv("HOME") == NULL ? getpwuid(geteuid()) : NULL;
    setting_make("HOME", user != NULL && user->pw_dir != NULL ? user->pw_dir : "/");
}

static void settings_make_all(const struct command *command)
{
    settings_make_home();
    settings_make(common_settings);
    if (!command->in_allocation || command->ranks > 0)
        settings_make(oversubscribe_settings);
    if (!command->in_allocation) {
        settings_make(one_machine_settings);
        settings_make(local_rank_settings);
        settings_make(shared_memory_settings);
        settings_make(hwloc_settings);
    }
    if (geteuid() == 0)
        settings_make(root_settings);
    if (command->session_dir[0] != '\0')
        for (size_t i = 0; i < sizeof session_directories / sizeof session_directories[0]; i++)
            setting_make(session_directories[i], command->session_dir);
}

/* ---- the command line ------------------------------------------------------------------------ */

/* Options of mpirun, each list ended by an empty string. The usual ones keep mpirun from commenting
 * on exit codes (version 5 has no such option); the survival options let ranks live when one has
 * died. Without any, mpirun ends the ranks. */
#if defined(HAVE_ULFM)
static char usual_options[][20] = {""}, survival_options[][20] = {"--with-ft", "ulfm", ""};
#elif defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
static char usual_options[][20] = {"-q", ""}, survival_options[][20] = {"--enable-recovery", ""};
#else
static char usual_options[][20] = {""}, survival_options[][20] = {""};
#endif

/* With other nodes, Open MPI 4's mpirun hangs at the end, and version 5's ends the job when a node
 * is lost. */
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

/* Open MPI reports a signal as a shell does; MPICH gives the bare number. */
int rpi_signal_of_code(int mpirun_code)
{
#ifdef MPICH_VERSION
    int signal_number = mpirun_code;
#else
    int signal_number = mpirun_code - 128;
#endif
    return signal_number > 0 && signal_number < NSIG ? signal_number : 0;
}

static bool argument_is_colons(const char *argument)
{
    return argument[0] != '\0' && argument[strspn(argument, ":")] == '\0';
}

static char *argument_add_colon(const char *colons)
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
        if (argument_is_colons(argv[i]) && argv[i][1] != '\0')
            argv[i][strlen(argv[i]) - 1] = '\0';
}

/* Upper bound of mpirun's own options, plus NULL. */
enum {
    MOST_OPTIONS = 10
};

static int options_add_all(char (*options)[20], char **line, int words)
{
    while (**options != '\0')
        line[words++] = *options++;
    return words;
}

/* Appends mpirun's options to the line. Returns its new number of words. */
static int command_add_options(const struct command *command, char **line, int words)
{
    static char ranks[16];
    words = options_add_all(usual_options, line, words);
    if (command->survives)
        words = options_add_all(survival_options, line, words);
#ifdef OPEN_MPI
    static char export_option[] = "-x",
                exported[][20] = {RPI_LAUNCHED_VARIABLE, RPI_SETTINGS_VARIABLE};
    for (int i = 0; command->in_allocation && i < 2; i++) {
        line[words++] = export_option;
        line[words++] = exported[i];
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

/* The whole command line, or NULL if out of memory. `program`: the words that run the program. */
static char **command_make_line(const struct command *command, char *mpirun, char **program)
{
    size_t arguments = 0, before = 0;
    while (command->arguments[arguments] != NULL)
        arguments++;
    while (program[before] != NULL)
        before++;
    char **line = calloc(arguments + before + MOST_OPTIONS, sizeof *line);
    if (line == NULL)
        return NULL;
    int words = 0;
    line[words++] = mpirun;
    words = command_add_options(command, line, words);
    for (size_t i = 0; i < before; i++)
        line[words++] = program[i];
    for (size_t i = 0; i < arguments; i++) {
        char *argument = command->arguments[i];
        line[words++] = argument_is_colons(argument) ? argument_add_colon(argument) : argument;
        if (line[words - 1] == NULL)
            return NULL; /* the process ends soon: nothing to free */
    }
    return line;
}

/* Open MPI 4 also passes all arguments on in one environment variable, and the kernel limits the
 * length of one. */
static bool command_is_too_long(const struct command *command)
{
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
    const size_t most = 32 * 4096 - 64;
    size_t bytes = 0;
    for (char **argument = command->arguments; *argument != NULL; argument++)
        bytes += strlen(*argument) + 1;
    return bytes > most;
#else
    (void)command;
    return false;
#endif
}

/* Executes mpirun in this process, so that it starts the program that this process runs. Returns
 * only on failure, with an errno. */
static int command_execute(const struct command *command)
{
    char *mpirun = strdup(command->mpirun), **program = rpi_program_words();
    if (program == NULL)
        return ENOSYS;
    char **line = mpirun != NULL ? command_make_line(command, mpirun, program) : NULL;
    if (line == NULL)
        return ENOMEM;
    if (command_is_too_long(command))
        return E2BIG;
    setenv(RPI_LAUNCHED_VARIABLE, command->channel, 1);
    setenv(RPI_SETTINGS_VARIABLE, "", 0); /* mpirun exports none that is not set */
    settings_make_all(command);
    execvp(mpirun, line);
    return errno;
}

/* ---- the child process ----------------------------------------------------------------------- */

/* Pipes from the child. */
enum {
    PIPE_OUTPUT,
    PIPE_ERRORS,
    PIPE_FAILURE, /* carries an errno if exec fails; closes if it succeeds */
    PIPES
};

/* The two ends of a pipe. */
enum {
    READ_END,
    WRITE_END
};

static void pipes_close(int pipes[][2], int count, int end)
{
    for (int i = 0; i < count; i++)
        close(pipes[i][end]);
}

static int pipes_open(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) == 0)
            continue;
        int error = errno;
        pipes_close(pipes, i, READ_END);
        pipes_close(pipes, i, WRITE_END);
        return error;
    }
    return 0;
}

/* On this machine rank 0 reads our stdin itself, and mpirun must not consume it. A rank on another
 * node can read it only through mpirun. */
static int mpirun_redirect(const struct command *command, int pipes[PIPES][2])
{
    if (!command->in_allocation) {
        int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
            return errno;
    }
    bool redirected = dup2(pipes[PIPE_OUTPUT][WRITE_END], STDOUT_FILENO) >= 0 &&
                      dup2(pipes[PIPE_ERRORS][WRITE_END], STDERR_FILENO) >= 0;
    return redirected ? 0 : errno;
}

/* Runs in the child. Its own process group keeps the terminal's signals away from mpirun: the
 * supervisor decides about them. */
static void mpirun_become(const struct command *command, const struct signals *signals,
                          int pipes[PIPES][2], pid_t supervisor)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0UL, 0UL, 0UL);
    if (getppid() != supervisor)
        _exit(EXIT_FAILURE); /* the supervisor died before prctl() */
    rpi_signals_release(signals);
    int error = mpirun_redirect(command, pipes);
    if (error == 0)
        error = command_execute(command);
    ssize_t written = write(pipes[PIPE_FAILURE][WRITE_END], &error, sizeof error);
    _exit(written > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* The errno that the child sent, or 0 once it has become mpirun. */
static int mpirun_await_start(int failure)
{
    int error;
    ssize_t size;
    do
        size = read(failure, &error, sizeof error);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof error ? error : 0;
}

int rpi_start(const struct command *command, const struct signals *signals, struct started *started)
{
    int pipes[PIPES][2], error = pipes_open(pipes);
    if (error != 0)
        return error;
    pid_t supervisor = getpid();
    *started = (struct started){.process = fork(),
                                .output = pipes[PIPE_OUTPUT][READ_END],
                                .errors = pipes[PIPE_ERRORS][READ_END]};
    error = started->process < 0 ? errno : 0;
    if (started->process == 0)
        mpirun_become(command, signals, pipes, supervisor);
    pipes_close(pipes, PIPES, WRITE_END);
    if (error == 0) {
        error = mpirun_await_start(pipes[PIPE_FAILURE][READ_END]);
        if (error != 0)
            waitpid(started->process, NULL, 0);
    }
    close(pipes[PIPE_FAILURE][READ_END]);
    if (error != 0)
        pipes_close(pipes, PIPE_FAILURE, READ_END);
    return error;
}
