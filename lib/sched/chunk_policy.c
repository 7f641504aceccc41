#include "sched/chunk_policy.h"

#include "base/environment.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Target duration of a chunk. Claiming and measuring one costs about 50 ns, 0.1 % of this. */
static const double target_seconds = 50e-6;

/* Shorter chunks are not divided: claiming the parts would cost more than it could save. */
static const double finest_seconds = 2e-6;

/* With a declared fixed cost per call, a chunk lasts target_calls times that cost; the last units
 * of a share are not divided once they last less than finest_calls times that cost. */
static const double target_calls = 50.0, finest_calls = 3.0;

/* Ranks that began together and have the same to do end at times that differ by about this fraction
 * of their work. Of the last share, that much is kept for other ranks to steal. */
static const double unevenness = 0.05;

/* The fraction of a chunk's time that counts as work even if the declared cost of a call says less:
 * a chunk that took less time than its call does not prove that units cost nothing. */
static const double least_work_fraction = 0.25;

/* Before anything is measured, a job with a declared cost per call starts with this fraction of the
 * share: if a share takes hours, the program can still be stopped between chunks. Chunks then grow
 * by costly_growth, which takes few calls. Without a declared cost the first chunk is one unit, and
 * chunks double. */
static const double first_fraction = 1.0 / 32768, costly_growth = 64.0, growth = 2.0;

/* Measurements are cut off at this multiple of the estimate: a longer chunk means that the rank was
 * interrupted, or that the chunk had one long item among short ones. */
static const double outlier = 4.0;

static double chunk_max(double a, double b)
{
    return a > b ? a : b;
}

struct chunk_policy rpi_chunk_policy_start(struct chunk_costs costs, uint32_t least)
{
    return (struct chunk_policy){.call_overhead = costs.call,
                                 .unit_seconds = costs.unit,
                                 .proven = costs.unit > 0 ? UINT32_MAX : 0,
                                 .least = least > 0 ? least : 1};
}

static double first_chunk(const struct chunk_policy *policy, uint32_t remaining)
{
    return policy->call_overhead > 0 ? remaining * first_fraction : 1.0;
}

/* Limit of a chunk in the last share: half of what is left, until that is not worth dividing. Where
 * a call has a cost, more: all but what other ranks will probably have time for. */
static double last_share_limit(const struct chunk_policy *policy, uint32_t remaining)
{
    double finest = chunk_max(finest_seconds, finest_calls * policy->call_overhead);
    double finest_units = finest / policy->unit_seconds, kept_units = remaining / 2.0;
    if (policy->call_overhead > 0) {
        double uneven_units = unevenness * (policy->worked / policy->unit_seconds + remaining);
        kept_units = uneven_units < kept_units ? uneven_units : kept_units;
    }
    if (kept_units < finest_units && (policy->call_overhead > 0 || remaining <= finest_units))
        return remaining;
    return chunk_max(remaining - kept_units, finest_units);
}

/* If more units follow the share, or a call has a cost: chunks of equal length, so that none is
 * much too short. */
static double even_chunk(double wanted, uint32_t remaining)
{
    double chunks = floor(remaining / wanted + 0.5);
    return chunks > 1 ? ceil(remaining / chunks) : remaining;
}

static double units_for_target(const struct chunk_policy *policy, uint32_t remaining, bool more)
{
    double target = chunk_max(target_seconds, target_calls * policy->call_overhead);
    double wanted = target / policy->unit_seconds;
    double share = more ? remaining : last_share_limit(policy, remaining);
    wanted = more || policy->call_overhead > 0 ? even_chunk(wanted, remaining) : wanted;
    double grown = (policy->call_overhead > 0 ? costly_growth : growth) * policy->proven;
    double units = wanted < grown ? wanted : grown;
    return units < share ? units : share;
}

uint32_t rpi_chunk_policy_next(const struct chunk_policy *policy, uint32_t remaining, bool more)
{
    double units = policy->unit_seconds > 0 ? units_for_target(policy, remaining, more)
                                            : first_chunk(policy, remaining);
    units = chunk_max(units, policy->least);
    double least_left = policy->call_overhead > 0 ? policy->least : 1;
    return units + least_left <= remaining ? (uint32_t)units : remaining;
}

void rpi_chunk_policy_learn(struct chunk_policy *policy, uint32_t units, double seconds)
{
    bool costly = policy->call_overhead > 0, longest = units > policy->proven;
    policy->worked += seconds;
    /* Chunks at the end of a share are short for other reasons, so `proven` decays slowly. */
    policy->proven = units > policy->proven / 2 ? units : policy->proven / 2;
    double work = chunk_max(seconds - policy->call_overhead, least_work_fraction * seconds);
    double measured = chunk_max(work / units, 1e-12);
    /* With a declared cost per call, longer chunks separate work from call better. */
    if (policy->unit_seconds <= 0 || (costly && longest)) {
        policy->unit_seconds = measured;
        return;
    }
    double most = costly ? measured : outlier * policy->unit_seconds;
    double believed = measured < most ? measured : most;
    policy->unit_seconds += 0.5 * (believed - policy->unit_seconds);
}

/* ---- choice of a schedule -------------------------------------------------------------------- */

static const char *const schedule_names[] = {
    [RP_SCHEDULE_ADAPTIVE] = "adaptive",   [RP_SCHEDULE_STATIC] = "static",
    [RP_SCHEDULE_DYNAMIC] = "dynamic",     [RP_SCHEDULE_GUIDED] = "guided",
    [RP_SCHEDULE_FACTORING] = "factoring",
};
enum {
    SCHEDULES = sizeof schedule_names / sizeof schedule_names[0]
};

static bool schedule_parse_name(const char *text, size_t length, rp_schedule *schedule)
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
    struct schedule_choice parsed = {0};
    size_t length = strcspn(text, ",");
    if (!schedule_parse_name(text, length, &parsed.schedule))
        return false;
    if (text[length] == ',' && !rpi_parse_integer(text + length + 1, 1, INT64_MAX, &parsed.chunk))
        return false;
    *choice = parsed;
    return true;
}

static rp_status schedule_from_environment(struct schedule_choice *choice, rp_error *error)
{
    const char *text = rpi_environment_text("RANKPOOL_SCHEDULE");
    if (text == NULL || rpi_schedule_choice_parse(text, choice))
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "RANKPOOL_SCHEDULE=\"%s\": give adaptive, static, dynamic, guided or "
                         "factoring, optionally followed by \",ITEMS\"",
                         text);
}

rp_status rpi_schedule_choice_make(const rp_options *options, struct schedule_choice *choice,
                                   rp_error *error)
{
    *choice = (struct schedule_choice){.schedule = options->schedule, .chunk = options->chunk};
    if ((int)options->schedule < 0 || (int)options->schedule >= SCHEDULES)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.schedule is %d, which is not a schedule",
                             (int)options->schedule);
    if (options->chunk < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.chunk is %" PRId64 ": give 1 or more, or 0 for the default",
                             options->chunk);
    if (options->schedule == RP_SCHEDULE_ADAPTIVE && options->chunk == 0)
        return schedule_from_environment(choice, error);
    return RP_OK;
}
