#include "diag/crash.h"

#include "base/error.h"
#include "base/temporary_files.h"
#include "config.h"
#include "diag/diagnosis.h"
#include "engine/task.h"
#include "pool/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
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
static struct sigaction before[SIGNALS];     /* the earlier actions */
static bool ours[SIGNALS], printed[SIGNALS]; /* printed: the earlier handler prints a stack */
static char host[sizeof((rp_error *)NULL)->host];
static pid_t owner; /* the process that installed the handlers; its children report nothing */
static char *stack; /* alternate stack for the handlers; NULL: the thread had one already */

/* The executable's code, which addr2line resolves. */
static struct program {
    char path[256];
    uintptr_t base, begin, end; /* load address, and address range of the code */
} program;

/* Guarded pools, the latest first. One thread changes the list while another may crash. */
static rp_pool *_Atomic guarded;

/* ---- the report ------------------------------------------------------------------------------ */

/* The pool with a job in progress, or else the latest one. NULL: none, or a child of the process.
 * It looks for a pool first: an MPI simulator has no getpid() at exit. */
static const rp_pool *crash_pool(void)
{
    const rp_pool *pool = guarded;
    if (pool == NULL || getpid() != owner)
        return NULL;
    for (const rp_pool *other = pool; other != NULL; other = other->diag->guarded_before) {
        if (other->loop.open)
            return other;
    }
    return pool;
}

static void crash_add_range(struct crash_text *text, rp_range items)
{
    bool one = items.end - items.begin == 1;
    rpi_crash_text_add(text, one ? "item " : "items ");
    rpi_crash_text_add_number(text, items.begin);
    if (one)
        return;
    rpi_crash_text_add(text, " to ");
    rpi_crash_text_add_number(text, items.end - 1);
}

/* The item of the current call, if the library makes the calls, and the current chunk. */
static void crash_add_items(struct crash_text *text, const rp_pool *pool)
{
    struct unit_range chunk = unit_range_unpack(pool->loop.claimer.chunk);
    rp_range items = {0, 0};
    if (!unit_range_empty(chunk))
        items = units_to_items(&pool->loop.units, chunk);
    if (pool->loop.task != NULL)
        crash_add_range(text, (rp_range){pool->loop.task->item, pool->loop.task->item + 1});
    else if (items.begin < items.end)
        crash_add_range(text, items);
    else
        rpi_crash_text_add(text, "none of its items");
    if (pool->loop.task != NULL && items.end - items.begin > 1) {
        rpi_crash_text_add(text, ", or a later one of ");
        crash_add_range(text, items);
    }
}

static void crash_add_work(struct crash_text *text, const rp_pool *pool)
{
    if (!pool->loop.open) {
        rpi_crash_text_add(text, ", outside of any job");
        return;
    }
    bool mine = pthread_equal(pthread_self(), pool->loop.worker) != 0;
    rpi_crash_text_add(text, mine ? ", in " : ", in another thread, while the pool's was in ");
    crash_add_items(text, pool);
}

/* The allocation of rp_node_alloc() whose guard page contains `address`; or NULL. */
static const struct allocation *guarded_allocation(const rp_pool *pool, const void *address,
                                                   int *side)
{
    for (const struct allocation *place = pool->memory.allocations; place != NULL;
         place = place->next) {
        if ((*side = rpi_node_memory_guard(&place->memory, address)) != 0)
            return place;
    }
    return NULL;
}

/* Is `address` in a guard page of the library's own memory? */
static bool guards_library(const rp_pool *pool, const void *address)
{
    const struct node_memory *memory;
    for (int i = 0; (memory = rpi_pool_memory(pool, i)) != NULL; i++) {
        if (rpi_node_memory_guard(memory, address) != 0)
            return true;
    }
    return false;
}

/* Too short an array, or too large an index, leads to an inaccessible guard page. */
static void crash_add_guard_page(struct crash_text *text, const void *address)
{
    int side = 0;
    for (const rp_pool *pool = guarded; pool != NULL; pool = pool->diag->guarded_before) {
        const struct allocation *allocation = guarded_allocation(pool, address, &side);
        if (allocation != NULL && side > 0) {
            rpi_crash_text_add(text, ", beyond the end of the ");
            rpi_crash_text_add_number(text, (int64_t)allocation->memory.bytes);
            rpi_crash_text_add(text, " bytes of an rp_node_alloc()");
        } else if (allocation != NULL) {
            rpi_crash_text_add(
                text, ", just before memory of rp_node_alloc(): beyond the end of an array?");
        } else if (guards_library(pool, address)) {
            rpi_crash_text_add(text, ", next to the library's memory: beyond the end of an array?");
        }
    }
}

static void crash_add_rank(struct crash_text *text, const rp_pool *pool)
{
    rpi_crash_text_add(text, "rankpool: rank ");
    rpi_crash_text_add_number(text, pool->world.rank);
    rpi_crash_text_add(text, " (");
    rpi_crash_text_add(text, host);
    rpi_crash_text_add(text, ", process ");
    rpi_crash_text_add_number(text, getpid());
    rpi_crash_text_add(text, "): ");
}

#ifdef HAVE_EXECINFO_H
/* An addr2line command, ready to type, that names functions, static ones too, and lines. All frames
 * but the first are return addresses, which may belong to the next line already. */
static void crash_write_command(void *const *frames, int count)
{
    struct crash_text text = {.length = 0};
    int written = 0;
    for (int i = 0; i < count; i++) {
        uintptr_t address = (uintptr_t)frames[i] - (i > 0);
        if (address < program.begin || address >= program.end)
            continue;
        if (written++ == 0) {
            rpi_crash_text_add(&text, "rankpool: for names and lines: addr2line -fpie ");
            rpi_crash_text_add(&text, program.path);
        }
        rpi_crash_text_add(&text, " ");
        rpi_crash_text_add_hex(&text, address - program.base);
    }
    rpi_crash_text_add(&text, "\n");
    if (written > 0)
        rpi_crash_text_write(&text);
}

/* The frames after `caller`, which called the handler: those before it are the handler's. */
static void crash_write_backtrace(void *caller)
{
    void *frames[MOST_FRAMES];
    int count = backtrace(frames, MOST_FRAMES), first = 0;
    while (first < count && frames[first] != caller)
        first++;
    first = first < count ? first + 1 : 0;
    backtrace_symbols_fd(frames + first, count - first, STDERR_FILENO);
    crash_write_command(frames + first, count - first);
}

/* The first object is the executable. */
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

/* Looks up what a handler cannot, since the calls are not async-signal-safe. */
static void backtrace_prepare(void)
{
    void *frame;
    backtrace(&frame, 1); /* the first call loads a library */
    ssize_t length = readlink("/proc/self/exe", program.path, sizeof program.path - 1);
    program.path[length > 0 ? length : 0] = '\0';
    dl_iterate_phdr(find_program, NULL);
}

/* MPI's handler prints the stack, too. */
static bool handler_prints_stack(const struct sigaction *action)
{
    return rpi_is_mpi_handler(action);
}
#else
static void crash_write_backtrace(void *caller)
{
    (void)caller;
}

static void backtrace_prepare(void)
{
}

static bool handler_prints_stack(const struct sigaction *action)
{
    (void)action;
    return false;
}
#endif

static void crash_write_report(struct crash_text *text, void *caller)
{
    rpi_crash_text_add(text, "; backtrace:\n");
    rpi_crash_text_write(text);
    crash_write_backtrace(caller);
}

static void crash_write_signal(const char *name, const siginfo_t *info, void *caller)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = crash_pool();
    if (pool == NULL)
        return;
    crash_add_rank(&text, pool);
    rpi_crash_text_add(&text, "signal ");
    rpi_crash_text_add_number(&text, info->si_signo);
    rpi_crash_text_add(&text, " (");
    rpi_crash_text_add(&text, name);
    rpi_crash_text_add(&text, ")");
    crash_add_work(&text, pool);
    if (info->si_code == SEGV_ACCERR && info->si_signo == SIGSEGV)
        crash_add_guard_page(&text, info->si_addr);
    crash_write_report(&text, caller);
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* Restores the earlier action, or the default one if that action prints a stack, too. A fault
 * recurs when its instruction is executed again; a signal that a process sent must be raised
 * again. */
static void crash_handler(int number, siginfo_t *info, void *context)
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
    crash_write_signal(names[i], info, __builtin_return_address(0));
    if (info->si_code <= 0)
        raise(number);
    errno = saved;
}

/* Reports an exit() inside a job, where the other ranks would wait for this one. */
static void crash_exit_handler(void)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = crash_pool();
    if (pool == NULL || !pool->loop.open || !pthread_equal(pthread_self(), pool->loop.worker))
        return;
    crash_add_rank(&text, pool);
    rpi_crash_text_add(&text, "exit() was called");
    crash_add_work(&text, pool);
    crash_write_report(&text, __builtin_return_address(0));
}

/* ---- installing ------------------------------------------------------------------------------ */

/* Gives this thread an alternate stack, unless it has one. */
static void crash_stack_install(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return;
    stack = malloc(STACK_BYTES);
    if (stack != NULL)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
}

static void crash_stack_remove(void)
{
    stack_t now;
    if (stack == NULL || sigaltstack(NULL, &now) != 0 || now.ss_sp != stack)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    free(stack);
    stack = NULL;
}

static void crash_handlers_install(void)
{
    static bool at_exit; /* atexit() cannot be undone */
    struct sigaction action = {.sa_sigaction = crash_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    rpi_host_name(host, sizeof host);
    owner = getpid();
    backtrace_prepare();
    crash_stack_install();
    for (int i = 0; i < SIGNALS; i++) {
        ours[i] = sigaction(numbers[i], &action, &before[i]) == 0;
        printed[i] = ours[i] && handler_prints_stack(&before[i]);
    }
    if (!at_exit)
        at_exit = atexit(crash_exit_handler) == 0;
}

/* A handler that has replaced ours stays. */
static void crash_handlers_remove(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        if (ours[i] && sigaction(numbers[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
            now.sa_sigaction == crash_handler)
            sigaction(numbers[i], &before[i], NULL);
        ours[i] = false;
    }
    crash_stack_remove();
}

void rpi_crash_guard(rp_pool *pool)
{
    if (guarded == NULL)
        crash_handlers_install();
    pool->diag->guarded_before = guarded;
    guarded = pool;
}

void rpi_crash_unguard(rp_pool *pool)
{
    rp_pool *first = guarded;
    if (first == pool) {
        guarded = pool->diag->guarded_before;
    } else {
        while (first != NULL && first->diag->guarded_before != pool)
            first = first->diag->guarded_before;
        if (first == NULL)
            return;
        first->diag->guarded_before = pool->diag->guarded_before;
    }
    if (guarded == NULL)
        crash_handlers_remove();
}
