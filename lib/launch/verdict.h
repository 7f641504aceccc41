/* What the ranks said at their end, and what becomes of it. */
#ifndef RANKPOOL_LAUNCH_VERDICT_H
#define RANKPOOL_LAUNCH_VERDICT_H

/* A shell's way to tell of a death by signal in an exit code. */
enum {
    CODE_OF_SIGNAL_0 = 128
};

struct verdict {
    int first_code;  /* exit code of rank 0, or -1: it has not said */
    int other_code;  /* the first exit code of another rank that is not 0, or 0 */
    int lost_rank;   /* the first rank that went without a word, or -1 */
    int lost_signal; /* the signal that ended it, if we know, or 0 */
};

/* How the whole job ended: with an exit code, or by a signal if that is not 0. */
struct ending {
    int code, signal;
};

/* Nothing is known yet. */
void rpi_verdict_begin(struct verdict *verdict);

/* A rank said its exit code. */
void rpi_verdict_add_code(struct verdict *verdict, int rank, int code);

/* A rank went without a word, by a signal if that is not 0. */
void rpi_verdict_add_loss(struct verdict *verdict, int rank, int signal_number);

/* Rank 0 decides, then any other rank that failed, then the signal that ended a rank. Where nobody
 * can tell, it is the wait status of mpirun. */
struct ending rpi_verdict_ending(const struct verdict *verdict, int mpirun_status);

#endif
