/* Noticing that the launcher belongs to another MPI. */
#ifndef RANKPOOL_WORLD_FOREIGN_LAUNCHER_H
#define RANKPOOL_WORLD_FOREIGN_LAUNCHER_H

/* The launcher of another MPI starts so many processes that each believe to be alone, and each
 * would do the whole work. If that has happened, one of them says so on stderr, in one line. MPI
 * must be initialised. */
void rpi_foreign_launcher_warn(void);

#endif
