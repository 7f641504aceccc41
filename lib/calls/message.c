#include "calls/message.h"

#include "engine/task.h"

const void *rpi_message_part(const void *message, size_t size, size_t *position, uint64_t bytes)
{
    const char *part = (const char *)message + *position;
    size_t left = size - *position;
    if (bytes > left || message_padded(bytes) > left)
        return NULL;
    *position += message_padded(bytes);
    return part;
}

const void *rpi_message_input(const void *message, size_t size, int calls)
{
    const struct call_message *head = message;
    size_t position = sizeof *head;
    if (size < sizeof *head || head->call >= (uint32_t)calls || head->retries > INT32_MAX ||
        !(head->seconds >= 0))
        return NULL;
    const struct message_result *results =
        rpi_message_part(message, size, &position, head->after * sizeof *results);
    if (results == NULL)
        return NULL;
    const void *input = rpi_message_part(message, size, &position, head->bytes);
    for (uint32_t i = 0; i < head->after && input != NULL; i++)
        if (results[i].place != position ||
            rpi_message_part(message, size, &position, results[i].bytes) == NULL)
            return NULL;
    return input;
}

const void *rp_task_after(const rp_task *task, int place, size_t *bytes)
{
    const struct call_message *message = task->message;
    *bytes = 0;
    if (message == NULL || place < 0 || (uint32_t)place >= message->after)
        return NULL;
    const struct message_result *result = (const struct message_result *)(message + 1) + place;
    *bytes = result->bytes;
    return (const char *)message + result->place;
}
