#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void rpi_error_clear(rp_error *error)
{
    *error = (rp_error){.status = RP_OK, .rank = -1, .item = -1};
}

void rpi_error_host(rp_error *error)
{
    if (gethostname(error->host, sizeof error->host) != 0)
        strcpy(error->host, "unknown host");
    error->host[sizeof error->host - 1] = '\0';
}

rp_status rpi_error_set(rp_error *error, rp_status status, const char *format, ...)
{
    rpi_error_clear(error);
    error->status = status;
    rpi_error_host(error);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}
