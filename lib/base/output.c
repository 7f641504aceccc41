#include "base/output.h"

#include "base/error.h"
#include "base/file_io.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Writes nothing after the first error: a file with a hole would look complete. */
static ssize_t output_write(void *cookie, const char *bytes, size_t count)
{
    struct output *output = cookie;
    if (output->code == 0)
        output->code = rpi_write_all(output->descriptor, bytes, count);
    errno = output->code;
    return output->code == 0 ? (ssize_t)count : 0; /* fopencookie()'s error value */
}

/* Write errors may appear as late as here. */
static int output_finish(void *cookie)
{
    struct output *output = cookie;
    if (output->code == 0)
        output->code = rpi_sync(output->descriptor);
    if (close(output->descriptor) != 0 && output->code == 0)
        output->code = errno;
    return output->code == 0 ? 0 : -1;
}

rp_status rpi_output_open(struct output *output, const char *path, rp_error *error)
{
    *output = (struct output){.path = path, .descriptor = -1};
    if (rpi_atomic_file_make(&output->atomic_file, path, error) != RP_OK)
        return error->status;
    output->descriptor = rpi_atomic_file_open(&output->atomic_file);
    if (output->descriptor >= 0)
        output->file =
            fopencookie(output, "w",
                        (cookie_io_functions_t){.write = output_write, .close = output_finish});
    if (output->file != NULL)
        return RP_OK;
    int code = errno;
    if (output->descriptor >= 0)
        close(output->descriptor);
    rpi_atomic_file_remove(&output->atomic_file);
    return rpi_cannot_write(error, path, code);
}

rp_status rpi_output_close(struct output *output, bool good, rp_error *error)
{
    if (fclose(output->file) != 0 && output->code == 0)
        output->code = errno;
    output->file = NULL;
    if (good && output->code == 0)
        return rpi_atomic_file_publish(&output->atomic_file, error);
    rpi_atomic_file_remove(&output->atomic_file);
    return good ? rpi_cannot_write(error, output->path, output->code) : RP_ERR_IO;
}

/* Is this ending one of the list? In upper and lower case. */
static bool ending_is_listed(const char *ending, const char *list)
{
    size_t length = strlen(ending);
    for (; *list != '\0'; list += strspn(list, " ")) {
        size_t next = strcspn(list, " ");
        if (next == length && strncasecmp(list, ending, length) == 0)
            return true;
        list += next;
    }
    return false;
}

rp_status rpi_output_check_ending(const char *path, const char *endings, rp_error *error)
{
    static const char known[] =
        "avif bin bmp csv eps gif h5 hdf5 htm html jpeg jpg json npy npz pdf "
        "png pnm ppm ps svg tif tiff txt webp xml yaml zip";
    const char *ending = strrchr(path, '.');
    if (ending == NULL || strchr(ending, '/') != NULL || !ending_is_listed(ending + 1, known) ||
        ending_is_listed(ending + 1, endings))
        return RP_OK;
    char right[64] = "";
    size_t used = 0;
    for (const char *at = endings; *at != '\0' && used < sizeof right; at += strspn(at, " ")) {
        int length = (int)strcspn(at, " ");
        used += (size_t)snprintf(right + used, sizeof right - used, "%s.%.*s",
                                 used > 0 ? " or " : "", length, at);
        at += length;
    }
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "'%.300s' is a name for another format: give one that ends in %s", path,
                         right);
}
