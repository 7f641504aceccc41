#include "launch/verdict.h"

#include "launch/command.h"

#include <stdlib.h>
#include <sys/wait.h>

void rpi_verdict_begin(struct verdict *verdict)
{
    *verdict = (struct verdict){.first_code = -1, .lost_rank = -1};
}

void rpi_verdict_add_code(struct verdict *verdict, int rank, int code)
{
    if (rank == 0)
        verdict->first_code = code;
    else if (verdict->other_code == 0)
        verdict->other_code = code;
}

void rpi_verdict_add_loss(struct verdict *verdict, int rank, int signal_number)
{
    if (verdict->lost_rank >= 0)
        return;
    verdict->lost_rank = rank;
    verdict->lost_signal = signal_number;
}

static struct ending ending_by_signal(int signal_number)
{
    return (struct ending){.code = CODE_OF_SIGNAL_0 + signal_number, .signal = signal_number};
}

static struct ending ending_of_mpirun(int status, bool rank_was_lost)
{
    if (WIFSIGNALED(status))
        return ending_by_signal(WTERMSIG(status));
    int code = WEXITSTATUS(status);
    int signal_number = rank_was_lost ? rpi_signal_of_code(code) : 0;
    return signal_number > 0 ? ending_by_signal(signal_number) : (struct ending){.code = code};
}

struct ending rpi_verdict_ending(const struct verdict *verdict, int mpirun_status)
{
    if (verdict->first_code == 0 && verdict->lost_rank < 0)
        return (struct ending){.code = verdict->other_code};
    struct ending ending = verdict->lost_signal > 0
                               ? ending_by_signal(verdict->lost_signal)
                               : ending_of_mpirun(mpirun_status, verdict->lost_rank >= 0);
    if (verdict->first_code > 0)
        ending.code = verdict->first_code;
    else if (verdict->other_code > 0)
        ending.code = verdict->other_code;
    else if (ending.code == 0 && verdict->lost_rank >= 0 && verdict->first_code < 0)
        ending.code = EXIT_FAILURE; /* an mpirun that lets the others live has nothing against it */
    return ending;
}
