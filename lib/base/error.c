#include "base/error.h"

#include "base/message.h"
#include "base/numeric_locale.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nonzero exit codes, by the conventions of getopt programs and of sysexits.h. */
enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_TRY_AGAIN = 75
};

const char *rp_strerror(rp_status status)
{
    switch (status) {
#define RP_STATUS_TEXT(name, value, text) \
    case name:                            \
        return text;
        RP_STATUS_TABLE(RP_STATUS_TEXT)
#undef RP_STATUS_TEXT
    }
    return "unknown status";
}

int rp_exit_code(rp_status status)
{
    switch (status) {
    case RP_OK:
        return 0;
    case RP_ERR_ARGUMENT:
        return EXIT_USAGE;
    case RP_ERR_INTERRUPTED:
        return EXIT_TRY_AGAIN;
    default:
        return EXIT_FAILED;
    }
}

/* Every call clears a record or two, which is long: so the bytes behind the ends of its strings
 * stay as they are. */
void rpi_error_clear(rp_error *error)
{
    error->status = RP_OK;
    error->task_code = error->signal = 0;
    error->rank = -1;
    error->item = -1;
    error->host[0] = error->text[0] = '\0';
}

void rpi_host_name(char *name, size_t size)
{
    if (gethostname(name, size) != 0)
        snprintf(name, size, "unknown host");
    name[size - 1] = '\0';
}

rp_status rpi_error_set(rp_error *error, rp_status status, const char *format, ...)
{
    *error = (rp_error){.status = status, .rank = -1, .item = -1}; /* no old bytes: it may travel */
    rpi_host_name(error->host, sizeof error->host);
    va_list arguments;
    locale_t before = rpi_numeric_locale_begin();
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    rpi_numeric_locale_end(before);
    return status;
}

/* Formats the item, unless the text names it already, the rank and the host. */
static void error_place(char *place, size_t bytes, const rp_error *error)
{
    char item[40];
    snprintf(item, sizeof item, "item %" PRId64, error->item);
    bool named = strstr(error->text, item) != NULL;
    snprintf(place, bytes, " (%s%srank %d on %s)", named ? "" : item, named ? "" : ", ",
             error->rank, error->host);
}

void rpi_error_print(const rp_error *error, const char *program)
{
    char place[160] = "";
    if (error->status == RP_OK)
        return;
    if (error->item >= 0)
        error_place(place, sizeof place, error);
    rpi_message("%s: %s%s\n", program != NULL ? program : "rankpool",
                error->text[0] != '\0' ? error->text : rp_strerror(error->status), place);
}

bool rpi_error_valid(const rp_error *error)
{
    return (unsigned)error->status <= RP_ERR_VERSION &&
           memchr(error->host, '\0', sizeof error->host) != NULL &&
           memchr(error->text, '\0', sizeof error->text) != NULL;
}

void rpi_range_text(rp_range items, char *text, size_t size)
{
    if (items.end - items.begin == 1)
        snprintf(text, size, "item %" PRId64, items.begin);
    else
        snprintf(text, size, "items %" PRId64 " to %" PRId64, items.begin, items.end - 1);
}

bool rpi_reserved_zero(const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i] != 0)
            return false;
    }
    return true;
}
