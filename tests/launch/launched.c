/* A program for tests of launching: does what its first argument names. */
#include "rankpool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int rank;

/* Prints the number of ranks in MPI_COMM_WORLD. */
static int tell_ranks(char **arguments)
{
    (void)arguments;
    int sum = 0;
    MPI_Reduce(&(int){1}, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d ranks\n", sum);
    return 0;
}

static int tell_arguments(char **arguments)
{
    for (; rank == 0 && *arguments != NULL; arguments++)
        printf("<%s>\n", *arguments);
    return 0;
}

static int echo_input(char **arguments)
{
    (void)arguments;
    for (int byte; rank == 0 && (byte = getchar()) != EOF;)
        putchar(byte);
    return 0;
}

/* exit CODE [RANK]: rank 0, or another, ends with the code. */
static int exit_with(char **arguments)
{
    int who = arguments[1] != NULL ? atoi(arguments[1]) : 0;
    if (rank == 0)
        puts("last words"); /* flushed after MPI_Finalize only */
    return rank == who ? atoi(arguments[0]) : 0;
}

/* Sleeps for ever, but not in a call of MPI. */
static int sleep_on(char **arguments)
{
    (void)arguments;
    if (rank == 0) {
        puts("asleep");
        fflush(stdout);
    }
    while (true)
        pause();
    return 0;
}

/* crash SIGNAL RANK: that rank prints a line and dies of the signal while the others sleep. */
static int crash(char **arguments)
{
    if (rank == atoi(arguments[1])) {
        fprintf(stderr, "last cry\n");
        signal(atoi(arguments[0]), SIG_DFL);
        raise(atoi(arguments[0]));
    }
    return sleep_on(arguments);
}

/* lines N: rank 0 prints N lines of 100 bytes. */
static int print_lines(char **arguments)
{
    long lines = rank == 0 ? atol(arguments[0]) : 0;
    for (long line = 0; line < lines; line++)
        printf("%099ld\n", line);
    return 0;
}

/* Rank 1 prints for ever. */
static int print_elsewhere(char **arguments)
{
    (void)arguments;
    while (rank == 1)
        puts("from rank 1");
    return sleep_on(arguments);
}

static int tell_terminals(char **arguments)
{
    (void)arguments;
    for (int file = 0; rank == 0 && file < 3; file++)
        puts(isatty(file) ? "terminal" : "no terminal");
    return 0;
}

/* Reads a line from the terminal, then sleeps. */
static int talk(char **arguments)
{
    char line[100];
    if (rank == 0) {
        printf("your name? ");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) != NULL)
            printf("hello, %s", line);
    }
    return sleep_on(arguments);
}

/* setting NAME: prints the variable in rank 0's environment, with an open pool. */
static int tell_setting(char **arguments)
{
    rp_pool *pool;
    if (rp_open_comm(MPI_COMM_WORLD, NULL, &pool) != RP_OK)
        return 1;
    const char *value = getenv(arguments[0]);
    if (rank == 0)
        printf("%s\n", value != NULL ? value : "unset");
    return rp_close(&pool) == RP_OK ? 0 : 1;
}

/* All ranks spawn two processes and send them a number, which comes back. */
static int spawn(char **arguments)
{
    (void)arguments;
    MPI_Comm children;
    static char deed[] = "spawned";
    char *child[] = {deed, NULL};
    int number = 0, codes[2];
    MPI_Comm_spawn(program_invocation_name, child, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &children,
                   codes);
    if (rank == 0) {
        MPI_Send(&(int){42}, 1, MPI_INT, 1, 0, children);
        MPI_Recv(&number, 1, MPI_INT, 1, 0, children, MPI_STATUS_IGNORE);
        printf("%d came back\n", number);
    }
    MPI_Comm_disconnect(&children);
    return 0;
}

static int be_spawned(char **arguments)
{
    (void)arguments;
    MPI_Comm parents;
    int number;
    MPI_Comm_get_parent(&parents);
    if (rank == 1) {
        MPI_Recv(&number, 1, MPI_INT, 0, 0, parents, MPI_STATUS_IGNORE);
        MPI_Send(&number, 1, MPI_INT, 0, 0, parents);
    }
    MPI_Comm_disconnect(&parents);
    return 0;
}

static const struct {
    const char *name;
    int (*act)(char **arguments);
} deeds[] = {
    {"ranks", tell_ranks},         {"arguments", tell_arguments},
    {"echo", echo_input},          {"exit", exit_with},
    {"sleep", sleep_on},           {"crash", crash},
    {"lines", print_lines},        {"elsewhere", print_elsewhere},
    {"terminals", tell_terminals}, {"talk", talk},
    {"setting", tell_setting},     {"spawn", spawn},
    {"spawned", be_spawned},
};

int main(int argc, char **argv)
{
    if (rp_launch(&argc, &argv) != RP_OK || argc < 2)
        return 99;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int code = 99;
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (strcmp(argv[1], deeds[i].name) == 0)
            code = deeds[i].act(argv + 2);
    MPI_Finalize();
    return code;
}
