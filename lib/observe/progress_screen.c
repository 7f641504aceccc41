#include "observe/progress_screen.h"

#include "base/environment.h"
#include "base/file_io.h"
#include "base/numeric_locale.h"
#include "observe/human_numbers.h"

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

/* One write, so that the line does not flicker. Ignores errors: the terminal may be gone. */
static void screen_put(const char *text)
{
    rpi_write_once(STDERR_FILENO, text, strlen(text));
}

/* The first of the locale's variables that is set decides. */
static bool screen_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *text = rpi_environment_text(names[i]);
        if (text != NULL)
            return strstr(text, "UTF-8") != NULL || strstr(text, "utf8") != NULL;
    }
    return false;
}

static struct progress_style screen_style(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return (struct progress_style){.columns = known ? size.ws_col : 80,
                                   .utf8 = screen_is_utf8(),
                                   .colour = rpi_environment_text("NO_COLOR") == NULL};
}

void rpi_screen_show(enum screen screen, const struct progress_view *view)
{
    char line[LINE_BYTES], text[LINE_BYTES + 16];
    locale_t before = rpi_numeric_locale_begin();
    if (screen == SCREEN_TERMINAL) {
        struct progress_style style = screen_style();
        snprintf(text, sizeof text, "\r%s\x1b[K",
                 rpi_progress_bar(line, sizeof line, view, &style));
    } else {
        snprintf(text, sizeof text, "%s\n", rpi_progress_line(line, sizeof line, view));
    }
    rpi_numeric_locale_end(before);
    screen_put(text);
}

void rpi_screen_clear(enum screen screen, const char *name, double seconds)
{
    char text[LINE_BYTES], clock[NUMBER_BYTES];
    snprintf(text, sizeof text, "%.100s: over after %s\n", name, rpi_number_clock(clock, seconds));
    screen_put(screen == SCREEN_TERMINAL ? "\r\x1b[K" : text);
}
