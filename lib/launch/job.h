/* The job that the supervisor watches: its state and the decisions about it. */
#ifndef RANKPOOL_LAUNCH_JOB_H
#define RANKPOOL_LAUNCH_JOB_H

#include "launch/control_socket.h"
#include "launch/exit_status.h"
#include "launch/mpirun.h"
#include "launch/output_relay.h"
#include "launch/rank_table.h"
#include "launch/signals.h"

/* A private directory for the files of mpirun and MPI while a job runs: session files, and memory
 * that ranks share. It is removed with the job, even if mpirun and the ranks could not clean up. */
enum {
    SESSION_DIR_PATH_SIZE = 256
};

/* Creates the directory in /dev/shm or, if that lacks room, in TMPDIR. Also removes the directories
 * of supervisors that have died: a living one holds a lock. The path is empty on failure. */
void rpi_session_dir_make(char path[SESSION_DIR_PATH_SIZE]);

/* Removes the directory and its contents. The path may be empty. */
void rpi_session_dir_remove(const char *path);

/* Detects that ranks failed to start. A rank registers before its main() begins. One that cannot be
 * executed, or ends earlier, sends nothing, and an mpirun that lets ranks live when one has died
 * may then wait for ever with the others. So the supervisor polls: when mpirun is idle and all its
 * children are registered, no other rank will start. */
struct startup {
    pid_t mpirun;
    int ranks, started; /* expected, and registered so far */
    bool blind;         /* not every rank could register */
    long sleep;         /* mpirun's context switches at the last poll */
    double since;       /* since when the count has not changed */
    double polled;      /* time of the last poll */
};

/* Polls at most every 0.1 s. True if not all ranks have started and no other will. `complained`:
 * mpirun has written to stderr. */
bool rpi_startup_has_failed(struct startup *startup, const struct rank_table *rank_table,
                            bool complained);

/* Has mpirun been idle for a second? */
bool rpi_startup_mpirun_rests(struct startup *startup);

/* The file descriptors beyond the standard ones that were open when this process started, and still
 * are: the user opened them for the program, as a shell does for `-o >(command)`. Returns their
 * number. */
int rpi_inherited_files(const int **files);

/* The job. */
struct job {
    const struct command *command;
    char channel_name[CONTROL_NAME_SIZE];
    char session_dir[SESSION_DIR_PATH_SIZE];
    int events;
    struct event_source listener, signal_source; /* the second: our signals */
    struct signals signals;
    struct output_relay output, errors;
    struct rank_table rank_table;
    struct startup startup;
    struct outcome outcome;
    struct losses losses;  /* deaths that the others survived */
    struct rank_end early; /* a rank that ended in good order without a pool, if `exited` */
    pid_t mpirun;
    int mpirun_status;
    bool mpirun_is_gone;
    bool mpirun_was_killed; /* by us: its wait status is meaningless */
    int departed;           /* ranks known to be gone */
    bool interruptible;     /* rank 0, and so every rank, ends in good order on SIGUSR1 */
    bool interrupted;       /* the ranks have been asked to do so */
    bool ends;              /* the ranks are being ended */
    bool ended_others;      /* a rank was alive when that was decided */
    int ended_by;           /* the signal to us that ended the job, or 0 */
    double ended_at;        /* when the end was decided */
    double grace;           /* when the ranks are ended; 0: not planned */
    double wait_limit;      /* when mpirun is killed; 0: not waiting for its end yet */
};

/* Ends the ranks, except those that are exiting. */
void rpi_job_end(struct job *job);

/* Ends all ranks because of a signal that will end the supervisor too. The first SIGINT or SIGTERM
 * lets them end in good order, if they can. */
void rpi_job_end_by(struct job *job, int signal_number);

/* Stops the ranks and the supervisor until the shell continues them. */
void rpi_job_stop(struct job *job, int signal_number);

/* Handles a signal that the supervisor received. */
void rpi_job_obey(struct job *job, int signal_number);

/* A rank ended or is exiting: decides what that means for the others. */
void rpi_job_judge(struct job *job, const struct rank_end *end);

/* A rank is gone. */
void rpi_job_depart(struct job *job);

/* Handles timeouts and polled conditions. The second function returns how many milliseconds to wait
 * for events until the next time (-1: without limit). */
void rpi_job_attend(struct job *job);
int rpi_job_wait_limit(const struct job *job);

/* Prints the final messages when the job is over. Returns the exit code, unless the supervisor dies
 * of the signal that ended the job. */
int rpi_job_conclude(const struct job *job);

#endif
