#include "observe/screen.h"

#include "base/environment.h"
#include "observe/numbers.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINE_BYTES = 640
};

enum screen rpi_screen_find(void)
{
    struct stat about;
    const char *terminal = rpi_environment_text("TERM");
    bool dumb = terminal != NULL && strcmp(terminal, "dumb") == 0;
    if (isatty(STDERR_FILENO) && !dumb)
        return SCREEN_TERMINAL;
    if (fstat(STDERR_FILENO, &about) == 0 && S_ISREG(about.st_mode))
        return SCREEN_FILE;
    return SCREEN_PIPE;
}

/* In one piece, so that it does not flicker; a terminal that is gone is nobody's trouble. */
static void put(const char *text)
{
    size_t length = strlen(text);
    if (write(STDERR_FILENO, text, length) != (ssize_t)length)
        return;
}

/* As the locale's variables say; the first that is set decides. */
static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *text = rpi_environment_text(names[i]);
        if (text != NULL)
            return strstr(text, "UTF-8") != NULL || strstr(text, "utf8") != NULL;
    }
    return false;
}

static struct progress_style style_now(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return (struct progress_style){.columns = known ? size.ws_col : 80,
                                   .utf8 = speaks_utf8(),
                                   .colour = rpi_environment_text("NO_COLOR") == NULL};
}

void rpi_screen_show(enum screen screen, const struct progress_view *view)
{
    char line[LINE_BYTES], text[LINE_BYTES + 16];
    if (screen == SCREEN_TERMINAL) {
        struct progress_style style = style_now();
        snprintf(text, sizeof text, "\r%s\x1b[K",
                 rpi_progress_bar(line, sizeof line, view, &style));
    } else {
        snprintf(text, sizeof text, "%s\n", rpi_progress_line(line, sizeof line, view));
    }
    put(text);
}

void rpi_screen_clear(enum screen screen, const char *name, double seconds)
{
    char text[LINE_BYTES], clock[NUMBER_BYTES];
    snprintf(text, sizeof text, "%.100s: over after %s\n", name != NULL ? name : "job",
             rpi_number_clock(clock, seconds));
    put(screen == SCREEN_TERMINAL ? "\r\x1b[K" : text);
}
