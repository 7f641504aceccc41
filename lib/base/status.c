#include "rankpool.h"

/* What a program ends with, besides 0: the conventions of getopt programs and of sysexits.h. */
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
