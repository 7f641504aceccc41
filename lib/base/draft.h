/* Drafts: a file that is written under a temporary name beside its own, which it gets when it is
 * whole. What had that name before stays until then. */
#ifndef RANKPOOL_BASE_DRAFT_H
#define RANKPOOL_BASE_DRAFT_H

#include "rankpool.h"

enum {
    DRAFT_NAME_BYTES = 4096 + 32
};

/* A draft that this process has made. Zero: none. */
struct draft {
    char path[DRAFT_NAME_BYTES];      /* where it will be */
    char temporary[DRAFT_NAME_BYTES]; /* where it is */
};

/* Makes an empty draft of the file `path`, with the rights that creating that file would give,
 * or of the file that a symbolic link leads to. Both names are whole paths, so they hold in
 * every directory. RP_ERR_IO says why not. */
rp_status rpi_draft_make(struct draft *draft, const char *path, rp_error *error);

/* Gives it its name. After an error it is still a draft. */
rp_status rpi_draft_publish(struct draft *draft, rp_error *error);

/* Removes it. For one that is published, or none, nothing happens. */
void rpi_draft_remove(struct draft *draft);

/* "cannot write 'path': ...", for an errno. Returns RP_ERR_IO. */
rp_status rpi_cannot_write(rp_error *error, const char *path, int code);

#endif
