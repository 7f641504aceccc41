/* How to execute the program of this process again. */
#ifndef RANKPOOL_LAUNCH_PROGRAM_H
#define RANKPOOL_LAUNCH_PROGRAM_H

/* The words of a command line up to the program's arguments, ended by NULL: the program's path; or,
 * if the user started it through the dynamic loader, the loader's path and options first. The path
 * is the one it was started by, if that is absolute: as a symbolic link, python3 names a virtual
 * environment. NULL if the system does not reveal the path. */
char **rpi_program_words(void);

/* Why the program cannot be executed again, or NULL. */
const char *rpi_program_problem(void);

#endif
