/* Start and end of our programs, the same in each: parsing the command line, starting the ranks,
 * opening the pool, which signals and the walltime may interrupt, and observation; printing on one
 * rank only; the same exit code on all ranks. */
#ifndef RANKPOOL_APPS_PROGRAM_H
#define RANKPOOL_APPS_PROGRAM_H

#include "common/command_line.h"

#include <rankpool.h>
#include <stdbool.h>

/* Begins a program: first in main. Collective, once the ranks are started.
 *
 * Help and command-line errors are handled at once, before any rank is started; under a launcher,
 * where every rank parses the same, the root alone prints. True: `settings` are filled and the pool
 * is open. False: the program is over, and main must return *exit_code. */
bool program_begin(const struct command *command, int *argc, char ***argv, void *settings,
                   rp_pool **pool, int *exit_code);

/* Ends a program. Collective: any rank's failure determines the exit code of all. */
int program_end(rp_pool **pool, rp_status mine);

/* Whether this rank prints for the program. Only one does. */
bool program_speaks(const rp_pool *pool);

/* Call it if results are written to stdout during the run: unless stdout is a file, a progress bar
 * that was not requested would be mixed with them, and is left out. */
void program_prints(rp_pool *pool);

/* Prints a line on stderr: the given text, the numbers of ranks and nodes, and how long a run took.
 * In one write, because mpirun may put other output between two. */
void program_show_run(const rp_pool *pool, double seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes sure that everything printed to stdout was written, or reports RP_ERR_IO. */
rp_status program_flush(const struct command *command);

#endif
