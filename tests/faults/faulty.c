/* A program that fails in the way its first argument names:
 *
 *     faulty WAY          item 17 of a map fails, or something else does
 *     faulty WAY plain    the same without the library's handlers */
#include "rankpool.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static rp_pool *pool;

/* ---- ways to crash --------------------------------------------------------------------------- */

static volatile int zero;

static void store_nowhere(void)
{
    *(volatile int *)(intptr_t)zero = 1;
}

/* A mapped page of an empty file. */
static void read_beyond_file(void)
{
    FILE *file = tmpfile();
    if (file == NULL)
        abort();
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
    zero = page[0];
}

/* Not every processor traps on division by zero. */
static void divide_by_zero(void)
{
#if defined(__x86_64__) || defined(__i386__)
    zero = 100 / zero;
#else
    raise(SIGFPE);
#endif
}

static void do_the_impossible(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("ud2");
#else
    raise(SIGILL);
#endif
}

static void exit_with_three(void)
{
    exit(3);
}

static void send_oneself(void)
{
    kill(getpid(), SIGSEGV);
}

/* The inaccessible page behind node memory, or in front of it. */
static char *shared;
static const size_t shared_bytes = 100000;

static void write_beyond(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ((volatile char *)shared)[(shared_bytes + page - 1) / page * page] = 1;
}

static void write_before(void)
{
    ((volatile char *)shared)[zero - 1] = 1;
}

/* Until the stack overflows. */
static int descend(volatile const int *above)
{
    volatile int here[1000];
    here[0] = above[0] + 1;
    return here[0] > 0 ? descend(here) + here[0] : 0;
}

static void overflow_stack(void)
{
    int top = 1;
    zero = descend(&top);
}

static void sleep_for_ever(void)
{
    while (true)
        pause();
}

static void sleep_a_while(void)
{
    usleep(1300000);
}

static const struct {
    const char *name;
    void (*go_wrong)(void);
} ways[] = {
    {"segv", store_nowhere},    {"bus", read_beyond_file}, {"fpe", divide_by_zero},
    {"ill", do_the_impossible}, {"abort", abort},          {"exit", exit_with_three},
    {"kill", send_oneself},     {"stack", overflow_stack}, {"forever", sleep_for_ever},
    {"while", sleep_a_while},   {"beyond", write_beyond},  {"before", write_before},
};

static void go_wrong(const char *way)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].name, way) == 0)
            ways[i].go_wrong();
    }
}

/* ---- jobs ------------------------------------------------------------------------------------ */

enum {
    ITEMS = 40,
    BAD = 17,
    MANY = 3000000
};

static int do_item(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    usleep(1000);
    if (rp_task_item(task) == BAD)
        go_wrong(rp_task_user(task));
    return 0;
}

static rp_status map(char *way, double item_seconds)
{
    rp_map_job job = {
        .n = ITEMS,
        .item = do_item,
        .options = {.user = way, .schedule = RP_SCHEDULE_DYNAMIC, .item_seconds = item_seconds}};
    return rp_map(pool, &job);
}

static rp_status loop(const char *way)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
    rp_status status = rp_loop_open(pool, ITEMS, &options, &loop);
    while (status == RP_OK && rp_loop_next(loop, &range)) {
        if (range.begin == BAD)
            go_wrong(way);
    }
    return status == RP_OK ? rp_loop_close(&loop, RP_OK) : status;
}

/* Enough items for some seconds, each taking almost no time. */
static bool tiny(const char *way)
{
    return strcmp(way, "tiny") == 0;
}

static int produce(void *user, rp_buffer *item)
{
    static int produced;
    int items = tiny(user) ? MANY : ITEMS;
    return produced++ == items ? 0 : rp_buffer_append(item, "x", 1) == 0 ? 1 : -1;
}

static int do_streamed(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)bytes;
    (void)result;
    return tiny(rp_task_user(task)) ? 0 : do_item(task, in, NULL);
}

static rp_status stream(char *way)
{
    rp_stream_job job = {.produce = produce,
                         .work = do_streamed,
                         .options = {.user = way, .schedule = RP_SCHEDULE_DYNAMIC, .chunk = 1}};
    return rp_stream(pool, &job);
}

static int submit_items(rp_control *control, void *user)
{
    rp_call_options options = {.seconds = 0.3};
    (void)user;
    for (int i = 0; i < ITEMS; i++)
        if (rp_submit(control, 0, NULL, 0, &options, NULL) != RP_OK)
            return 1;
    return rp_wait_all(control, INFINITY) == RP_OK ? 0 : 1;
}

static rp_status calls(char *way)
{
    static const rp_call_fn functions[] = {do_streamed};
    return rp_control_run(pool, &(rp_control_job){.controller = submit_items,
                                                  .calls = functions,
                                                  .call_count = 1,
                                                  .options.user = way});
}

/* The last rank is late for an agreement. */
static rp_status come_late(void)
{
    if (rp_rank(pool) == rp_ranks(pool) - 1)
        sleep_a_while();
    return rp_barrier(pool);
}

static rp_status run(char *way)
{
    if (strcmp(way, "late") == 0)
        return come_late();
    if (strncmp(way, "loop-", 5) == 0)
        return loop(way + 5);
    if (strncmp(way, "stream-", 7) == 0)
        return stream(way + 7);
    if (strncmp(way, "calls-", 6) == 0)
        return calls(way + 6);
    if (strcmp(way, "outside") == 0 && rp_rank(pool) == 0)
        store_nowhere();
    return map(way, strcmp(way, "forever") == 0 ? 0.3 : 0);
}

/* Has rp_close() restored the program's handler? */
static bool restored(const struct sigaction *before)
{
    struct sigaction now;
    sigaction(SIGSEGV, NULL, &now);
    return now.sa_handler == before->sa_handler;
}

int main(int argc, char **argv)
{
    struct sigaction before;
    rp_launch(&argc, &argv);
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    sigaction(SIGSEGV, NULL, &before);
    bool plain = argc > 2 && strcmp(argv[2], "plain") == 0;
    rp_config config = {.handle_signals = !plain};
    if (argc < 2 || rp_open(&config, &pool) != RP_OK)
        return 2;
    void *memory;
    if (rp_node_alloc(pool, shared_bytes, &memory) != RP_OK)
        return 2;
    shared = memory;
    rp_status status = run(argv[1]);
    rp_close(&pool);
    if (!restored(&before))
        status = RP_ERR_STATE;
    MPI_Finalize();
    return rp_exit_code(status);
}
