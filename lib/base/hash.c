#include "base/hash.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Header-only, so that programs need not link libxxhash. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t rp_fingerprint(uint64_t before, const void *bytes, size_t count)
{
    return XXH3_64bits_withSeed(bytes, count, before);
}

static rp_status hash_cannot_read(rp_error *error, const char *path)
{
    return rpi_error_set(error, RP_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
}

static rp_status hash_descriptor(int file, const char *path, uint64_t *fingerprint, rp_error *error)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return hash_cannot_read(error, path);
    size_t bytes = (size_t)about.st_size;
    void *memory = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
    if (memory == MAP_FAILED)
        return hash_cannot_read(error, path);
    *fingerprint = rp_fingerprint(0, memory, bytes);
    if (memory != NULL)
        munmap(memory, bytes);
    return RP_OK;
}

rp_status rpi_hash_file(const char *path, uint64_t *fingerprint, rp_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return hash_cannot_read(error, path);
    rp_status status = hash_descriptor(file, path, fingerprint, error);
    close(file);
    return status;
}
