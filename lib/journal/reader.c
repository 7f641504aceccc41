#include "journal/reader.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool rpi_journal_scan(const unsigned char *bytes, size_t count, journal_take take, void *closure,
                      struct journal_report *report)
{
    *report = (struct journal_report){.good_bytes = JOURNAL_HEAD_BYTES};
    if (!rpi_journal_read_head(bytes, count, &report->head))
        return false;
    bool lost = false; /* looking for the next entry, byte by byte */
    for (size_t at = JOURNAL_HEAD_BYTES; at < count;) {
        struct journal_entry entry;
        enum journal_finding finding =
            rpi_journal_read_entry(bytes + at, count - at, report->head.seed, &entry);
        entry.offset = at;
        if (finding == JOURNAL_ENTRY || finding == JOURNAL_SPOILT) {
            at += JOURNAL_HEAD_BYTES + entry.bytes;
            lost = false;
        }
        if (finding == JOURNAL_ENTRY) {
            take(&entry, closure);
            report->entries++;
            report->good_bytes = at;
        } else if (finding == JOURNAL_SPOILT) {
            report->spoilt++;
        } else {
            report->spoilt += !lost && finding == JOURNAL_NOTHING;
            lost = true;
            at++;
        }
    }
    report->behind_bytes = count - report->good_bytes;
    return true;
}

static rp_status refuse(rp_error *error, const char *path, const char *why)
{
    return rpi_error_set(error, RP_ERR_IO, "the journal %s cannot be read: %s", path, why);
}

static rp_status read_open(int file, const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return refuse(error, path, strerror(errno));
    if (!S_ISREG(about.st_mode) || about.st_size < JOURNAL_HEAD_BYTES)
        return refuse(error, path, "it is none");
    size_t bytes = (size_t)about.st_size;
    void *memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED)
        return refuse(error, path, strerror(errno));
    bool read = rpi_journal_scan(memory, bytes, take, closure, report);
    munmap(memory, bytes);
    return read ? RP_OK : refuse(error, path, "it is none, or one of another version or machine");
}

rp_status rpi_journal_read(const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return refuse(error, path, strerror(errno));
    rp_status status = read_open(file, path, take, closure, report, error);
    close(file);
    return status;
}
