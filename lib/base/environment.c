#include "base/environment.h"

#include "base/error.h"
#include "base/numeric_locale.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

const char *rpi_environment_text(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool rpi_parse_integer(const char *text, int64_t least, int64_t most, int64_t *value)
{
    if (!isdigit((unsigned char)text[0]) && !(text[0] == '-' && isdigit((unsigned char)text[1])))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end != '\0' || errno == ERANGE || number < least || number > most)
        return false;
    *value = number;
    return true;
}

rp_status rpi_environment_integer(const char *name, int64_t least, int64_t most, int64_t *value,
                                  rp_error *error)
{
    const char *text = rpi_environment_text(name);
    if (text == NULL || rpi_parse_integer(text, least, most, value))
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "%s=\"%s\": give a whole number from %" PRId64 " to %" PRId64, name, text,
                         least, most);
}

rp_status rpi_environment_seconds(const char *name, double *value, rp_error *error)
{
    const char *text = rpi_environment_text(name);
    if (text == NULL)
        return RP_OK;
    double seconds;
    if (!rpi_parse_number(text, &seconds) || seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "%s=\"%s\": give seconds, 0 or more", name,
                             text);
    *value = seconds;
    return RP_OK;
}

bool rpi_environment_switch(const char *name, bool set, rp_error *error)
{
    int64_t value = set;
    if (error->status == RP_OK && !set)
        rpi_environment_integer(name, 0, 1, &value, error);
    return value != 0;
}
