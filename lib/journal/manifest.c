#include "journal/manifest.h"

#include "base/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 512
};

static bool name_of(const char *directory, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/manifest", directory) < PATH_MAX;
}

/* The lines, and the last of them, a checksum of those before. */
static size_t compose(const struct manifest *manifest, char text[TEXT_BYTES])
{
    int length =
        snprintf(text, TEXT_BYTES,
                 "rankpool checkpoint 1\n"
                 "program %s\n"
                 "executable %016" PRIx64 "\n"
                 "arguments %016" PRIx64 "\n"
                 "made %d\n",
                 manifest->program, manifest->executable, manifest->arguments, manifest->made);
    length += snprintf(text + length, TEXT_BYTES - (size_t)length, "checksum %016" PRIx64 "\n",
                       rp_fingerprint(0, text, (size_t)length));
    return (size_t)length;
}

/* It is whole if composing what was understood gives the same text again. */
static bool understand(const char *text, struct manifest *manifest)
{
    char again[TEXT_BYTES];
    int made;
    *manifest = (struct manifest){.executable = 0};
    if (sscanf(text,
               "rankpool checkpoint 1\nprogram %63[^\n]\nexecutable %" SCNx64 "\narguments %" SCNx64
               "\nmade %d\n",
               manifest->program, &manifest->executable, &manifest->arguments, &made) != 4)
        return false;
    manifest->made = made != 0;
    compose(manifest, again);
    return strcmp(text, again) == 0;
}

bool rpi_manifest_read(struct manifest *manifest, const char *directory)
{
    char path[PATH_MAX], text[TEXT_BYTES];
    FILE *file = name_of(directory, path) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return understand(text, manifest);
}

static rp_status fill(const char *path, const char *text, size_t length, rp_error *error)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return rpi_cannot_write(error, path, errno);
    bool written = fwrite(text, 1, length, file) == length && fflush(file) == 0 &&
                   (fdatasync(fileno(file)) == 0 || errno == EINVAL);
    int code = errno;
    if (fclose(file) != 0 && written) {
        written = false;
        code = errno;
    }
    return written ? RP_OK : rpi_cannot_write(error, path, code);
}

rp_status rpi_manifest_write(const struct manifest *manifest, const char *directory,
                             rp_error *error)
{
    char path[PATH_MAX], text[TEXT_BYTES];
    struct draft draft;
    size_t length = compose(manifest, text);
    if (!name_of(directory, path))
        return rpi_cannot_write(error, directory, ENAMETOOLONG);
    if (rpi_draft_make(&draft, path, error) == RP_OK &&
        fill(draft.temporary, text, length, error) == RP_OK)
        rpi_draft_publish(&draft, error);
    rpi_draft_remove(&draft);
    return error->status;
}

void rpi_manifest_remove(const char *directory)
{
    char path[PATH_MAX];
    if (name_of(directory, path))
        unlink(path);
}
