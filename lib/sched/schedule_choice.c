#include "sched/schedule_choice.h"

#include "base/environment.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static const char *const schedule_names[] = {
    [RP_SCHEDULE_ADAPTIVE] = "adaptive",   [RP_SCHEDULE_STATIC] = "static",
    [RP_SCHEDULE_DYNAMIC] = "dynamic",     [RP_SCHEDULE_GUIDED] = "guided",
    [RP_SCHEDULE_FACTORING] = "factoring",
};
enum {
    SCHEDULES = sizeof schedule_names / sizeof schedule_names[0]
};

static bool parse_name(const char *text, size_t length, rp_schedule *schedule)
{
    for (int i = 0; i < SCHEDULES; i++) {
        if (strlen(schedule_names[i]) == length && strncmp(schedule_names[i], text, length) == 0) {
            *schedule = (rp_schedule)i;
            return true;
        }
    }
    return false;
}

bool rpi_schedule_choice_parse(const char *text, struct schedule_choice *choice)
{
    struct schedule_choice read = {0};
    size_t length = strcspn(text, ",");
    if (!parse_name(text, length, &read.schedule))
        return false;
    if (text[length] == ',' && !rpi_parse_integer(text + length + 1, 1, INT64_MAX, &read.chunk))
        return false;
    *choice = read;
    return true;
}

static rp_status choose_by_environment(struct schedule_choice *choice, rp_error *error)
{
    const char *text = rpi_environment_text("RANKPOOL_SCHEDULE");
    if (text == NULL || rpi_schedule_choice_parse(text, choice))
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "RANKPOOL_SCHEDULE=\"%s\": give adaptive, static, dynamic, guided or "
                         "factoring, with \",ITEMS\" behind it if you like",
                         text);
}

rp_status rpi_schedule_choice_make(const rp_options *options, struct schedule_choice *choice,
                                   rp_error *error)
{
    *choice = (struct schedule_choice){.schedule = options->schedule, .chunk = options->chunk};
    if ((int)options->schedule < 0 || (int)options->schedule >= SCHEDULES)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.schedule is %d, which is no schedule",
                             (int)options->schedule);
    if (options->chunk < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.chunk is %" PRId64 ": give 1 or more, or 0 for the default",
                             options->chunk);
    if (options->schedule == RP_SCHEDULE_ADAPTIVE && options->chunk == 0)
        return choose_by_environment(choice, error);
    return RP_OK;
}
