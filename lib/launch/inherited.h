/* File descriptors beyond the standard ones that were open when this process started: the user
 * opened them for the program, as a shell does for `-o >(command)`. */
#ifndef RANKPOOL_LAUNCH_INHERITED_H
#define RANKPOOL_LAUNCH_INHERITED_H

/* Those that are still open. Returns their number. */
int rpi_inherited_files(const int **files);

#endif
