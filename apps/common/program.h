/* How our programs begin and end, the same in each: reading the command line, starting the ranks,
 * opening the pool, which signals and the clock may interrupt, and letting it be seen; speaking
 * with one voice; leaving with one exit code on all ranks. */
#ifndef RANKPOOL_APPS_PROGRAM_H
#define RANKPOOL_APPS_PROGRAM_H

#include "common/command_line.h"

#include <rankpool.h>
#include <stdbool.h>

/* Begins a program: first in main. Collective, once the ranks are started.
 *
 * Help and mistakes are answered at once, before any rank is started; under a launcher, where every
 * rank reads the same, by root alone. True: `settings` are read and the pool is open. False: the
 * program is over, and *exit_code what main returns. */
bool program_begin(const struct command *command, int *argc, char ***argv, void *settings,
                   rp_pool **pool, int *exit_code);

/* Ends a program. Collective: any rank's trouble becomes the exit code of all. */
int program_end(rp_pool **pool, rp_status mine);

/* Does this rank speak for the program? Only one does. */
bool program_speaks(const rp_pool *pool);

/* The results will come bit by bit on stdout: where that is no file, a bar that was not asked for
 * would stand among them, and is left out. */
void program_prints(rp_pool *pool);

/* Makes sure that all printed on stdout has arrived, else says so: RP_ERR_IO. */
rp_status program_flush(const struct command *command);

#endif
