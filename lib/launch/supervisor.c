#include "launch/supervisor.h"

#include "base/clock.h"
#include "launch/channel.h"
#include "launch/crew.h"
#include "launch/events.h"
#include "launch/losses.h"
#include "launch/obituary.h"
#include "launch/orphans.h"
#include "launch/pump.h"
#include "launch/scratch.h"
#include "launch/signals.h"
#include "launch/start.h"
#include "launch/terminal.h"
#include "launch/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* When its ranks are gone, mpirun cleans up and ends in some hundredths of a second. Open MPI 4.1
 * does not always: it may then block for ever. We wait for so many seconds. */
static const double patience_after_all = 5;

struct supervisor {
    const struct command *command;
    char channel_name[CHANNEL_NAME_SIZE];
    char scratch[SCRATCH_PATH_SIZE];
    int events;
    struct source listener, news; /* news: signals */
    struct signals signals;
    struct pump output, errors;
    struct crew crew;
    struct verdict verdict;
    struct losses losses; /* that the others survived */
    pid_t mpirun;
    int mpirun_status;
    bool mpirun_is_gone;
    int departed;       /* ranks of which we know that they are gone */
    bool interruptible; /* rank 0, and so all of them, end in good order when they get SIGUSR1 */
    bool interrupted;   /* they have been asked to */
    bool ends;          /* no rank is to live on */
    int ended_by;       /* the signal to us that made us, or 0 */
    double patience;    /* when it is over and mpirun is killed; 0: not yet waiting for its end */
};

/* ---- ending and stopping ------------------------------------------------------------------- */

/* mpirun should end by itself now. */
static void lose_patience(struct supervisor *supervisor, double seconds)
{
    double over = rpi_clock_seconds() + seconds;
    if (supervisor->patience == 0 || over < supervisor->patience)
        supervisor->patience = over;
}

/* mpirun has to tell the other nodes, if there are any. */
static double patience_at_end(const struct supervisor *supervisor)
{
    return supervisor->command->in_allocation ? 2.0 : 0.5;
}

/* A rank has died: ends the others at once. mpirun sees it too, and brings their last words. */
static void end_ranks(struct supervisor *supervisor)
{
    supervisor->ends = true;
    rpi_crew_signal(&supervisor->crew, SIGKILL);
    lose_patience(supervisor, patience_at_end(supervisor));
}

/* Hands on what is meant for the program. mpirun passes it on to the ranks of all nodes. */
static void pass_on(const struct supervisor *supervisor, int signal_number)
{
    if (!supervisor->command->in_allocation || signal_number == SIGWINCH)
        rpi_crew_signal(&supervisor->crew, signal_number);
    else if (!supervisor->mpirun_is_gone)
        kill(supervisor->mpirun, signal_number);
}

/* Lets the ranks end in good order, if they can: once, and not where nobody will hear what they
 * say. */
static bool interrupt_ranks(struct supervisor *supervisor, int signal_number)
{
    bool politely = signal_number == SIGINT || signal_number == SIGTERM;
    if (!politely || !supervisor->interruptible || supervisor->interrupted)
        return false;
    supervisor->interrupted = true;
    pass_on(supervisor, SIGUSR1);
    return true;
}

/* Ends all ranks, wherever they are, at once, because of a signal that will be our own end as well.
 * What mpirun says to that is of no interest. */
static void end_job_by(struct supervisor *supervisor, int signal_number)
{
    if (supervisor->ends || interrupt_ranks(supervisor, signal_number))
        return;
    supervisor->ended_by = signal_number;
    rpi_pump_mute(&supervisor->output);
    rpi_pump_mute(&supervisor->errors);
    end_ranks(supervisor);
    if (!supervisor->mpirun_is_gone)
        kill(supervisor->mpirun, SIGTERM);
}

/* Stops the ranks and ourselves, until the shell lets us go on. */
static void stop_job(struct supervisor *supervisor, int signal_number)
{
    rpi_terminal_take_back();
    rpi_crew_signal(&supervisor->crew, SIGSTOP);
    rpi_signals_suffer(signal_number);
    rpi_crew_signal(&supervisor->crew, SIGCONT);
}

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
        if (child == supervisor->mpirun) {
            supervisor->mpirun_is_gone = true;
            supervisor->mpirun_status = status;
        }
    }
}

static void obey(struct supervisor *supervisor, int signal_number)
{
    switch (signal_number) {
    case SIGCHLD:
        reap(supervisor);
        break;
    case SIGINT:
    case SIGTERM:
    case SIGHUP:
    case SIGQUIT:
    case SIGPIPE:
        end_job_by(supervisor, signal_number);
        break;
    case SIGTSTP:
        stop_job(supervisor, signal_number);
        break;
    default:
        pass_on(supervisor, signal_number);
    }
}

static void on_signal(void *owner)
{
    struct supervisor *supervisor = owner;
    int signal_number = rpi_signals_next(&supervisor->signals);
    if (signal_number != 0)
        obey(supervisor, signal_number);
}

/* ---- the ranks ----------------------------------------------------------------------------- */

/* Rank 0 gets our own standard files: a terminal is a terminal, a closed pipe a closed pipe, and
 * output runs at full speed. In an allocation stdin stays mpirun's. */
static void hand_over_files(const struct supervisor *supervisor, const struct member *member)
{
    static const int files[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    int first = supervisor->command->in_allocation ? STDOUT_FILENO : STDIN_FILENO;
    rpi_channel_send(member->source.file, (struct message){WORD_WELCOME, first}, files + first,
                     MOST_FILES - first);
}

/* In the background ourselves, we do what a program does that reads from the terminal there. */
static void lend_terminal(struct supervisor *supervisor, const struct member *member)
{
    if (!rpi_terminal_lend(member->process)) {
        stop_job(supervisor, SIGTTIN);
        rpi_terminal_lend(member->process);
    }
    rpi_channel_send(member->source.file, (struct message){WORD_TERMINAL, 0}, NULL, 0);
}

/* A rank went without a word. One that died of a signal takes the others with it, unless they go on
 * without it; so does one that they wait for, where mpirun does not see to that. */
static void mourn(struct supervisor *supervisor, const struct member *member, int status)
{
    bool failed = WIFEXITED(status) && status != 0; /* which MPI_Abort() is, too */
    int standing = member->page != NULL ? atomic_load(&member->page->standing) : STANDING_NONE;
    bool needed = supervisor->command->survives && standing != STANDING_LEAVING;
    if (supervisor->command->survives && standing == STANDING_DISPENSABLE && !failed) {
        rpi_losses_add(&supervisor->losses, member->rank, WTERMSIG(status));
        return;
    }
    if (failed)
        rpi_verdict_add_code(&supervisor->verdict, member->rank, WEXITSTATUS(status));
    else
        rpi_verdict_add_loss(&supervisor->verdict, member->rank, WTERMSIG(status));
    if (WIFSIGNALED(status) || (needed && (failed || standing == STANDING_NEEDED)))
        end_ranks(supervisor);
}

/* A rank whose channel has closed. If it has not told its exit code the kernel may know it. */
static void take_leave(struct supervisor *supervisor, const struct member *member)
{
    int status = member->has_spoken ? 0 : rpi_obituary(member->process, member->source.file);
    if (member->has_spoken || status != 0)
        supervisor->departed++;
    if (supervisor->departed > 0 && supervisor->departed == supervisor->command->ranks)
        lose_patience(supervisor, patience_after_all);
    if (!member->has_spoken && !supervisor->ends)
        mourn(supervisor, member, status);
}

/* A rank exits and has not left MPI, where the others may wait for it: mpirun, if it lets ranks
 * live that have lost others, does not end them. */
static void desert(struct supervisor *supervisor, struct member *member, int code)
{
    bool alone = supervisor->command->ranks == 1;
    rpi_verdict_add_code(&supervisor->verdict, member->rank, code == 0 && !alone ? 1 : code);
    if (!supervisor->command->survives || alone || supervisor->ends)
        return;
    fprintf(stderr,
            "%s: rank %d exited with code %d and has not finalised MPI: the others are ended\n",
            program_invocation_short_name, member->rank, code);
    end_ranks(supervisor);
}

static void remove_member(struct supervisor *supervisor, struct member *member)
{
    rpi_events_forget(supervisor->events, &member->source);
    rpi_crew_remove(&supervisor->crew, member);
}

/* A program that a rank starts may take itself for that rank: only the first is believed. */
static void welcome(struct supervisor *supervisor, struct member *member, int rank)
{
    if (rpi_crew_has(&supervisor->crew, rank)) {
        remove_member(supervisor, member);
        return;
    }
    member->rank = rank;
    if (supervisor->ends)
        kill(member->process, SIGKILL);
    else if (rank == 0)
        hand_over_files(supervisor, member);
}

static void on_member(void *owner)
{
    struct member *member = owner;
    struct supervisor *supervisor = member->supervisor;
    struct message message;
    int files[MOST_FILES];
    if (rpi_channel_receive(member->source.file, &message, files) != 1) {
        if (member->rank >= 0)
            take_leave(supervisor, member);
        remove_member(supervisor, member);
        return;
    }
    switch (message.word) {
    case WORD_HELLO:
        member->page = files[0] >= 0 ? rpi_standing_map(files[0]) : NULL;
        if (files[0] >= 0)
            close(files[0]);
        welcome(supervisor, member, message.value);
        break;
    case WORD_VERDICT:
        member->has_spoken = true;
        rpi_verdict_add_code(&supervisor->verdict, member->rank, message.value);
        break;
    case WORD_DESERT:
        member->has_spoken = true;
        desert(supervisor, member, message.value);
        break;
    case WORD_TERMINAL:
        lend_terminal(supervisor, member);
        break;
    case WORD_SIGNAL:
        obey(supervisor, message.value);
        break;
    case WORD_INTERRUPTIBLE:
        if (member->rank == 0)
            supervisor->interruptible = message.value != 0;
        break;
    default:
        break;
    }
}

/* With more ranks than we may have files, the others have to do without us. */
static void stop_listening(struct supervisor *supervisor)
{
    rpi_events_forget(supervisor->events, &supervisor->listener);
    close(supervisor->listener.file);
}

static void on_connection(void *owner)
{
    struct supervisor *supervisor = owner;
    pid_t process;
    int channel = rpi_channel_accept(supervisor->listener.file, &process);
    if (channel < 0) {
        if (errno == EMFILE || errno == ENFILE)
            stop_listening(supervisor);
        return;
    }
    struct member *member = rpi_crew_add(&supervisor->crew, channel, process);
    if (member == NULL) {
        close(channel);
        return;
    }
    member->supervisor = supervisor;
    member->source.ready = on_member;
    member->source.owner = member;
    rpi_events_watch_input(supervisor->events, &member->source);
}

/* ---- from begin to end --------------------------------------------------------------------- */

/* Whoever started us may have closed a standard file. Nothing else may then get its number. */
static void fill_standard_files(void)
{
    int file;
    do
        file = open("/dev/null", O_RDWR);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0)
        close(file);
}

/* As many as we are allowed: each rank needs one. mpirun has been started with the
 * user's own limit. */
static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* How long to wait for news: at the end as patience lasts;
 * with mpirun gone, until all is written. */
static int milliseconds_to_wait(const struct supervisor *supervisor)
{
    if (supervisor->mpirun_is_gone)
        return supervisor->output.waits_for_output || supervisor->errors.waits_for_output ? -1 : 0;
    if (supervisor->patience == 0)
        return -1;
    double rest = supervisor->patience - rpi_clock_seconds();
    return rest > 0 ? (int)(1e3 * rest) + 1 : 0;
}

/* Until mpirun is gone, and all that it and the ranks have said is heard and passed on. */
static void watch_job(struct supervisor *supervisor)
{
    bool happened = true;
    while (happened || !supervisor->mpirun_is_gone) {
        happened = rpi_events_turn(supervisor->events, milliseconds_to_wait(supervisor));
        if (supervisor->output.broken)
            end_job_by(supervisor, SIGPIPE);
        if (!happened && !supervisor->mpirun_is_gone)
            kill(supervisor->mpirun, SIGKILL);
    }
    if (supervisor->ends || WIFSIGNALED(supervisor->mpirun_status))
        rpi_orphans_end();
    rpi_scratch_remove(supervisor->scratch);
    rpi_terminal_take_back();
}

/* Dies of the signal, as a plain command would; if that is ignored, returns the code for it. */
static int die(int signal_number)
{
    rpi_signals_suffer(signal_number);
    return CODE_OF_SIGNAL_0 + signal_number;
}

static void tell_of_death(const struct supervisor *supervisor, int signal_number)
{
    const char *program = program_invocation_short_name, *text = strsignal(signal_number);
    int rank = supervisor->verdict.lost_rank;
    if (supervisor->verdict.lost_signal == 0 && WIFSIGNALED(supervisor->mpirun_status))
        fprintf(stderr, "%s: mpirun was ended by signal %d (%s)\n", program, signal_number, text);
    else if (rank >= 0)
        fprintf(stderr, "%s: rank %d was ended by signal %d (%s)\n", program, rank, signal_number,
                text);
    else
        fprintf(stderr, "%s: a rank was ended by signal %d (%s)\n", program, signal_number, text);
}

/* The exit code, unless we die as the job died. An end by Ctrl-C or by a reader that has gone is
 * what the user wanted, and needs no words. */
static int conclude(const struct supervisor *supervisor)
{
    if (supervisor->ended_by != 0)
        return die(supervisor->ended_by);
    rpi_losses_tell(&supervisor->losses);
    struct ending ending = rpi_verdict_ending(&supervisor->verdict, supervisor->mpirun_status);
    if (ending.signal == SIGPIPE || ending.signal == SIGINT)
        return die(ending.signal);
    if (ending.signal != 0)
        tell_of_death(supervisor, ending.signal);
    else if (supervisor->ends && supervisor->verdict.lost_rank >= 0)
        fprintf(stderr, "%s: rank %d has died\n", program_invocation_short_name,
                supervisor->verdict.lost_rank);
    return ending.code;
}

static bool open_supervisor(struct supervisor *supervisor, const struct command *command)
{
    *supervisor =
        (struct supervisor){.command = command, .events = -1, .listener.file = -1, .news.file = -1};
    fill_standard_files();
    supervisor->events = rpi_events_open();
    supervisor->listener = (struct source){.file = rpi_channel_listen(supervisor->channel_name),
                                           .ready = on_connection,
                                           .owner = supervisor};
    if (supervisor->events < 0 || supervisor->listener.file < 0 ||
        !rpi_signals_take(&supervisor->signals))
        return false;
    supervisor->news =
        (struct source){.file = supervisor->signals.file, .ready = on_signal, .owner = supervisor};
    rpi_verdict_begin(&supervisor->verdict);
    rpi_orphans_adopt(true);
    if (!supervisor->command->in_allocation)
        rpi_scratch_make(supervisor->scratch);
    return rpi_events_watch_input(supervisor->events, &supervisor->listener) &&
           rpi_events_watch_input(supervisor->events, &supervisor->news);
}

/* After a start that failed: as if nothing had been. Safe on a supervisor that is half open. */
static void close_supervisor(struct supervisor *supervisor)
{
    rpi_orphans_adopt(false);
    rpi_scratch_remove(supervisor->scratch);
    if (supervisor->news.file >= 0) {
        rpi_signals_release(&supervisor->signals);
        close(supervisor->news.file);
    }
    if (supervisor->listener.file >= 0)
        close(supervisor->listener.file);
    if (supervisor->events >= 0)
        close(supervisor->events);
}

int rpi_supervise(struct command *command)
{
    static struct supervisor supervisor; /* too large for the stack of a guest */
    struct started started;
    command->channel = supervisor.channel_name;
    command->scratch = supervisor.scratch;
    int error = open_supervisor(&supervisor, command) ? 0 : errno;
    if (error == 0)
        error = rpi_start(command, &supervisor.signals, &started);
    if (error != 0) {
        close_supervisor(&supervisor);
        return error;
    }
    allow_many_files();
    supervisor.mpirun = started.process;
    rpi_pump_start(&supervisor.output, supervisor.events, started.output, STDOUT_FILENO);
    rpi_pump_start(&supervisor.errors, supervisor.events, started.errors, STDERR_FILENO);
    if (command->survives)
        rpi_pump_hide(&supervisor.errors, rpi_mpirun_chatter());
    watch_job(&supervisor);
    exit(conclude(&supervisor));
}
