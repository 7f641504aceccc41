#include "launch/job.h"

#include "base/clock.h"
#include "launch/processes.h"
#include "launch/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Once its ranks are gone, mpirun cleans up and ends within some hundredths of a second. Open MPI
 * 4.1 may block for ever instead. We wait this many seconds, and longer while mpirun is busy. */
static const double mpirun_seconds = 3;

/* After a rank has failed, the others have this long to end by themselves. */
static const double grace_seconds = 3;

/* An exiting rank may still write output this long after the others were ended. */
static const double exit_seconds = 60;

/* ---- ending and stopping ------------------------------------------------------------------- */

/* From now on mpirun should end by itself, within `seconds`. */
static void job_limit_wait(struct job *job, double seconds)
{
    double over = rpi_clock_seconds() + seconds;
    if (job->wait_limit == 0 || over < job->wait_limit)
        job->wait_limit = over;
}

/* In an allocation, mpirun has to inform the other nodes. */
static double job_end_seconds(const struct job *job)
{
    return job->command->in_allocation ? 2.0 : 0.5;
}

/* Exiting ranks may still write their output. mpirun learns of the end too: it delivers the
 * remaining output of the other ranks, and ends the ranks on other nodes. */
void rpi_job_end(struct job *job)
{
    if (job->ends)
        return;
    job->ends = true;
    job->ended_at = rpi_clock_seconds();
    job->ended_others = job->rank_table.first != NULL;
    rpi_rank_table_end(&job->rank_table, job->ended_by != 0);
    if (!job->mpirun_is_gone && (job->ended_by != 0 || !job->command->survives))
        kill(job->mpirun, SIGTERM);
    job_limit_wait(job, job_end_seconds(job));
}

/* Forwards a signal for the program. In an allocation mpirun forwards it to the ranks of all
 * nodes. */
static void job_forward_signal(const struct job *job, int signal_number)
{
    if (!job->command->in_allocation || signal_number == SIGWINCH)
        rpi_rank_table_signal(&job->rank_table, signal_number);
    else if (!job->mpirun_is_gone)
        kill(job->mpirun, signal_number);
}

/* Asks the ranks to end in good order, if they can: only once, and not for signals after which
 * their messages would have no reader. */
static bool job_interrupt(struct job *job, int signal_number)
{
    bool politely = signal_number == SIGINT || signal_number == SIGTERM;
    if (!politely || !job->interruptible || job->interrupted)
        return false;
    job->interrupted = true;
    rpi_rank_table_interrupt(&job->rank_table, signal_number);
    job_forward_signal(job, SIGUSR1);
    return true;
}

/* Ends all ranks on all nodes at once, because of a signal by which the supervisor will end too.
 * What mpirun prints about that is discarded. */
void rpi_job_end_by(struct job *job, int signal_number)
{
    if (job->ended_by != 0 || job_interrupt(job, signal_number))
        return;
    job->ended_by = signal_number;
    rpi_output_relay_mute(&job->output);
    rpi_output_relay_mute(&job->errors);
    job->ends = false; /* now also end the exiting ranks */
    rpi_job_end(job);
}

/* Stops the ranks and ourselves until the shell continues us. */
void rpi_job_stop(struct job *job, int signal_number)
{
    rpi_terminal_take_back();
    rpi_rank_table_signal(&job->rank_table, SIGSTOP);
    rpi_signals_suffer(signal_number);
    rpi_rank_table_signal(&job->rank_table, SIGCONT);
}

static void job_reap(struct job *job)
{
    if (!job->mpirun_is_gone && waitpid(job->mpirun, &job->mpirun_status, WNOHANG) == job->mpirun)
        job->mpirun_is_gone = true;
    rpi_orphans_reap();
}

void rpi_job_obey(struct job *job, int signal_number)
{
    switch (signal_number) {
    case SIGCHLD:
        job_reap(job);
        break;
    case SIGTSTP:
        rpi_job_stop(job, signal_number);
        break;
    case SIGUSR1:
    case SIGUSR2:
        job_forward_signal(job, signal_number);
        break;
    default:
        if (rpi_signal_ends(signal_number))
            rpi_job_end_by(job, signal_number);
        else
            job_forward_signal(job, signal_number);
    }
}

/* ---- the ends of ranks --------------------------------------------------------------------- */

void rpi_job_depart(struct job *job)
{
    job->departed++;
    if (job->departed == job->command->ranks)
        job_limit_wait(job, mpirun_seconds);
    if (job->ends)
        job->wait_limit = rpi_clock_seconds() + job_end_seconds(job);
}

void rpi_job_judge(struct job *job, const struct rank_end *end)
{
    if (job->ends)
        return;
    switch (rpi_outcome_add(&job->outcome, end, job->command->survives)) {
    case GO_ON:
        break;
    case GO_ON_WITHOUT:
        rpi_losses_add(&job->losses, end->rank, end->status > 0 ? WTERMSIG(end->status) : 0);
        break;
    case END_IF_WAITING:
        job->early = *end;
        break;
    case END_SOON:
        if (job->grace == 0)
            job->grace = rpi_clock_seconds() + grace_seconds;
        break;
    case END_NOW:
        rpi_job_end(job);
    }
}

/* Should mpirun have ended by now? */
static bool job_wait_is_over(struct job *job)
{
    double now = rpi_clock_seconds();
    bool exiting = rpi_rank_table_exits(&job->rank_table) && job->ended_by == 0 &&
                   (!job->ends || now < job->ended_at + exit_seconds);
    if (job->wait_limit == 0 || exiting || now < job->wait_limit)
        return false;
    return job->ends || rpi_startup_mpirun_rests(&job->startup);
}

void rpi_job_attend(struct job *job)
{
    if (job->early.exited && !job->ends && job->grace == 0 &&
        rpi_rank_table_waits(&job->rank_table)) {
        rpi_outcome_blame(&job->outcome, &job->early);
        job->grace = rpi_clock_seconds() + grace_seconds;
    }
    if (job->grace > 0 && rpi_clock_seconds() >= job->grace)
        rpi_job_end(job);
    bool complained = job->errors.end > 0;
    if (!job->ends && job->command->survives &&
        rpi_startup_has_failed(&job->startup, &job->rank_table, complained))
        rpi_job_end(job);
    if (job_wait_is_over(job)) {
        kill(job->mpirun, SIGKILL);
        job->mpirun_was_killed = true;
    }
}

/* Milliseconds to wait for events: without mpirun, until all output is written; while there are
 * conditions to poll, only a moment. */
int rpi_job_wait_limit(const struct job *job)
{
    static const int moment = 100;
    bool all_started = job->startup.started >= job->command->ranks;
    if (job->mpirun_is_gone)
        return job->output.waits_for_output || job->errors.waits_for_output ? -1 : 0;
    bool looks = job->wait_limit > 0 || job->grace > 0 || job->early.exited;
    return looks || (job->command->survives && !all_started) ? moment : -1;
}

/* Dies of the signal, as a plain command would. Returns the exit code for it if it is ignored. */
static int job_die(int signal_number)
{
    rpi_signals_suffer(signal_number);
    return CODE_OF_SIGNAL_0 + signal_number;
}

/* The exit code if not all ranks have started, which mpirun may not report; otherwise 0. */
static int job_startup_code(const struct job *job)
{
    int started = job->startup.started, ranks = job->command->ranks;
    int status = job->mpirun_status;
    const char *problem = rpi_program_problem();
    bool known = job->mpirun_was_killed || !WIFSIGNALED(status);
    if (job->command->in_allocation || started >= ranks || job->startup.blind ||
        job->outcome.failed || job->losses.count > 0 || !known)
        return 0;
    if (started == 0)
        fprintf(stderr, "%s: no rank has started%s%s\n", program_invocation_short_name,
                problem != NULL ? ": the program cannot be executed: " : "",
                problem != NULL ? problem : "");
    else if (job->command->survives)
        fprintf(stderr, "%s: only %d of %d ranks have started\n", program_invocation_short_name,
                started, ranks);
    else
        return 0;
    bool reported = !job->mpirun_was_killed && WEXITSTATUS(status) != 0;
    return reported ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* An end by Ctrl-C or because the reader of the output has gone is what the user wanted: no
 * message. */
int rpi_job_conclude(const struct job *job)
{
    if (job->ended_by != 0)
        return job_die(job->ended_by);
    rpi_losses_tell(&job->losses);
    int code = job_startup_code(job);
    if (code != 0)
        return code;
    int status = job->mpirun_was_killed ? -1 : job->mpirun_status;
    struct outcome outcome = job->outcome;
    rpi_outcome_add_mpirun(&outcome, status);
    struct ending ending = rpi_outcome_ending(&outcome, status);
    if (ending.signal == SIGPIPE || ending.signal == SIGINT)
        return job_die(ending.signal);
    bool never_started = !job->command->in_allocation && !job->startup.blind &&
                         job->startup.started < job->command->ranks;
    rpi_outcome_print(&outcome, &ending, job->ended_others || never_started);
    if (ending.code == 0 && job->output.code != 0) {
        fprintf(stderr, "%s: cannot write to standard output: %s\n", program_invocation_short_name,
                strerror(job->output.code));
        return EXIT_FAILURE;
    }
    return ending.code;
}
