/* How ranks end, what the end of a rank means for the job, and how the job ends. */
#ifndef RANKPOOL_LAUNCH_EXIT_STATUS_H
#define RANKPOOL_LAUNCH_EXIT_STATUS_H

#include "launch/rank_state.h"

#include <sys/types.h>

/* The wait status, as from waitpid(), of an ending process that is not our child, or -1 if unknown.
 * Every kernel shows it from the moment when the process's files close until its parent waits for
 * it; newer ones show it later, too, for the peer of a socket. */
int rpi_wait_status_of(pid_t process, int channel);

/* A shell reports a death by signal S as exit code 128 + S. */
enum {
    CODE_OF_SIGNAL_0 = 128
};

/* How a rank ended. */
struct rank_end {
    int rank;
    enum rank_state rank_state; /* at its end */
    bool exited; /* by exit(): its handlers ran; otherwise its last output is unknown */
    bool told;   /* it has printed why it aborts the job */
    int status;  /* as from waitpid(), or -1: unknown */
};

/* What the supervisor does next. */
enum consequence {
    GO_ON,
    GO_ON_WITHOUT,  /* the rank is lost, but the others do not need it */
    END_IF_WAITING, /* end the others once one of them waits for this one in a pool */
    END_SOON,       /* end the others, after time to end by themselves */
    END_NOW
};

struct outcome {
    int first_code;        /* exit code of rank 0, or -1: not reported */
    int other_code;        /* the first nonzero exit code of another rank, or 0 */
    bool failed;           /* a rank failed */
    struct rank_end cause; /* the first such rank */
};

/* How the job ended: with an exit code, or by a signal if that is not 0. */
struct ending {
    int code, signal;
};

/* Nothing is known yet. */
void rpi_outcome_begin(struct outcome *outcome);

/* Records the end of a rank. `survives`: the others go on where they can. */
enum consequence rpi_outcome_add(struct outcome *outcome, const struct rank_end *end,
                                 bool survives);

/* Records a failure: the others wait for a rank that ended in good order. */
void rpi_outcome_blame(struct outcome *outcome, const struct rank_end *end);

/* Records mpirun's wait status; -1: meaningless. When mpirun is killed, ranks lose MPI: then its
 * death is the cause. */
void rpi_outcome_add_mpirun(struct outcome *outcome, int mpirun_status);

/* Rank 0's exit code decides, then the first failure, then another rank's code. If no rank reported
 * one, mpirun's wait status decides; -1: meaningless. */
struct ending rpi_outcome_ending(const struct outcome *outcome, int mpirun_status);

/* Prints one line on stderr that says what ended the job, unless the rank has reported it itself.
 * `others`: other ranks were ended because of it. */
void rpi_outcome_print(const struct outcome *outcome, const struct ending *ending, bool others);

/* Ranks that died while the others went on. All zero: none yet. */
struct losses {
    int count;
    int signal;      /* that ended the last rank whose signal is known, or 0 */
    char ranks[128]; /* a text, as far as it fits */
};

/* Records a rank's death, by a signal if that is not 0. */
void rpi_losses_add(struct losses *losses, int rank, int signal_number);

/* Prints one line about the deaths, if any, on stderr. */
void rpi_losses_tell(const struct losses *losses);

#endif
