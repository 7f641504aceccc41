/* How to execute the program of this process again. */
#ifndef RANKPOOL_LAUNCH_PROGRAM_H
#define RANKPOOL_LAUNCH_PROGRAM_H

/* The words of a command line up to the program's arguments, ended by NULL: the program's path; or,
 * if the user started it through the dynamic loader, the loader's path and options first. A path
 * that was a symbolic link stays one: in a virtual environment python3 is one, and finds its
 * modules by that name. NULL if the system does not reveal the path. */
char **rpi_program_words(void);

/* Why the program cannot be executed again, or NULL. */
const char *rpi_program_problem(void);

#endif
