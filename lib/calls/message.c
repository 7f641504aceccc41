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

/* Returns the lengths of the results, and sets *position behind them. */
static const uint64_t *message_lengths(const struct call_message *message, size_t size,
                                       size_t *position)
{
    *position = sizeof *message;
    return rpi_message_part(message, size, position, message->after * sizeof(uint64_t));
}

const void *rpi_message_input(const void *message, size_t size, int calls)
{
    const struct call_message *head = message;
    size_t position;
    if (size < sizeof *head || head->call >= (uint32_t)calls || head->retries > INT32_MAX ||
        !(head->seconds >= 0))
        return NULL;
    const uint64_t *lengths = message_lengths(head, size, &position);
    if (lengths == NULL)
        return NULL;
    const void *input = rpi_message_part(message, size, &position, head->bytes);
    for (uint32_t i = 0; i < head->after && input != NULL; i++)
        if (rpi_message_part(message, size, &position, lengths[i]) == NULL)
            return NULL;
    return input;
}

const void *rp_task_after(const rp_task *task, int place, size_t *bytes)
{
    const struct call_message *message = task->message;
    size_t position;
    *bytes = 0;
    if (message == NULL || place < 0 || (uint32_t)place >= message->after)
        return NULL;
    const uint64_t *lengths = message_lengths(message, SIZE_MAX, &position);
    position += message_padded(message->bytes);
    for (int i = 0; i < place; i++)
        position += message_padded(lengths[i]);
    *bytes = lengths[place];
    return (const char *)message + position;
}
