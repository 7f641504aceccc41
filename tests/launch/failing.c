/* A program that fails at a given place: `failing WHERE HOW WHO [MARK]`.
 *
 * WHERE  before: rp_launch(); launched: after it; init: in MPI_Init; open: with an open pool;
 *        finalize: in the MPI_Finalize of rp_close(); closed: after it; forgets: prints many lines
 *        and returns without rp_close(); reads: prints the number in the file WHO
 * HOW    an exit code, or KILL, SEGV, HEAP; _3 ends with that code without exit(); LATE, with WHERE
 *        loaded: connects to the supervisor, registers five seconds later, and works
 * WHO    a rank, or all */
#include "launch/control_socket.h"
#include "launch/environment.h"

#include <rankpool.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *where, *how, *who;
static int rank;

/* malloc() detects a corrupt heap and aborts with its lock held. */
static void crash_in_malloc(void)
{
    enum {
        LARGE = 100000,
        DAMAGE = 64
    };
    for (volatile size_t size = LARGE; size > 0;) {
        char *volatile memory = malloc(size);
        memset(memory, 0xff, size + DAMAGE);
    }
}

static void fail_at(const char *place)
{
    if (strcmp(where, place) != 0 || (strcmp(who, "all") != 0 && rank != atoi(who)))
        return;
    if (strcmp(how, "KILL") == 0 || strcmp(how, "SEGV") == 0) {
        int signal_number = how[0] == 'K' ? SIGKILL : SIGSEGV;
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    if (strcmp(how, "HEAP") == 0)
        crash_in_malloc();
    if (how[0] == '_')
        _exit(atoi(how + 1));
    exit(atoi(how));
}

extern char **environ;

/* Runs before the library's constructor, which registers the rank, and before the C library's. The
 * time is longer than mpirun has to be idle, once a rank has started, for a launch to fail. */
static void connect_late(int argc, char **argv, char **environment)
{
    environ = environment;
    const char *number = getenv("OMPI_COMM_WORLD_RANK");
    if (argc < 4 || number == NULL || strcmp(argv[2], "LATE") != 0 || strcmp(argv[3], number) != 0)
        return;
    int channel = rpi_control_connect(getenv(RPI_LAUNCHED_VARIABLE));
    sleep(5);
    close(channel);
}
typedef void (*initializer)(int argc, char **argv, char **environment);
__attribute__((section(".preinit_array"), used)) static const initializer first = connect_late;

/* Wraps MPI's function as a profiler does, between the library and MPI. */
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    fail_at("init");
    return PMPI_Init_thread(argc, argv, required, provided);
}

int MPI_Finalize(void)
{
    fail_at("finalize");
    if (strcmp(where, "finalize") == 0)
        usleep(300000); /* the failing rank must be dead before this one gets there */
    return PMPI_Finalize();
}

static int read_number(rp_pool *pool)
{
    int number = 0;
    FILE *file = rank == 0 ? fopen(who, "r") : NULL;
    if (file != NULL && fscanf(file, "%d", &number) == 1)
        printf("%d\n", number);
    else if (rank == 0)
        perror(who);
    rp_close(&pool);
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_config config = {.survive_deaths = true};
    const char *number = getenv("OMPI_COMM_WORLD_RANK");
    if (argc < 4)
        return 2;
    where = argv[1], how = argv[2], who = argv[3];
    rank = number != NULL ? atoi(number) : -1;
    if (rank >= 0)
        fail_at("before");
    rp_launch(&argc, &argv);
    rank = rp_launched_rank();
    fail_at("launched");
    if (rp_open(&config, &pool) != RP_OK)
        return 1;
    fail_at("open");
    for (int i = 0; strcmp(where, "forgets") == 0 && rank == 0 && i < 20000; i++)
        printf("line %d\n", i);
    if (strcmp(where, "forgets") == 0)
        return atoi(how);
    if (strcmp(where, "reads") == 0)
        return read_number(pool);
    rp_close(&pool);
    fail_at("closed");
    if (rank == 0)
        puts("worked");
    return 0;
}
