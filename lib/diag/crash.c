#include "diag/crash.h"

#include "base/error.h"
#include "base/temporary_files.h"
#include "config.h"
#include "diag/crash_text.h"
#include "engine/task.h"
#include "pool/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#include <link.h>
#endif

enum {
    SIGNALS = 5,
    STACK_BYTES = 1 << 16,
    MOST_FRAMES = 64
};

static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static const char *const names[SIGNALS] = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"};
static struct sigaction before[SIGNALS];     /* us */
static bool ours[SIGNALS], printed[SIGNALS]; /* printed: the one before prints a stack as well */
static char host[sizeof((rp_error *)NULL)->host];
static pid_t owner; /* not what it forks */
static char *stack; /* for a handler whose own has overflowed; NULL: somebody else has one */

/* The program's own code, for which addr2line knows names and lines. */
static struct program {
    char path[256];
    uintptr_t base, begin, end; /* where it is loaded, and where its code is */
} program;

/* The guarded pools, the last first. Changed by one thread while another may crash. */
static rp_pool *_Atomic guarded;

/* ---- what is told ---------------------------------------------------------------------------- */

/* The pool that has a job at hand, or else the last one. */
static const rp_pool *pool_at_work(void)
{
    const rp_pool *pool = guarded;
    for (const rp_pool *other = pool; other != NULL; other = other->guarded_before) {
        if (other->loop.open)
            return other;
    }
    return pool;
}

static void tell_range(struct crash_text *text, rp_range items)
{
    bool one = items.end - items.begin == 1;
    rpi_crash_say(text, one ? "item " : "items ");
    rpi_crash_say_number(text, items.begin);
    if (one)
        return;
    rpi_crash_say(text, " to ");
    rpi_crash_say_number(text, items.end - 1);
}

/* The item that the program's function was called for, if the library calls it; the
 * chunk at hand. */
static void tell_items(struct crash_text *text, const rp_pool *pool)
{
    struct unit_range chunk = unit_range_unpack(pool->loop.claimer.chunk);
    rp_range items = {0, 0};
    if (!unit_range_empty(chunk))
        items = units_to_items(&pool->loop.units, chunk);
    if (pool->task != NULL)
        tell_range(text, (rp_range){pool->task->item, pool->task->item + 1});
    else if (items.begin < items.end)
        tell_range(text, items);
    else
        rpi_crash_say(text, "none of its items");
    if (pool->task != NULL && items.end - items.begin > 1) {
        rpi_crash_say(text, ", or behind it in ");
        tell_range(text, items);
    }
}

static void tell_work(struct crash_text *text, const rp_pool *pool)
{
    if (!pool->loop.open) {
        rpi_crash_say(text, ", outside of any job");
        return;
    }
    bool mine = pthread_equal(pthread_self(), pool->worker) != 0;
    rpi_crash_say(text, mine ? ", in " : ", in another thread, while the pool's was at ");
    tell_items(text, pool);
}

/* The memory of rp_node_alloc() that has a guard page there; or NULL. */
static const struct allocation *guarded_allocation(const rp_pool *pool, const void *address,
                                                   int *side)
{
    for (const struct allocation *place = pool->allocations; place != NULL; place = place->next) {
        if ((*side = rpi_node_memory_guard(&place->memory, address)) != 0)
            return place;
    }
    return NULL;
}

/* Is that a guard page of the library's own memory? */
static bool guards_library(const rp_pool *pool, const void *address)
{
    const struct node_memory *memory;
    for (int i = 0; (memory = rpi_pool_memory(pool, i)) != NULL; i++) {
        if (rpi_node_memory_guard(memory, address) != 0)
            return true;
    }
    return false;
}

/* An array that is too short, or an index that is too large, ends in a page without access. */
static void tell_guard(struct crash_text *text, const void *address)
{
    int side = 0;
    for (const rp_pool *pool = guarded; pool != NULL; pool = pool->guarded_before) {
        const struct allocation *allocation = guarded_allocation(pool, address, &side);
        if (allocation != NULL && side > 0) {
            rpi_crash_say(text, ", beyond the end of the ");
            rpi_crash_say_number(text, (int64_t)allocation->memory.bytes);
            rpi_crash_say(text, " bytes of an rp_node_alloc()");
        } else if (allocation != NULL) {
            rpi_crash_say(text,
                          ", just before memory of rp_node_alloc(): beyond the end of an array?");
        } else if (guards_library(pool, address)) {
            rpi_crash_say(text, ", next to the library's memory: beyond the end of an array?");
        }
    }
}

static void tell_who(struct crash_text *text, const rp_pool *pool)
{
    rpi_crash_say(text, "rankpool: rank ");
    rpi_crash_say_number(text, pool->world.rank);
    rpi_crash_say(text, " (");
    rpi_crash_say(text, host);
    rpi_crash_say(text, ", process ");
    rpi_crash_say_number(text, getpid());
    rpi_crash_say(text, "): ");
}

#ifdef HAVE_EXECINFO_H
/* The command that names functions and lines, static functions too, ready to type. A frame but the
 * first is where its call returns to, which may be the next line already. */
static void tell_command(void *const *frames, int count)
{
    struct crash_text text = {.length = 0};
    int told = 0;
    for (int i = 0; i < count; i++) {
        uintptr_t address = (uintptr_t)frames[i] - (i > 0);
        if (address < program.begin || address >= program.end)
            continue;
        if (told++ == 0) {
            rpi_crash_say(&text, "rankpool: for names and lines: addr2line -fpie ");
            rpi_crash_say(&text, program.path);
        }
        rpi_crash_say(&text, " ");
        rpi_crash_say_hex(&text, address - program.base);
    }
    rpi_crash_say(&text, "\n");
    if (told > 0)
        rpi_crash_write(&text);
}

/* The frames behind `caller`, which called us: what comes before are our own. */
static void tell_backtrace(void *caller)
{
    void *frames[MOST_FRAMES];
    int count = backtrace(frames, MOST_FRAMES), first = 0;
    while (first < count && frames[first] != caller)
        first++;
    first = first < count ? first + 1 : 0;
    backtrace_symbols_fd(frames + first, count - first, STDERR_FILENO);
    tell_command(frames + first, count - first);
}

/* The first object that is told is the program. */
static int find_program(struct dl_phdr_info *object, size_t bytes, void *unused)
{
    (void)bytes, (void)unused;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
            continue;
        program.base = object->dlpi_addr;
        program.begin = program.base + part->p_vaddr;
        program.end = program.begin + part->p_memsz;
    }
    return 1;
}

/* What a handler may not find out. */
static void prepare_backtrace(void)
{
    void *frame;
    backtrace(&frame, 1); /* the first call loads a library */
    ssize_t length = readlink("/proc/self/exe", program.path, sizeof program.path - 1);
    program.path[length > 0 ? length : 0] = '\0';
    dl_iterate_phdr(find_program, NULL);
}

/* MPI's handler would print the stack once more. */
static bool prints_stack(const struct sigaction *action)
{
    return rpi_signal_of_mpi(action);
}
#else
static void tell_backtrace(void *caller)
{
    (void)caller;
}

static void prepare_backtrace(void)
{
}

static bool prints_stack(const struct sigaction *action)
{
    (void)action;
    return false;
}
#endif

static void tell_signal(const char *name, const siginfo_t *info, void *caller)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = pool_at_work();
    if (pool == NULL || getpid() != owner)
        return;
    tell_who(&text, pool);
    rpi_crash_say(&text, "signal ");
    rpi_crash_say_number(&text, info->si_signo);
    rpi_crash_say(&text, " (");
    rpi_crash_say(&text, name);
    rpi_crash_say(&text, ")");
    tell_work(&text, pool);
    if (info->si_code == SEGV_ACCERR && info->si_signo == SIGSEGV)
        tell_guard(&text, info->si_addr);
    rpi_crash_say(&text, "; the way there:\n");
    rpi_crash_write(&text);
    tell_backtrace(caller);
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* Who handled the fault before handles it now, or the system: the instruction is executed again.
 * What somebody sent has to be sent again. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno, i = 0;
    while (numbers[i] != number)
        i++;
    const struct sigaction *next =
        printed[i] ? &(struct sigaction){.sa_handler = SIG_DFL} : &before[i];
    sigaction(number, next, NULL);
    if ((next->sa_flags & SA_SIGINFO) == 0 && next->sa_handler == SIG_DFL)
        rpi_temporary_files_remove();
    tell_signal(names[i], info, __builtin_return_address(0));
    if (info->si_code <= 0)
        raise(number);
    errno = saved;
}

/* Inside a job the program does not exit: the other ranks would wait for this one. */
static void on_exit_inside(void)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = pool_at_work();
    if (pool == NULL || getpid() != owner || !pool->loop.open ||
        !pthread_equal(pthread_self(), pool->worker))
        return;
    tell_who(&text, pool);
    rpi_crash_say(&text, "exit() was called");
    tell_work(&text, pool);
    rpi_crash_say(&text, "; the way there:\n");
    rpi_crash_write(&text);
    tell_backtrace(__builtin_return_address(0));
}

/* ---- installing ------------------------------------------------------------------------------ */

/* A stack for handlers of this thread, unless it has one. */
static void provide_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return;
    stack = malloc(STACK_BYTES);
    if (stack != NULL)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
}

static void withdraw_stack(void)
{
    stack_t now;
    if (stack == NULL || sigaltstack(NULL, &now) != 0 || now.ss_sp != stack)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    free(stack);
    stack = NULL;
}

static void install(void)
{
    static bool at_exit; /* there is no taking that back */
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    rp_error here;
    rpi_error_host(&here);
    memcpy(host, here.host, sizeof host);
    owner = getpid();
    prepare_backtrace();
    provide_stack();
    for (int i = 0; i < SIGNALS; i++) {
        ours[i] = sigaction(numbers[i], &action, &before[i]) == 0;
        printed[i] = ours[i] && prints_stack(&before[i]);
    }
    if (!at_exit)
        at_exit = atexit(on_exit_inside) == 0;
}

/* A handler that somebody put in the place of ours stays. */
static void withdraw(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        if (ours[i] && sigaction(numbers[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
            now.sa_sigaction == on_crash)
            sigaction(numbers[i], &before[i], NULL);
        ours[i] = false;
    }
    withdraw_stack();
}

void rpi_crash_guard(rp_pool *pool)
{
    if (guarded == NULL)
        install();
    pool->guarded_before = guarded;
    guarded = pool;
}

void rpi_crash_unguard(rp_pool *pool)
{
    rp_pool *first = guarded;
    if (first == pool) {
        guarded = pool->guarded_before;
    } else {
        while (first != NULL && first->guarded_before != pool)
            first = first->guarded_before;
        if (first == NULL)
            return;
        first->guarded_before = pool->guarded_before;
    }
    if (guarded == NULL)
        withdraw();
}
