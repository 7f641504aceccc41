#include "base/message.h"

#include "base/file_io.h"
#include "rankpool.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Both are set while no pool is open, as rp_set_message_function() demands, so that threads of the
 * library that read them have begun later. */
static rp_message_fn message_function;
static void *message_user;

/* Threads of the library have messages, too: one calls the function at a time. */
static pthread_mutex_t message_turn = PTHREAD_MUTEX_INITIALIZER;

void rp_set_message_function(rp_message_fn function, void *user)
{
    message_function = function;
    message_user = user;
}

void rpi_message_write(const char *text, size_t bytes)
{
    if (message_function == NULL) {
        rpi_write_all(STDERR_FILENO, text, bytes);
        return;
    }
    pthread_mutex_lock(&message_turn);
    message_function(text, bytes, message_user);
    pthread_mutex_unlock(&message_turn);
}

void rpi_message(const char *format, ...)
{
    char text[5120]; /* the longest has a path */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if ((size_t)length >= sizeof text) {
        length = (int)sizeof text - 1;
        text[length - 1] = '\n';
    }
    rpi_message_write(text, (size_t)length);
}
