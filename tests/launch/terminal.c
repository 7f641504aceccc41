/* Runs a command in a terminal of its own and plays a user who waits for texts and types:
 *
 *     terminal [WAIT TYPE]... -- COMMAND [ARGUMENT]...
 *
 * The terminal's output goes to stdout until the command has closed it, however long that takes.
 * Exits with the command's code, 128 + the signal that ended it, or 124 if a text did not
 * appear. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_MILLISECONDS = 120000, /* for a text on a busy machine */
    NO_LIMIT = -1,
    THINKING_MICROSECONDS = 200000, /* a shell prints a prompt before it is ready */
    CODE_OF_TIMEOUT = 124
};

static char shown[1 << 16]; /* output since the last text waited for */
static size_t filled;

/* Copies the next output. False if there is none in time, or the terminal is closed. */
static bool show_more(int terminal, int milliseconds)
{
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    if (filled == sizeof shown - 1)
        filled = 0;
    if (poll(&wait, 1, milliseconds) != 1)
        return false;
    ssize_t size = read(terminal, shown + filled, sizeof shown - 1 - filled);
    if (size <= 0)
        return false;
    fwrite(shown + filled, 1, (size_t)size, stdout);
    fflush(stdout);
    filled += (size_t)size;
    shown[filled] = '\0';
    return true;
}

static bool wait_for(int terminal, const char *text)
{
    char *found;
    while ((found = strstr(shown, text)) == NULL)
        if (!show_more(terminal, PATIENCE_MILLISECONDS))
            return false;
    size_t used = (size_t)(found - shown) + strlen(text);
    memmove(shown, shown + used, filled - used + 1);
    filled -= used;
    return true;
}

static int fail(pid_t command, const char *text)
{
    fprintf(stderr, "terminal: waited in vain for \"%s\"\n", text);
    kill(command, SIGKILL);
    return CODE_OF_TIMEOUT;
}

int main(int argc, char **argv)
{
    int begin = 1, terminal;
    while (begin < argc && strcmp(argv[begin], "--") != 0)
        begin++;
    if (begin + 1 >= argc)
        return 2;
    pid_t command = forkpty(&terminal, NULL, NULL, NULL);
    if (command == 0) {
        execvp(argv[begin + 1], argv + begin + 1);
        _exit(127);
    }
    for (int i = 1; i + 1 < begin; i += 2) {
        if (!wait_for(terminal, argv[i]))
            return fail(command, argv[i]);
        usleep(THINKING_MICROSECONDS);
        if (write(terminal, argv[i + 1], strlen(argv[i + 1])) < 0)
            return fail(command, argv[i]);
    }
    while (show_more(terminal, NO_LIMIT))
        continue;
    int status = 0;
    waitpid(command, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
