#include "world/node_memory.h"

#include "base/environment.h"
#include "base/error.h"
#include "world/mpi_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What the leader tells the others: where to open the segment, and how to know that it is the one.
 * A path into /proc may mean another file where ranks live in containers of their own. */
struct invitation {
    char path[256]; /* empty: the leader has none */
    dev_t device;
    ino_t inode;
    int ways; /* to try in turn; the leader's environment counts, for it makes the segments */
};

_Static_assert(sizeof(struct invitation) <= INVITATION_MOST, "as it says");

/* A way to have a segment. */
struct segment {
    int file;
    char name[256]; /* in the file system, or empty */
};

/* Is there room at all? A file system that does not tell its size is taken to have it. */
static int check_room(int file, size_t bytes)
{
    struct statvfs status;
    if (fstatvfs(file, &status) != 0 || status.f_blocks == 0)
        return 0;
    return bytes / status.f_frsize < status.f_bavail ? 0 : ENOSPC;
}

/* Takes the space now: a write to a hole in a full file system would be a SIGBUS later. In small
 * steps: a signal undoes the step at hand, so with a timer running a large one would begin for
 * ever. */
static int take_room(int file, size_t bytes)
{
    const size_t step = (size_t)1 << 20;
    int code = 0;
    for (size_t taken = 0; taken < bytes && code == 0;) {
        size_t length = bytes - taken < step ? bytes - taken : step;
        code = posix_fallocate(file, (off_t)taken, (off_t)length);
        if (code == 0)
            taken += length;
        else if (code == EINTR)
            code = 0;
    }
    return code;
}

static bool reserve(int file, size_t bytes, const char *directory, rp_error *error)
{
    int code = check_room(file, bytes);
    if (code == 0)
        code = take_room(file, bytes);
    if (code != 0)
        rpi_error_set(error, RP_ERR_MEMORY, "no room for %zu bytes of node memory in %s: %s", bytes,
                      directory, strerror(code));
    return code == 0;
}

/* Opens a new file in the directory, without a name where the file system can do that. */
static void open_segment(struct segment *segment, const char *directory, bool named)
{
    if (!named) {
        segment->file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        return;
    }
    snprintf(segment->name, sizeof segment->name, "%s/rankpool.XXXXXX", directory);
    segment->file = mkostemp(segment->name, O_CLOEXEC);
    if (segment->file < 0)
        segment->name[0] = '\0';
}

/* What is wanted of a segment. */
struct wish {
    size_t bytes;
    bool reserved; /* its memory is put behind it later */
};

static bool make_segment(struct segment *segment, const char *directory, bool named,
                         const struct wish *wish, rp_error *error)
{
    open_segment(segment, directory, named);
    if (segment->file < 0) {
        rpi_error_set(error, RP_ERR_MEMORY, "no node memory in %s: %s", directory, strerror(errno));
        return false;
    }
    if (!wish->reserved)
        return reserve(segment->file, wish->bytes, directory, error);
    if (ftruncate(segment->file, (off_t)wish->bytes) == 0)
        return true;
    rpi_error_set(error, RP_ERR_MEMORY, "no %zu bytes of addresses in %s: %s", wish->bytes,
                  directory, strerror(errno));
    return false;
}

static void drop_segment(struct segment *segment)
{
    if (segment->name[0] != '\0')
        unlink(segment->name);
    if (segment->file >= 0)
        close(segment->file);
}

static struct invitation invite(const struct segment *segment)
{
    struct invitation invitation = {.path = ""};
    struct stat status;
    if (fstat(segment->file, &status) != 0)
        return invitation;
    invitation.device = status.st_dev;
    invitation.inode = status.st_ino;
    if (segment->name[0] != '\0')
        memcpy(invitation.path, segment->name, sizeof invitation.path);
    else
        snprintf(invitation.path, sizeof invitation.path, "/proc/%ld/fd/%d", (long)getpid(),
                 segment->file);
    return invitation;
}

static int accept_invitation(const struct invitation *invitation, rp_error *error)
{
    int file = open(invitation->path, O_RDWR | O_CLOEXEC);
    struct stat status;
    bool same = file >= 0 && fstat(file, &status) == 0 && status.st_dev == invitation->device &&
                status.st_ino == invitation->inode;
    if (same)
        return file;
    rpi_error_set(error, RP_ERR_MEMORY, "the node's ranks do not share %s", invitation->path);
    if (file >= 0)
        close(file);
    return -1;
}

/* A segment to be filled later keeps a file of its own. */
static void map(int file, const struct wish *wish, struct node_memory *memory, rp_error *error)
{
    int own = wish->reserved ? fcntl(file, F_DUPFD_CLOEXEC, 0) : -1;
    void *base = mmap(NULL, wish->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (base != MAP_FAILED && (own >= 0 || !wish->reserved)) {
        *memory = (struct node_memory){
            .base = base, .bytes = wish->bytes, .file = own, .reserved = wish->reserved};
        return;
    }
    rpi_error_set(error, RP_ERR_MEMORY, "cannot map %zu bytes of node memory: %s", wish->bytes,
                  strerror(errno));
    if (base != MAP_FAILED)
        munmap(base, wish->bytes);
    if (own >= 0)
        close(own);
}

/* Where to try. Returns how many directories there are. */
static int directories(const char *list[2])
{
    const char *wanted = rpi_environment_text("RANKPOOL_MEMORY_DIR");
    const char *temporary = rpi_environment_text("TMPDIR");
    if (wanted != NULL) {
        list[0] = wanted;
        return 1;
    }
    list[0] = "/dev/shm";
    list[1] = temporary != NULL ? temporary : "/tmp";
    return 2;
}

/* The leader's part. Each directory is tried without a name and with one. */
static struct invitation lead(struct segment *segment, int way, const struct wish *wish,
                              rp_error *error)
{
    struct invitation invitation = {.path = ""};
    const char *directory[2] = {NULL, NULL};
    int count = directories(directory);
    if (make_segment(segment, directory[way / 2], way % 2 == 1, wish, error))
        invitation = invite(segment);
    invitation.ways = 2 * count;
    return invitation;
}

/* One attempt: the leader makes a segment, everybody maps it. All ranks of the node agree on how it
 * went. *ways becomes how many there are. */
static rp_status attempt(const struct company *company, int way, const struct wish *wish, int *ways,
                         struct node_memory *memory, rp_error *error)
{
    rpi_error_clear(error);
    struct segment segment = {.file = -1};
    struct invitation invitation = {.path = ""};
    if (company->leads)
        invitation = lead(&segment, way, wish, error);
    rp_status told = company->tell(company->closure, &invitation, sizeof invitation, error);
    *ways = invitation.ways;
    if (told == RP_OK && company->leads && error->status == RP_OK) {
        map(segment.file, wish, memory, error);
    } else if (told == RP_OK && invitation.path[0] != '\0') {
        int file = accept_invitation(&invitation, error);
        if (file >= 0) {
            map(file, wish, memory, error);
            close(file);
        }
    }
    if (company->agree(company->closure, error) != RP_OK)
        rpi_node_memory_drop(memory);
    if (company->leads)
        drop_segment(&segment);
    return error->status;
}

static rp_status make(const struct company *company, const struct wish *wish,
                      struct node_memory *memory, rp_error *error)
{
    *memory = (struct node_memory){.base = NULL};
    rp_error first;
    rp_status status = RP_ERR_MEMORY;
    int ways = 1;
    for (int i = 0; i < ways && status == RP_ERR_MEMORY; i++) {
        status = attempt(company, i, wish, &ways, memory, error);
        if (i == 0)
            first = *error;
    }
    /* The first trouble is the one worth telling: later attempts are fallbacks. */
    if (status != RP_OK) {
        *error = first;
        error->rank = -1; /* it was counted within the node; who reports it knows its own */
    }
    return status;
}

rp_status rpi_node_memory_make_among(const struct company *company, size_t bytes,
                                     struct node_memory *memory, rp_error *error)
{
    return make(company, &(struct wish){.bytes = bytes}, memory, error);
}

rp_status rpi_node_memory_fill(struct node_memory *memory, size_t bytes, rp_error *error)
{
    if (bytes <= memory->filled)
        return RP_OK;
    int code = bytes <= memory->bytes ? take_room(memory->file, bytes) : ENOMEM;
    memory->filled = code == 0 ? bytes : memory->filled;
    if (code != 0)
        rpi_error_set(error, RP_ERR_MEMORY, "no room for %zu bytes of node memory: %s", bytes,
                      strerror(code));
    return error->status;
}

/* ---- by MPI ---------------------------------------------------------------------------------- */

static rp_status broadcast(void *node, void *data, size_t bytes, rp_error *error)
{
    return rpi_mpi_check(MPI_Bcast(data, (int)bytes, MPI_BYTE, 0, *(MPI_Comm *)node), "MPI_Bcast",
                         error);
}

static rp_status agree(void *node, rp_error *error)
{
    return rpi_mpi_agree(*(MPI_Comm *)node, error);
}

static rp_status make_by_mpi(MPI_Comm node, const struct wish *wish, struct node_memory *memory,
                             rp_error *error)
{
    int rank;
    MPI_Comm_rank(node, &rank);
    struct company company = {rank == 0, broadcast, agree, &node};
    return make(&company, wish, memory, error);
}

rp_status rpi_node_memory_make(MPI_Comm node, size_t bytes, struct node_memory *memory,
                               rp_error *error)
{
    return make_by_mpi(node, &(struct wish){.bytes = bytes}, memory, error);
}

rp_status rpi_node_memory_reserve(MPI_Comm node, size_t bytes, struct node_memory *memory,
                                  rp_error *error)
{
    return make_by_mpi(node, &(struct wish){.bytes = bytes, .reserved = true}, memory, error);
}

void rpi_node_memory_drop(struct node_memory *memory)
{
    if (memory->base != NULL)
        munmap(memory->base, memory->bytes);
    if (memory->base != NULL && memory->reserved)
        close(memory->file);
    *memory = (struct node_memory){.base = NULL};
}
