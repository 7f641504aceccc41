#include "base/temporary_files.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Signals that end a process by default and can be handled. */
static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT,   SIGTERM, SIGPIPE, SIGALRM,
                              SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ,
                              SIGABRT, SIGSEGV, SIGBUS,    SIGFPE,  SIGILL};

enum {
    SIGNALS = sizeof numbers / sizeof numbers[0]
};

static struct sigaction before[SIGNALS];                 /* the earlier actions */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* not taken by handlers */
static struct temporary_files own;
static struct temporary_files *table = &own;
static _Atomic pid_t owner; /* the process that added files; its children remove nothing */

void rpi_temporary_files_share(struct temporary_files *shared)
{
    table = shared;
}

bool rpi_temporary_files_any(const struct temporary_files *files)
{
    for (int i = 0; i < TEMPORARY_FILES; i++)
        if (atomic_load(&files->file[i].used) != 0)
            return true;
    return false;
}

/* The table may belong to another process, so its strings may be unterminated. */
void rpi_temporary_files_remove_of(struct temporary_files *files)
{
    int saved = errno;
    for (int i = 0; i < TEMPORARY_FILES; i++) {
        if (atomic_exchange(&files->file[i].used, 0) == 0)
            continue;
        files->file[i].name[TEMPORARY_NAME_BYTES - 1] = '\0';
        unlink(files->file[i].name);
    }
    errno = saved;
}

/* Looks at the table first: an MPI simulator has no getpid() at exit. */
__attribute__((destructor)) void rpi_temporary_files_remove(void)
{
    if (rpi_temporary_files_any(table) && getpid() == atomic_load(&owner))
        rpi_temporary_files_remove_of(table);
}

/* ---- signals --------------------------------------------------------------------------------- */

/* A fault recurs when its instruction is executed again; any other signal is raised again, and,
 * being blocked here, takes effect when the handler returns. */
static void temporary_files_on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    bool fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
    int i = 0;
    while (numbers[i] != number)
        i++;
    rpi_temporary_files_remove();
    sigaction(number, &before[i], NULL);
    if (!fault || info->si_code <= 0)
        raise(number);
}

bool rpi_is_temporary_files_handler(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 &&
           action->sa_sigaction == temporary_files_on_signal;
}

bool rpi_is_mpi_handler(const struct sigaction *action)
{
    Dl_info about;
    void *handler;
    bool info = (action->sa_flags & SA_SIGINFO) != 0;
    memcpy(&handler, info ? (const void *)&action->sa_sigaction : (const void *)&action->sa_handler,
           sizeof handler);
    return dladdr(handler, &about) != 0 && about.dli_fname != NULL &&
           strstr(about.dli_fname, "libopen-pal") != NULL;
}

/* Does the action end the process? A handler of the program may not. */
static bool temporary_files_action_ends(const struct sigaction *action)
{
    bool by_default = (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
    return by_default || rpi_is_mpi_handler(action);
}

static void temporary_files_install(void)
{
    struct sigaction now, ours = {.sa_sigaction = temporary_files_on_signal,
                                  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    for (int i = 0; i < SIGNALS; i++) {
        if (sigaction(numbers[i], NULL, &now) != 0 || !temporary_files_action_ends(&now))
            continue;
        before[i] = now;
        sigaction(numbers[i], &ours, NULL);
    }
}

/* A handler that has replaced ours stays. */
static void temporary_files_restore(void)
{
    struct sigaction now;
    for (int i = 0; i < SIGNALS; i++)
        if (sigaction(numbers[i], NULL, &now) == 0 && rpi_is_temporary_files_handler(&now))
            sigaction(numbers[i], &before[i], NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

void rpi_temporary_files_add(const char *name)
{
    pthread_mutex_lock(&lock);
    atomic_store(&owner, getpid());
    if (!rpi_temporary_files_any(table))
        temporary_files_install();
    int place = 0;
    while (place < TEMPORARY_FILES && atomic_load(&table->file[place].used) != 0)
        place++;
    if (place < TEMPORARY_FILES && strlen(name) < TEMPORARY_NAME_BYTES) {
        strcpy(table->file[place].name, name);
        atomic_store(&table->file[place].used, 1);
    }
    pthread_mutex_unlock(&lock);
}

void rpi_temporary_files_forget(const char *name)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < TEMPORARY_FILES; i++)
        if (atomic_load(&table->file[i].used) != 0 && strcmp(table->file[i].name, name) == 0)
            atomic_store(&table->file[i].used, 0);
    if (!rpi_temporary_files_any(table))
        temporary_files_restore();
    pthread_mutex_unlock(&lock);
}
