#include "base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- the file size limit --------------------------------------------------------------------- */

static sigset_t file_limit_signal(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    return set;
}

void rpi_file_limit_guard_begin(struct file_limit_guard *guard)
{
    int saved = errno;
    sigset_t set = file_limit_signal(), pending;
    pthread_sigmask(SIG_BLOCK, &set, &guard->mask);
    guard->pending = sigismember(&guard->mask, SIGXFSZ) == 1 && sigpending(&pending) == 0 &&
                     sigismember(&pending, SIGXFSZ) == 1;
    errno = saved;
}

/* The kernel sends the signal to the writing thread, so it is already pending here if it was
 * sent. */
void rpi_file_limit_guard_end(const struct file_limit_guard *guard)
{
    int saved = errno;
    sigset_t set = file_limit_signal();
    const struct timespec at_once = {0, 0};
    while (!guard->pending && sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
        continue;
    pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
    errno = saved;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* At the file's position if `offset` is negative. */
static ssize_t write_guarded(int file, const void *bytes, size_t length, int64_t offset)
{
    struct file_limit_guard guard;
    rpi_file_limit_guard_begin(&guard);
    ssize_t written = offset < 0 ? write(file, bytes, length) : pwrite(file, bytes, length, offset);
    rpi_file_limit_guard_end(&guard);
    return written;
}

static int write_whole(int file, const char *bytes, size_t length, int64_t offset)
{
    while (length > 0) {
        ssize_t written = write_guarded(file, bytes, length, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        bytes += written;
        length -= (size_t)written;
        offset += offset < 0 ? 0 : written;
    }
    return 0;
}

ssize_t rpi_write_once(int file, const void *bytes, size_t length)
{
    return write_guarded(file, bytes, length, -1);
}

int rpi_write_all(int file, const void *bytes, size_t length)
{
    return write_whole(file, bytes, length, -1);
}

int rpi_pwrite_all(int file, const void *bytes, size_t length, int64_t offset)
{
    return offset < 0 ? EINVAL : write_whole(file, bytes, length, offset);
}

int rpi_sync(int file)
{
    bool failed = fsync(file) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP;
    return failed ? errno : 0;
}

/* ---- allocating ------------------------------------------------------------------------------ */

/* In small steps, since a signal undoes the current step: with a timer running, a large one might
 * never end. */
static int allocate_in_steps(int file, size_t begin, size_t length)
{
    const size_t step = (size_t)1 << 20;
    int code = 0;
    for (size_t taken = 0; taken < length && code == 0;) {
        size_t part = length - taken < step ? length - taken : step;
        code = posix_fallocate(file, (off_t)(begin + taken), (off_t)part);
        if (code == 0)
            taken += part;
        else if (code == EINTR)
            code = 0;
    }
    return code;
}

int rpi_allocate(int file, size_t begin, size_t length)
{
    struct file_limit_guard guard;
    rpi_file_limit_guard_begin(&guard);
    int code = allocate_in_steps(file, begin, length);
    rpi_file_limit_guard_end(&guard);
    return code;
}

/* ---- the limit on open files ----------------------------------------------------------------- */

void rpi_allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
