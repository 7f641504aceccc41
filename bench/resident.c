#include "resident.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Measurements of a watching thread, shared with the thread that it watches. */
struct watchdog {
    struct resident before, most; /* the watcher's while it runs */
    _Atomic bool begun, over;
};

/* Parses a line's figure, if it has this name. */
static void take(const char *line, const char *name, int64_t *bytes)
{
    size_t length = strlen(name);
    int64_t kibibytes;
    if (strncmp(line, name, length) == 0 && sscanf(line + length, "%" SCNd64, &kibibytes) == 1)
        *bytes = kibibytes * 1024;
}

/* The current figures; negative if unknown. */
static struct resident look(void)
{
    struct resident now = {-1, -1};
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return now;
    while (fgets(line, sizeof line, status) != NULL) {
        take(line, "RssAnon:", &now.private_bytes);
        take(line, "RssShmem:", &now.shared_bytes);
    }
    fclose(status);
    return now;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void note(struct watchdog *watchdog)
{
    struct resident now = look();
    if (now.private_bytes > watchdog->most.private_bytes)
        watchdog->most.private_bytes = now.private_bytes;
    if (now.shared_bytes > watchdog->most.shared_bytes)
        watchdog->most.shared_bytes = now.shared_bytes;
}

static void *watch_on(void *argument)
{
    struct watchdog *watchdog = argument;
    look(); /* memory used by look() itself is not a gain */
    watchdog->before = watchdog->most = look();
    atomic_store(&watchdog->begun, true);
    while (!atomic_load(&watchdog->over)) {
        note(watchdog);
        nap();
    }
    note(watchdog);
    return NULL;
}

bool resident_gain(void (*run)(void *), void *argument, struct resident *gain)
{
    struct watchdog watchdog = {.begun = false};
    pthread_t watcher;
    if (look().private_bytes < 0 || pthread_create(&watcher, NULL, watch_on, &watchdog) != 0)
        return false;
    while (!atomic_load(&watchdog.begun))
        nap();
    run(argument);
    atomic_store(&watchdog.over, true);
    pthread_join(watcher, NULL);
    gain->private_bytes = watchdog.most.private_bytes - watchdog.before.private_bytes;
    gain->shared_bytes = watchdog.most.shared_bytes - watchdog.before.shared_bytes;
    return true;
}
