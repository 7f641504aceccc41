#include "commands/jobs.h"

#include "base/clock.h"
#include "base/error.h"
#include "commands/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rp_status jobs_open(struct jobs *jobs, const struct settings *settings, rp_error *error)
{
    *jobs = (struct jobs){.settings = settings, .command = rp_buffer_make(), .log.file = -1};
    pthread_mutex_init(&jobs->lock, NULL);
    rpi_error_clear(&jobs->error);
    rpi_error_clear(error);
    window_open(&jobs->window, settings->unordered);
    if (settings->word_count > 0)
        jobs->template = template_make(settings->words, settings->word_count);
    if (jobs->command == NULL || (settings->word_count > 0 && jobs->template == NULL))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for commands");
    if (input_open(&jobs->input, settings) != RP_OK) {
        *error = jobs->input.error;
        return error->status;
    }
    return job_log_open(&jobs->log, settings->dry_run ? NULL : settings->job_log, settings->resume,
                        error);
}

void jobs_close(struct jobs *jobs)
{
    window_close(&jobs->window);
    job_log_close(&jobs->log);
    input_close(&jobs->input);
    rp_buffer_free(&jobs->command);
    free(jobs->template);
    pthread_mutex_destroy(&jobs->lock);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Makes the text of the command of a line. NULL: out of memory. */
static const char *command_make(struct jobs *jobs, const char *line, size_t length)
{
    rp_buffer *command = jobs->command;
    rp_buffer_resize(command, 0);
    bool done = jobs->template == NULL
                    ? rp_buffer_append(command, line, length) == 0
                    : template_expand(jobs->template, line, length, jobs->window.next, command);
    return done && rp_buffer_append(command, "", 1) == 0 ? rp_buffer_data(command) : NULL;
}

/* Reads the next command. */
static enum input_state command_read(struct jobs *jobs, const char **command)
{
    const char *line;
    size_t length;
    enum input_state state = input_next(&jobs->input, &line, &length);
    if (state == INPUT_FAILED)
        jobs->error = jobs->input.error;
    if (state != INPUT_LINE)
        return state;
    *command = command_make(jobs, line, length);
    if (*command != NULL)
        return INPUT_LINE;
    rpi_error_set(&jobs->error, RP_ERR_MEMORY, "no memory for a command");
    return INPUT_FAILED;
}

/* Adds the next command to those that run, unless the log has its success; then `added` is NULL. */
static bool add_job(struct jobs *jobs, const char *command, struct job **added)
{
    bool succeeded;
    *added = NULL;
    if (job_log_find(&jobs->log, jobs->window.next, command, &succeeded, &jobs->error) != RP_OK)
        return false;
    if (!succeeded)
        *added = window_add(&jobs->window, command);
    if (succeeded ? window_skip(&jobs->window) : *added != NULL)
        return true;
    rpi_error_set(&jobs->error, RP_ERR_MEMORY, "no memory for a command");
    return false;
}

static enum jobs_state next_job(struct jobs *jobs, int64_t item, const struct job **job)
{
    const char *command;
    struct job *added = NULL;
    if (window_full(&jobs->window))
        return JOBS_LATER;
    while (added == NULL) {
        if (jobs->halted || jobs->error.status != RP_OK)
            return JOBS_END;
        enum input_state state = command_read(jobs, &command);
        if (state != INPUT_LINE)
            return state == INPUT_LATER ? JOBS_LATER : JOBS_END;
        if (!add_job(jobs, command, &added))
            return JOBS_END;
    }
    added->item = item;
    *job = added;
    return JOBS_ONE;
}

enum jobs_state jobs_next(struct jobs *jobs, int64_t item, const struct job **job)
{
    pthread_mutex_lock(&jobs->lock);
    enum jobs_state state = next_job(jobs, item, job);
    pthread_mutex_unlock(&jobs->lock);
    return state;
}

rp_status jobs_print(struct jobs *jobs, rp_error *error)
{
    const char *command;
    enum input_state state;
    while ((state = command_read(jobs, &command)) == INPUT_LINE || state == INPUT_LATER) {
        if (state == INPUT_LATER)
            rpi_sleep(1e-3);
        else if (puts(command) < 0 || !window_skip(&jobs->window))
            break;
    }
    *error = jobs->error;
    return error->status;
}

/* ---- results --------------------------------------------------------------------------------- */

static void count_result(struct jobs *jobs, const struct result *result)
{
    const struct settings *settings = jobs->settings;
    if (result_succeeded(result))
        return;
    jobs->failures++;
    if (settings->halt != HALT_NEVER && jobs->failures >= (int64_t)settings->halt_failures)
        jobs->halted = true;
}

static void finish_job(struct jobs *jobs, struct job *job, const struct result *result)
{
    struct job_log_entry entry = {.number = result->number,
                                  .host = result->host,
                                  .begun = result->begun,
                                  .runtime = result->runtime,
                                  .output_bytes = result->output_bytes,
                                  .exit_value = result->exit_value,
                                  .signal = result->signal,
                                  .command = job->command};
    rp_error error;
    count_result(jobs, result);
    bool failed = job_log_add(&jobs->log, &entry, &error) != RP_OK ||
                  window_finish(&jobs->window, job, result, &error) != RP_OK;
    if (failed && jobs->error.status == RP_OK)
        jobs->error = error;
}

void jobs_finish(struct jobs *jobs, const struct result *result)
{
    pthread_mutex_lock(&jobs->lock);
    struct job *job = window_find(&jobs->window, result->number);
    if (job != NULL && job->result == NULL)
        finish_job(jobs, job, result);
    pthread_mutex_unlock(&jobs->lock);
}

void jobs_lose(struct jobs *jobs, int64_t item, const char *text)
{
    rp_buffer *buffer = rp_buffer_make();
    pthread_mutex_lock(&jobs->lock);
    struct job *job = window_find_item(&jobs->window, item);
    if (job != NULL && buffer != NULL &&
        result_make_lost(buffer, job->number, text, &jobs->error) == RP_OK)
        finish_job(jobs, job, rp_buffer_data(buffer));
    pthread_mutex_unlock(&jobs->lock);
    rp_buffer_free(&buffer);
}

bool jobs_over(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    bool over = jobs->error.status != RP_OK || (jobs->halted && jobs->settings->halt == HALT_NOW);
    pthread_mutex_unlock(&jobs->lock);
    return over;
}

int64_t jobs_flush(struct jobs *jobs, rp_error *error)
{
    int64_t open = window_flush(&jobs->window, error);
    if (jobs->error.status != RP_OK)
        *error = jobs->error;
    return open;
}
