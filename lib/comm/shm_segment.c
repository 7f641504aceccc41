#include "comm/shm_segment.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/file_io.h"
#include "comm/agreement.h"
#include "comm/mpi_error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- errors ---------------------------------------------------------------------------------- */

static int memory_error_prefix(char *prefix, size_t size, size_t bytes)
{
    return bytes == 0 ? snprintf(prefix, size, "no place for node memory")
                      : snprintf(prefix, size, "no room for %zu bytes of node memory", bytes);
}

static rp_status memory_error_set(rp_error *error, size_t bytes, const char *directory,
                                  const char *reason)
{
    char prefix[64];
    memory_error_prefix(prefix, sizeof prefix, bytes);
    return rpi_error_set(error, RP_ERR_MEMORY, "%s in %s: %s", prefix, directory, reason);
}

/* Appends the reason of a later failure to the error of the first one, if it differs. */
static void memory_error_add(rp_error *first, const rp_error *later, size_t bytes)
{
    char prefix[64];
    size_t length = (size_t)memory_error_prefix(prefix, sizeof prefix, bytes);
    size_t used = strlen(first->text);
    if (first->status == RP_OK)
        *first = *later;
    else if (strncmp(later->text, prefix, length) == 0 &&
             strstr(first->text, later->text + length) == NULL)
        snprintf(first->text + used, sizeof first->text - used, ";%s", later->text + length);
}

enum {
    HUGE_PAGE = 2 << 20 /* of x86-64, and of arm64 with pages of 4 KiB */
};

struct byte_range {
    size_t begin, length;
};

/* ---- the space of a file --------------------------------------------------------------------- */

/* Space that stays free: MPI and other programs map files there and allocate their space only on
 * writing. A full file system would kill them with SIGBUS. */
static unsigned long long space_reserved(const struct statvfs *status)
{
    const unsigned long long most = 64ULL << 20;
    unsigned long long share = (unsigned long long)status->f_blocks * status->f_frsize / 16;
    return share < most ? share : most;
}

/* Is there space for the part of the file that is not allocated yet? A file system that does not
 * report its size is assumed to have enough. */
static int space_check(int file, size_t bytes)
{
    struct statvfs status;
    struct stat about;
    if (fstatvfs(file, &status) != 0 || status.f_blocks == 0 || fstat(file, &about) != 0)
        return 0;
    unsigned long long has = (unsigned long long)about.st_blocks * 512, wanted = bytes;
    unsigned long long free_bytes = (unsigned long long)status.f_bavail * status.f_frsize;
    if (wanted <= has)
        return 0;
    return wanted - has < free_bytes && wanted - has + space_reserved(&status) < free_bytes
               ? 0
               : ENOSPC;
}

/* The part of a segment that this rank allocates: whole huge pages, or the segment's end. */
static struct byte_range memory_part(const struct node_memory *memory, size_t bytes)
{
    int64_t pages = (int64_t)(bytes / HUGE_PAGE + (bytes % HUGE_PAGE != 0));
    rp_range part = rp_block(pages, memory->parts, memory->part);
    size_t begin = (size_t)part.begin * HUGE_PAGE;
    size_t end = part.end == pages ? bytes : (size_t)part.end * HUGE_PAGE;
    return (struct byte_range){begin, begin < end ? end - begin : 0};
}

static int space_allocate(int file, const struct node_memory *memory, size_t bytes)
{
    struct byte_range part = memory_part(memory, bytes);
    int code = space_check(file, bytes);
    return code != 0 ? code : rpi_allocate(file, part.begin, part.length);
}

/* ---- mapping --------------------------------------------------------------------------------- */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Rounds up to whole pages. */
static size_t mapped_bytes(size_t bytes)
{
    size_t page = page_bytes();
    return (bytes + page - 1) / page * page;
}

/* Reserves inaccessible addresses for `inside` bytes and a page on either side. Where huge pages
 * fit inside, the inside begins at a multiple of one, since only such addresses can have them.
 * Returns the first page, or NULL. */
static char *addresses_reserve(size_t inside)
{
    size_t page = page_bytes(), all = inside + 2 * page;
    size_t spare = inside >= HUGE_PAGE ? HUGE_PAGE : 0;
    if (all < inside || all + spare < all)
        return NULL;
    char *begin =
        mmap(NULL, all + spare, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED || spare == 0)
        return begin != MAP_FAILED ? begin : NULL;
    size_t before = (HUGE_PAGE - (size_t)((uintptr_t)(begin + page) % HUGE_PAGE)) % HUGE_PAGE;
    if (before > 0)
        munmap(begin, before);
    munmap(begin + before + all, spare - before);
    return begin + before;
}

/* Maps the file over all but the first and the last page of an inaccessible mapping. The advice has
 * an effect where the file system has huge pages (mount option huge=advise). */
static int file_map_guarded(int file, size_t bytes, struct node_memory *memory)
{
    size_t page = page_bytes(), inside = mapped_bytes(bytes), all = inside + 2 * page;
    char *place = inside >= bytes ? addresses_reserve(inside) : NULL;
    if (place == NULL)
        return ENOMEM;
    if (mmap(place + page, inside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) ==
        MAP_FAILED) {
        int code = errno;
        munmap(place, all);
        return code;
    }
    if (inside >= HUGE_PAGE)
        madvise(place + page, inside, MADV_HUGEPAGE);
    memory->base = place + page;
    memory->bytes = bytes;
    return 0;
}

void rpi_node_memory_collapse(const struct node_memory *memory)
{
    const int collapse = 25; /* MADV_COLLAPSE, which many C libraries do not name yet */
    const double most = 1;   /* seconds: under load the kernel may need 50 ms for a page */
    struct byte_range part = memory_part(memory, memory->bytes);
    char *page = (char *)memory->base + part.begin;
    double begun = rpi_clock_seconds();
    for (size_t left = part.length; left >= HUGE_PAGE && rpi_clock_seconds() - begun < most;
         left -= HUGE_PAGE, page += HUGE_PAGE)
        madvise(page, HUGE_PAGE, collapse);
}

static void memory_unmap(struct node_memory *memory)
{
    size_t page = page_bytes();
    if (memory->base != NULL)
        munmap((char *)memory->base - page, mapped_bytes(memory->bytes) + 2 * page);
    memory->base = NULL;
    memory->bytes = 0;
}

int rpi_node_memory_guard(const struct node_memory *memory, const void *address)
{
    uintptr_t base = (uintptr_t)memory->base, at = (uintptr_t)address, page = page_bytes();
    uintptr_t end = base + mapped_bytes(memory->bytes);
    if (base == 0 || at < base - page || at >= end + page)
        return 0;
    return at < base ? -1 : at >= end ? 1 : 0;
}

bool rpi_node_memory_overlaps(const struct node_memory *memory, const void *address, size_t bytes)
{
    uintptr_t base = (uintptr_t)memory->base, at = (uintptr_t)address, page = page_bytes();
    uintptr_t end = base + mapped_bytes(memory->bytes) + page;
    return base != 0 && at < end && base - page < at + bytes;
}

/* ---- sharing a file -------------------------------------------------------------------------- */

/* An attempt to create a file that all ranks of a node share. */
struct attempt {
    MPI_Comm node;
    bool leads; /* this rank creates the file */
    bool named; /* the file has a name until all ranks have opened it */
    char name[PATH_MAX];
    int file;
};

/* From the leader to the others: which file they share. In containers with their
 * own process namespaces a path in /proc may lead to another file. */
struct file_identity {
    char path[PATH_MAX]; /* empty: the leader has no file */
    dev_t device;
    ino_t inode;
    int directories; /* to be tried; the leader's environment decides, since it creates the files */
};

/* Lists the directories to try. Returns their number. */
static int directories_list(const char *list[NODE_MEMORY_DIRECTORIES])
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

/* Opens a new file in the directory: without a name if the file system supports that. */
static void attempt_open_new(struct attempt *attempt, const char *directory)
{
    size_t size = sizeof attempt->name;
    if (!attempt->named) {
        attempt->file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        return;
    }
    if (snprintf(attempt->name, size, "%s/rankpool.XXXXXX", directory) >= (int)size)
        errno = ENAMETOOLONG;
    else
        attempt->file = mkostemp(attempt->name, O_CLOEXEC);
    if (attempt->file < 0)
        attempt->name[0] = '\0';
}

static struct file_identity identity_make(const struct attempt *attempt)
{
    struct file_identity identity = {.path = ""};
    struct stat status;
    if (fstat(attempt->file, &status) != 0)
        return identity;
    identity.device = status.st_dev;
    identity.inode = status.st_ino;
    if (attempt->name[0] != '\0')
        memcpy(identity.path, attempt->name, sizeof identity.path);
    else
        snprintf(identity.path, sizeof identity.path, "/proc/%ld/fd/%d", (long)getpid(),
                 attempt->file);
    return identity;
}

/* Creates the file on the leader. */
static struct file_identity attempt_create_file(struct attempt *attempt, int directory,
                                                rp_error *error)
{
    const char *list[NODE_MEMORY_DIRECTORIES] = {NULL, NULL};
    struct file_identity identity = {.path = ""};
    int count = directories_list(list);
    attempt_open_new(attempt, list[directory]);
    if (attempt->file >= 0)
        identity = identity_make(attempt);
    else
        memory_error_set(error, 0, list[directory], strerror(errno));
    identity.directories = count;
    return identity;
}

static void identity_open(struct attempt *attempt, const struct file_identity *identity,
                          rp_error *error)
{
    struct stat status;
    attempt->file = open(identity->path, O_RDWR | O_CLOEXEC);
    if (attempt->file >= 0 && fstat(attempt->file, &status) == 0 &&
        status.st_dev == identity->device && status.st_ino == identity->inode)
        return;
    memory_error_set(error, 0, identity->path, "the node's ranks do not share it");
}

/* Tries to share a file in that directory. All ranks of the node agree on the result: all have the
 * file, or none has. *count becomes the number of directories. */
static rp_status attempt_share(struct attempt *attempt, int directory, int *count, rp_error *error)
{
    struct file_identity identity = {.path = "", .directories = 1};
    attempt->file = -1;
    attempt->name[0] = '\0';
    rpi_error_clear(error);
    if (attempt->leads)
        identity = attempt_create_file(attempt, directory, error);
    int code = MPI_Bcast(&identity, sizeof identity, MPI_BYTE, 0, attempt->node);
    *count = identity.directories;
    if (rpi_mpi_check(code, "MPI_Bcast", error) == RP_OK && !attempt->leads &&
        identity.path[0] != '\0')
        identity_open(attempt, &identity, error);
    rpi_mpi_agree(attempt->node, error);
    error->rank = -1; /* this was a rank of the node communicator; the caller adds its own */
    if (attempt->name[0] != '\0')
        unlink(attempt->name);
    if (error->status != RP_OK && attempt->file >= 0) {
        close(attempt->file);
        attempt->file = -1;
    }
    return error->status;
}

static void memory_close_files(struct node_memory *memory)
{
    for (int i = 0; i < memory->files; i++)
        close(memory->file[i]);
    memory->files = 0;
}

/* Opens a file in that directory: one without a name if possible. */
static rp_status memory_open_file(struct node_memory *memory, MPI_Comm node, int directory,
                                  int *count, rp_error *error)
{
    struct attempt attempt = {.node = node};
    int rank;
    rp_status status = RP_ERR_MEMORY;
    MPI_Comm_rank(node, &rank);
    attempt.leads = rank == 0;
    for (int i = 0; i < 2 && status == RP_ERR_MEMORY; i++) {
        attempt.named = i == 1;
        status = attempt_share(&attempt, directory, count, error);
        if (status == RP_ERR_MEMORY)
            memory_error_add(&memory->unopened, error, 0);
    }
    if (status == RP_OK)
        memory->file[memory->files++] = attempt.file;
    return status;
}

rp_status rpi_node_memory_reserve(MPI_Comm node, struct node_memory *memory, rp_error *error)
{
    int count = 1;
    *memory = (struct node_memory){.part = 0, .parts = 1};
    rpi_error_clear(&memory->unopened);
    for (int i = 0; i < count; i++) {
        rp_status status = memory_open_file(memory, node, i, &count, error);
        if (status != RP_OK && status != RP_ERR_MEMORY) {
            memory_close_files(memory);
            return status;
        }
    }
    if (memory->files > 0)
        rpi_error_clear(error);
    else
        *error = memory->unopened;
    return error->status;
}

/* ---- node memory ----------------------------------------------------------------------------- */

/* The directory of an open file, for error messages. */
static void file_directory(int file, char directory[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, directory, PATH_MAX - 1);
    directory[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(directory, '/');
    if (slash != NULL && slash > directory)
        *slash = '\0';
    else
        strcpy(directory, "its directory");
}

/* Maps the first bytes of the current file, replacing a smaller mapping. Local. */
static void memory_map(struct node_memory *memory, size_t bytes, rp_error *error)
{
    char directory[PATH_MAX] = "this process's addresses";
    int file = memory->file[memory->used];
    if (bytes <= memory->bytes)
        return;
    memory_unmap(memory);
    int code = space_allocate(file, memory, bytes);
    if (code != 0)
        file_directory(file, directory);
    else
        code = file_map_guarded(file, bytes, memory);
    if (code == 0)
        return;
    memory_error_set(error, bytes, directory, strerror(code));
    memory_error_add(error, &memory->unopened, 0);
}

/* After mapping has failed on some rank of the node: frees the space, and selects the next file. */
static void memory_turn(struct node_memory *memory)
{
    memory_unmap(memory);
    (void)!ftruncate(memory->file[memory->used], 0);
    memory->used = (memory->used + 1) % memory->files;
}

/* That one file has no space is not yet an error of the pool, since there are other files: so this
 * bypasses rpi_pool_agree(). */
rp_status rpi_node_memory_fill(struct node_memory *memory, size_t bytes,
                               struct agreement *agreement, rp_error *error)
{
    const rp_error before = *error;
    rp_error first;
    rp_status status = RP_ERR_MEMORY;
    rpi_error_clear(&first);
    for (int i = 0; i < NODE_MEMORY_DIRECTORIES && status == RP_ERR_MEMORY; i++) {
        struct vote vote = rpi_vote(CALL_PREPARED);
        vote.error = before;
        if (before.status == RP_OK)
            memory_map(memory, bytes, &vote.error);
        status = rpi_agree(agreement, &vote, error);
        if (status == RP_ERR_MEMORY && rpi_agreement_failed_here(agreement))
            memory_turn(memory);
        memory_error_add(&first, error, bytes);
    }
    if (status == RP_ERR_MEMORY)
        *error = first;
    if (status != RP_OK) /* on nodes that have it, too: all ranks call again, or none does */
        memory_unmap(memory);
    return status;
}

/* Opens the second file only if the first one has no space. */
rp_status rpi_node_memory_make(MPI_Comm node, size_t bytes, struct node_memory *memory,
                               rp_error *error)
{
    int count = 1;
    rp_error first;
    rp_status status = RP_ERR_MEMORY;
    *memory = (struct node_memory){.parts = 1};
    MPI_Comm_rank(node, &memory->part);
    MPI_Comm_size(node, &memory->parts);
    rpi_error_clear(&memory->unopened);
    rpi_error_clear(&first);
    for (int i = 0; i < count && status == RP_ERR_MEMORY; i++) {
        status = memory_open_file(memory, node, i, &count, error);
        if (status != RP_OK)
            continue;
        memory_map(memory, bytes, error);
        status = rpi_mpi_agree(node, error);
        error->rank = -1;
        memory_close_files(memory);
        if (status != RP_OK) {
            memory_unmap(memory);
            memory_error_add(&first, error, bytes);
        }
    }
    if (status == RP_ERR_MEMORY) {
        memory_error_add(&first, &memory->unopened, 0);
        *error = first;
    }
    return error->status;
}

void rpi_node_memory_drop(struct node_memory *memory)
{
    memory_unmap(memory);
    memory_close_files(memory);
}
