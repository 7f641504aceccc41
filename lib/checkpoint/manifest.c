#include "checkpoint/manifest.h"

#include "base/output.h"
#include "checkpoint/journal_source.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 512
};

static bool manifest_path(const char *directory, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/manifest", directory) < PATH_MAX;
}

/* Composes the lines of the manifest; the last is a checksum of those before. */
static size_t manifest_compose(const struct manifest *manifest, char text[TEXT_BYTES])
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

/* Program names are printed, so they must not contain control sequences of terminals. */
static bool is_printable(const char *name)
{
    while (*name != '\0' && !iscntrl((unsigned char)*name))
        name++;
    return *name == '\0';
}

/* The text is valid if composing the parsed values yields it again. */
static bool manifest_parse(const char *text, struct manifest *manifest)
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
    manifest_compose(manifest, again);
    return strcmp(text, again) == 0 && is_printable(manifest->program);
}

bool rpi_manifest_read(struct manifest *manifest, const char *directory)
{
    char path[PATH_MAX], text[TEXT_BYTES];
    int file = manifest_path(directory, path) ? rpi_journal_open(path) : -1;
    if (file < 0)
        return false;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length < 0)
        return false;
    text[length] = '\0';
    return manifest_parse(text, manifest);
}

rp_status rpi_manifest_write(const struct manifest *manifest, const char *directory,
                             rp_error *error)
{
    char path[PATH_MAX], text[TEXT_BYTES];
    struct output output;
    struct stat about;
    size_t length = manifest_compose(manifest, text);
    if (!manifest_path(directory, path))
        return rpi_cannot_write(error, directory, ENAMETOOLONG);
    if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode)) /* rpi_output_open() follows links */
        return rpi_cannot_write(error, path, EEXIST);
    if (rpi_output_open(&output, path, error) != RP_OK)
        return error->status;
    fwrite(text, 1, length, output.file);
    return rpi_output_close(&output, true, error);
}

void rpi_manifest_remove(const char *directory)
{
    char path[PATH_MAX];
    if (manifest_path(directory, path))
        unlink(path);
}
