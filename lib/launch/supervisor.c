#include "launch/supervisor.h"

#include "base/clock.h"
#include "base/file_io.h"
#include "launch/job.h"
#include "launch/mpirun.h"
#include "launch/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the ranks ----------------------------------------------------------------------------- */

/* Rank 0 gets the files that the user opened for the program, and our own standard files: it sees
 * the terminal as a terminal and a closed pipe as closed, and output runs at full speed. In an
 * allocation, stdin stays with mpirun. */
static void member_send_files(const struct job *job, const struct member *member)
{
    static const int files[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    const int *others;
    int count = rpi_inherited_files(&others);
    for (int i = 0; i < count; i++)
        rpi_control_send(member->source.file, (struct message){CONTROL_FILE, others[i]}, &others[i],
                         1);
    int first = job->command->in_allocation ? STDOUT_FILENO : STDIN_FILENO;
    rpi_control_send(member->source.file, (struct message){CONTROL_STANDARD_FILES, first},
                     files + first, MOST_FILES - first);
}

/* If we are in the background, we stop, as a program does that reads from the terminal there. */
static void member_lend_terminal(struct job *job, const struct member *member)
{
    if (!rpi_terminal_lend(member->process)) {
        rpi_job_stop(job, SIGTTIN);
        rpi_terminal_lend(member->process);
    }
    rpi_control_send(member->source.file, (struct message){CONTROL_TERMINAL, 0}, NULL, 0);
}

/* A rank reports its exit code. */
static void member_on_exit_code(struct job *job, struct member *member, int code)
{
    member->exiting = true;
    rpi_job_judge(job, &(struct rank_end){.rank = member->rank,
                                          .rank_state = rpi_rank_table_state(member),
                                          .told = rpi_rank_table_told(member),
                                          .exited = true,
                                          .status = W_EXITCODE(code, 0)});
}

/* A rank has closed its connection. If it has not reported its exit code, the kernel may know it. A
 * rank that was killed while exiting may not have written all its output. */
static void member_on_disconnect(struct job *job, const struct member *member)
{
    struct rank_end end = {.rank = member->rank,
                           .rank_state = rpi_rank_table_state(member),
                           .told = rpi_rank_table_told(member),
                           .status = rpi_wait_status_of(member->process, member->source.file)};
    rpi_job_depart(job);
    if (member->exiting && (end.status < 0 || !WIFSIGNALED(end.status)))
        return;
    if (member->exiting && end.rank_state != RANK_LEAVING)
        end.rank_state = RANK_CLOSED;
    rpi_job_judge(job, &end);
}

static void member_remove(struct job *job, struct member *member)
{
    rpi_event_loop_forget(job->events, &member->source);
    rpi_rank_table_remove(&job->rank_table, member);
}

/* A program that a rank starts may take itself for that rank: only the first is accepted. */
static void member_register(struct job *job, struct member *member, int rank)
{
    if (rpi_rank_table_has(&job->rank_table, rank)) {
        member_remove(job, member);
        return;
    }
    member->rank = rank;
    if (job->ends) { /* too late: it does not count as started */
        kill(member->process, SIGKILL);
        return;
    }
    job->startup.started++;
    if (rank == 0)
        member_send_files(job, member);
}

static void member_on_message(void *owner)
{
    struct member *member = owner;
    struct job *job = member->supervisor;
    struct message message;
    int files[MOST_FILES];
    if (rpi_control_receive(member->source.file, &message, files) != 1) {
        if (member->rank >= 0)
            member_on_disconnect(job, member);
        member_remove(job, member);
        return;
    }
    switch (message.type) {
    case CONTROL_HELLO:
        member->page = files[0] >= 0 ? rpi_rank_state_map(files[0]) : NULL;
        if (files[0] >= 0)
            close(files[0]);
        member_register(job, member, message.value);
        break;
    case CONTROL_EXIT_CODE:
        member_on_exit_code(job, member, message.value & 0xff);
        break;
    case CONTROL_TERMINAL:
        member_lend_terminal(job, member);
        break;
    case CONTROL_SIGNAL:
        rpi_job_obey(job, message.value);
        break;
    case CONTROL_INTERRUPTIBLE:
        if (member->rank == 0)
            job->interruptible = message.value != 0;
        break;
    default:
        break;
    }
}

/* Out of file descriptors, the remaining ranks run without the supervisor. */
static void supervisor_stop_listening(struct job *job)
{
    rpi_event_loop_forget(job->events, &job->listener);
    close(job->listener.file);
    job->startup.blind = true;
}

static void supervisor_on_connection(void *owner)
{
    struct job *job = owner;
    pid_t process;
    int channel = rpi_control_accept(job->listener.file, &process);
    if (channel < 0) {
        if (errno == EMFILE || errno == ENFILE)
            supervisor_stop_listening(job);
        return;
    }
    struct member *member = rpi_rank_table_add(&job->rank_table, channel, process);
    if (member == NULL) {
        close(channel);
        return;
    }
    member->supervisor = job;
    member->source.ready = member_on_message;
    member->source.owner = member;
    rpi_event_loop_watch_input(job->events, &member->source);
}

static void supervisor_on_signal(void *owner)
{
    struct job *job = owner;
    int signal_number = rpi_signals_next(&job->signals);
    if (signal_number != 0)
        rpi_job_obey(job, signal_number);
}

/* ---- from start to end --------------------------------------------------------------------- */

/* Our parent may have closed a standard file. Opens /dev/null in the wrong direction instead, so
 * that no other file gets its number, and using it fails as if it were closed. */
static void supervisor_fill_standard_files(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0)
            open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Runs until mpirun is gone, and all output and messages of mpirun and the ranks are processed. */
static void supervisor_watch(struct job *job)
{
    bool happened = true;
    while (happened || !job->mpirun_is_gone) {
        happened = rpi_event_loop_turn(job->events, rpi_job_wait_limit(job));
        if (job->output.broken)
            rpi_job_end_by(job, SIGPIPE);
        if (!job->mpirun_is_gone)
            rpi_job_attend(job);
    }
    if (job->ends || job->outcome.failed || WIFSIGNALED(job->mpirun_status)) {
        job->ended_others = job->ended_others || job->rank_table.first != NULL;
        rpi_orphans_end(job->channel_name);
    }
    rpi_rank_table_remove_files(&job->rank_table);
    rpi_session_dir_remove(job->session_dir);
    rpi_terminal_take_back();
}

static bool supervisor_open(struct job *job, const struct command *command)
{
    *job = (struct job){
        .command = command, .events = -1, .listener.file = -1, .signal_source.file = -1};
    supervisor_fill_standard_files();
    job->events = rpi_event_loop_open();
    job->listener = (struct event_source){.file = rpi_control_listen(job->channel_name),
                                          .ready = supervisor_on_connection,
                                          .owner = job};
    if (job->events < 0 || job->listener.file < 0 || !rpi_signals_take(&job->signals))
        return false;
    job->signal_source = (struct event_source){.file = job->signals.file,
                                               .ready = supervisor_on_signal,
                                               .owner = job};
    rpi_outcome_begin(&job->outcome);
    rpi_orphans_adopt(true);
    if (!job->command->in_allocation)
        rpi_session_dir_make(job->session_dir);
    return rpi_event_loop_watch_input(job->events, &job->listener) &&
           rpi_event_loop_watch_input(job->events, &job->signal_source);
}

/* Undoes supervisor_open() after a failed start. Also works on a half-open supervisor. */
static void supervisor_close(struct job *job)
{
    rpi_orphans_adopt(false);
    rpi_session_dir_remove(job->session_dir);
    if (job->signal_source.file >= 0) {
        rpi_signals_release(&job->signals);
        close(job->signal_source.file);
    }
    if (job->listener.file >= 0)
        close(job->listener.file);
    if (job->events >= 0)
        close(job->events);
}

static struct job job; /* too large for the stack of a caller */

struct launch_facts rpi_launch_facts(void)
{
    return (struct launch_facts){.ranks = job.startup.ranks,
                                 .started = job.startup.started,
                                 .tried = job.command != NULL,
                                 .ended_by_signal = job.ended_by != 0};
}

int rpi_supervise(struct command *command)
{
    struct started started;
    command->channel = job.channel_name;
    command->session_dir = job.session_dir;
    int error = supervisor_open(&job, command) ? 0 : errno;
    job.startup.ranks = command->ranks;
    if (error == 0)
        error = rpi_start(command, &job.signals, &started);
    if (error != 0) {
        supervisor_close(&job);
        return error;
    }
    rpi_allow_many_files(); /* one for each rank; mpirun has started with the user's own limit */
    job.mpirun = started.process;
    job.startup.mpirun = started.process;
    rpi_output_relay_start(&job.output, job.events, started.output, STDOUT_FILENO, NULL);
    rpi_output_relay_start(&job.errors, job.events, started.errors, STDERR_FILENO,
                           command->survives ? rpi_mpirun_chatter() : NULL);
    supervisor_watch(&job);
    exit(rpi_job_conclude(&job));
}
