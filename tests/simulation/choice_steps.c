/* Counts the instructions in which the dispatcher chooses a batch, by single steps of a child: as
 * many for 16 384 nodes as for 64. */
#include "sched/batch_policy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHOICES = 32
};

/* The child: some nodes report their speed and ask, between two stops. */
static void child_choose(int nodes)
{
    struct dispatch_node *node = calloc((size_t)nodes, sizeof *node);
    struct batch_policy policy = {.least = 1, .nodes = nodes, .node = node};
    uint32_t left = UINT32_C(1) << 30;
    if (node == NULL || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    for (int i = 0; i < nodes; i++)
        node[i] = (struct dispatch_node){.ranks = 16, .most = UINT32_MAX};
    rpi_batch_policy_begin(&policy);
    raise(SIGSTOP);
    for (int i = 0; i < CHOICES; i++) {
        int asking = (int)((long)i * (nodes - 1) / (CHOICES - 1));
        rpi_batch_policy_learn(&policy, asking, i % 2 == 0 ? 100 + i : 0);
        left -= rpi_batch_policy_next(&policy, asking, left, 1e-3);
    }
    raise(SIGSTOP);
    _exit(left == 0);
}

static bool child_stopped(pid_t child, int signal)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

/* Returns the instructions between the two stops; -1 if this process may not trace another. */
static long count_steps(int nodes)
{
    long steps = 0;
    pid_t child = fork();
    if (child == 0)
        child_choose(nodes);
    if (child < 0 || !child_stopped(child, SIGSTOP))
        return -1;
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
            return -1;
        steps++;
    } while (child_stopped(child, SIGTRAP));
    ptrace(PTRACE_CONT, child, NULL, (void *)(long)SIGKILL);
    waitpid(child, NULL, 0);
    return steps;
}

int main(void)
{
    const double most = 1.5;
    long few = count_steps(64), many = count_steps(16384);
    if (few < 0 || many < 0) {
        printf("skipped: this process may not trace its children\n");
        return 77;
    }
    bool good = (double)many <= most * (double)few && few > CHOICES;
    printf("%s: %ld instructions for %d choices among 64 nodes, %ld among 16384\n",
           good ? "ok" : "FAILED", few, CHOICES, many);
    return !good;
}
