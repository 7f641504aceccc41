/* The environment of commands: that of this process, without what launchers set for their ranks. A
 * command may be an MPI program, and would take itself for one of our ranks. */
#ifndef RANKPOOL_APPS_COMMANDS_ENVIRONMENT_H
#define RANKPOOL_APPS_COMMANDS_ENVIRONMENT_H

/* A list for execve(), with `addition` in addition, whose text may change later. Its strings are
 * those of environ. To be freed. NULL: out of memory. */
char **commands_environment(char *addition);

#endif
