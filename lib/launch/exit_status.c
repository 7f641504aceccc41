#include "launch/exit_status.h"

#include "launch/mpirun.h"
#include "launch/processes.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the wait status of a rank --------------------------------------------------------------- */

/* Since Linux 6.16; the C library's headers may be older. */
enum {
    PEER_PROCESS_FILE = 77,   /* SO_PEERPIDFD */
    KNOWS_EXIT_CODE = 1 << 3, /* PIDFD_INFO_EXIT */
    LONGEST_WAIT = 5000       /* ms for the process to end after its files are closed */
};

/* struct pidfd_info */
struct process_information {
    uint64_t mask, group;
    uint32_t numbers[11];
    int32_t exit_code;
};

static int wait_status_of_peer(int channel)
{
    struct process_information information = {.mask = KNOWS_EXIT_CODE};
    int process = -1, status = -1;
    socklen_t size = sizeof process;
    if (getsockopt(channel, SOL_SOCKET, PEER_PROCESS_FILE, &process, &size) != 0)
        return -1;
    struct pollfd gone = {.fd = process, .events = POLLIN};
    poll(&gone, 1, LONGEST_WAIT);
    if (ioctl(process, _IOWR(0xFF, 11, struct process_information), &information) == 0 &&
        (information.mask & KNOWS_EXIT_CODE) != 0)
        status = information.exit_code;
    close(process);
    return status;
}

int rpi_wait_status_of(pid_t process, int channel)
{
    int status = rpi_process_wait_status(process);
    return status > 0 ? status : wait_status_of_peer(channel);
}

/* ---- the outcome of the job ------------------------------------------------------------------ */

/* How a rank ended. */
enum way {
    WAY_DONE,   /* exit code 0 */
    WAY_FAILED, /* another exit code */
    WAY_KILLED,
    WAYS
};

/* What each way to end means in each state. An mpirun that lets ranks survive the death of others
 * reacts to none of these ends. */
static const enum consequence consequences[RANK_STATES][WAYS] = {
    [RANK_STARTED] = {END_IF_WAITING, END_SOON, END_NOW},
    [RANK_LAUNCHED] = {END_IF_WAITING, END_SOON, END_NOW},
    [RANK_IN_MPI] = {END_SOON, END_SOON, END_NOW},
    [RANK_OPENING] = {END_SOON, END_SOON, END_NOW},
    [RANK_NEEDED] = {END_SOON, END_SOON, END_NOW},
    [RANK_DISPENSABLE] = {END_SOON, END_SOON, GO_ON_WITHOUT},
    [RANK_LEAVING] = {GO_ON, GO_ON, GO_ON_WITHOUT},
    [RANK_CLOSED] = {GO_ON, GO_ON, GO_ON},
};

/* Where a rank that was not killed ended, in the user's words. */
static const char *const places[RANK_STATES] = {
    [RANK_STARTED] = "before rp_launch()",    [RANK_LAUNCHED] = "before rp_open()",
    [RANK_IN_MPI] = "without MPI_Finalize()", [RANK_OPENING] = "in rp_open()",
    [RANK_NEEDED] = "without rp_close()",     [RANK_DISPENSABLE] = "without rp_close()",
    [RANK_LEAVING] = "after rp_close()",      [RANK_CLOSED] = "after rp_close()",
};

void rpi_outcome_begin(struct outcome *outcome)
{
    *outcome = (struct outcome){.first_code = -1};
}

static enum way rank_end_way(const struct rank_end *end)
{
    if (end->status < 0 || WIFSIGNALED(end->status))
        return WAY_KILLED;
    return WEXITSTATUS(end->status) != 0 ? WAY_FAILED : WAY_DONE;
}

/* Did MPI_Abort() end the rank, or _exit(), which looks the same? It is taken to end the job. */
static bool rank_end_is_abort(const struct rank_end *end)
{
    return !end->exited && end->rank_state >= RANK_IN_MPI && rank_end_way(end) == WAY_FAILED;
}

/* MPI ends a rank this way when another rank is missing: in MPI_Init(), or by its error handler,
 * with MPI's error code as the exit code. */
static bool rank_end_is_mpi_failure(const struct rank_end *end)
{
    return end->rank_state == RANK_OPENING || rank_end_is_abort(end);
}

static void outcome_add_code(struct outcome *outcome, int rank, int code)
{
    if (rank == 0)
        outcome->first_code = code;
    else if (outcome->other_code == 0)
        outcome->other_code = code;
}

void rpi_outcome_blame(struct outcome *outcome, const struct rank_end *end)
{
    if (!outcome->failed)
        outcome->cause = *end;
    outcome->failed = true;
}

enum consequence rpi_outcome_add(struct outcome *outcome, const struct rank_end *end, bool survives)
{
    enum way way = rank_end_way(end);
    enum consequence consequence = consequences[end->rank_state][way];
    if (consequence == GO_ON_WITHOUT && survives && !outcome->failed)
        return consequence; /* when the job fails, mpirun may end the ranks: none goes on */
    bool follows = outcome->failed && rank_end_is_mpi_failure(end);
    if (way != WAY_KILLED && !follows)
        outcome_add_code(outcome, end->rank, WEXITSTATUS(end->status));
    if (consequence == GO_ON && way != WAY_KILLED)
        return GO_ON;
    if (consequence != END_IF_WAITING)
        rpi_outcome_blame(outcome, end);
    if (consequence == GO_ON_WITHOUT || rank_end_is_abort(end))
        return END_NOW;
    return consequence == END_NOW && end->status < 0 ? END_SOON : consequence;
}

void rpi_outcome_add_mpirun(struct outcome *outcome, int mpirun_status)
{
    if (mpirun_status < 0 || !WIFSIGNALED(mpirun_status))
        return;
    if (outcome->failed && rank_end_is_mpi_failure(&outcome->cause))
        rpi_outcome_begin(outcome);
}

static struct ending ending_by_signal(int signal_number)
{
    return (struct ending){.code = CODE_OF_SIGNAL_0 + signal_number, .signal = signal_number};
}

static struct ending ending_of_mpirun(int status, bool rank_was_killed)
{
    if (status < 0)
        return (struct ending){.code = EXIT_SUCCESS};
    if (WIFSIGNALED(status))
        return ending_by_signal(WTERMSIG(status));
    int code = WEXITSTATUS(status);
    int signal_number = rank_was_killed ? rpi_signal_of_code(code) : 0;
    return signal_number > 0 ? ending_by_signal(signal_number) : (struct ending){.code = code};
}

/* How the job ends because of its first failure. The exit codes of later ends are consequences of
 * it. */
static struct ending ending_of_cause(const struct rank_end *cause, int mpirun_status)
{
    struct ending ending = {.code = EXIT_FAILURE};
    if (rank_end_way(cause) == WAY_FAILED)
        ending.code = WEXITSTATUS(cause->status);
    else if (rank_end_way(cause) == WAY_KILLED)
        ending = cause->status > 0 ? ending_by_signal(WTERMSIG(cause->status))
                                   : ending_of_mpirun(mpirun_status, true);
    if (ending.code == 0)
        ending.code = EXIT_FAILURE; /* mpirun exits with 0 where it lets the others live */
    return ending;
}

struct ending rpi_outcome_ending(const struct outcome *outcome, int mpirun_status)
{
    struct ending ending = {.code = outcome->other_code};
    if (outcome->failed)
        ending = ending_of_cause(&outcome->cause, mpirun_status);
    else if (outcome->first_code < 0 && outcome->other_code == 0)
        ending = ending_of_mpirun(mpirun_status, false);
    if (outcome->first_code > 0)
        ending.code = outcome->first_code;
    return ending;
}

static void outcome_print_exit(const struct rank_end *cause, bool others)
{
    fprintf(stderr, "%s: rank %d ended %s (exit code %d)%s\n", program_invocation_short_name,
            cause->rank, places[cause->rank_state], WEXITSTATUS(cause->status),
            others ? ": the others were ended" : "");
}

void rpi_outcome_print(const struct outcome *outcome, const struct ending *ending, bool others)
{
    const char *program = program_invocation_short_name;
    const struct rank_end *cause = &outcome->cause;
    if (outcome->failed && rank_end_way(cause) != WAY_KILLED) {
        bool reported_itself =
            rank_end_way(cause) == WAY_FAILED && !others &&
            (cause->rank_state < RANK_IN_MPI || cause->rank_state == RANK_OPENING);
        if (!cause->told && !reported_itself)
            outcome_print_exit(cause, others);
    } else if (ending->signal == 0) {
        if (outcome->failed)
            fprintf(stderr, "%s: rank %d has died\n", program, cause->rank);
    } else if (outcome->failed) {
        fprintf(stderr, "%s: rank %d was ended by signal %d (%s)\n", program, cause->rank,
                ending->signal, strsignal(ending->signal));
    } else {
        fprintf(stderr, "%s: mpirun was ended by signal %d (%s)\n", program, ending->signal,
                strsignal(ending->signal));
    }
}

/* ---- deaths that the others survive ---------------------------------------------------------- */

void rpi_losses_add(struct losses *losses, int rank, int signal_number)
{
    size_t length = strlen(losses->ranks), room = sizeof losses->ranks - length;
    snprintf(losses->ranks + length, room, "%s%d", losses->count > 0 ? ", " : "", rank);
    losses->count++;
    if (signal_number != 0)
        losses->signal = signal_number;
}

void rpi_losses_tell(const struct losses *losses)
{
    if (losses->count == 0)
        return;
    fprintf(stderr, "%s: rank%s %s died", program_invocation_short_name,
            losses->count > 1 ? "s" : "", losses->ranks);
    if (losses->signal != 0)
        fprintf(stderr, " by signal %d (%s)", losses->signal, strsignal(losses->signal));
    fprintf(stderr, "; the others went on\n");
}
