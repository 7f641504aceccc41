#include "doctor/start.h"

#include "base/environment.h"
#include "doctor/report.h"
#include "launch/mpirun.h"
#include "launch/supervisor.h"

#include <errno.h>
#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FILES_OF_A_RANK = 8, /* of mpirun, for each rank */
    FILES_OF_MPIRUN = 64,
    NOT_FOUND = 127
};

/* The status of `mpirun --version`, or -1 if no process can be started. */
static int start_try(const char *mpirun)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool quiet = freopen("/dev/null", "w", stdout) != NULL;
        if (quiet && freopen("/dev/null", "w", stderr) != NULL)
            execlp(mpirun, mpirun, "--version", (char *)NULL);
        _exit(NOT_FOUND);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_FOUND;
}

static bool start_find_mpirun(struct report *report, const char *mpirun)
{
    bool named = rpi_environment_text("RANKPOOL_MPIRUN") != NULL;
    int status = mpirun != NULL ? start_try(mpirun) : NOT_FOUND;
    if (status == 0)
        return false;
    if (status < 0) {
        report_mend(report, "launch", "no process can be started: %s", strerror(errno));
        report_type("ulimit -u, and end what need not run");
        return true;
    }
    report_mend(report, "launch", "%s does not run", mpirun != NULL ? mpirun : "mpirun");
    report_type(named ? "unset RANKPOOL_MPIRUN"
                      : "apt-get install openmpi-bin, or RANKPOOL_MPIRUN=PATH PROGRAM");
    return true;
}

static bool start_find_files(struct report *report, int ranks)
{
    struct rlimit limit;
    rlim_t wanted = FILES_OF_MPIRUN + (rlim_t)ranks * FILES_OF_A_RANK;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return false;
    report_mend(report, "launch", "mpirun may open %llu files only, too few for %d ranks",
                (unsigned long long)limit.rlim_cur, ranks);
    report_type("ulimit -n %llu", (unsigned long long)wanted);
    return true;
}

static bool start_find_room(struct report *report)
{
    const char *directory = rpi_environment_text("TMPDIR");
    directory = directory != NULL ? directory : "/tmp";
    struct statvfs status;
    bool there = access(directory, W_OK | X_OK) == 0 && statvfs(directory, &status) == 0;
    if (there && status.f_bavail > 0 && (status.f_files == 0 || status.f_favail > 0))
        return false;
    report_mend(report, "launch", "mpirun cannot make files in %s: %s", directory,
                there ? strerror(ENOSPC) : strerror(errno));
    report_type("TMPDIR=DIRECTORY rankpool-doctor");
    return true;
}

static pid_t watcher;

static void start_explain(void)
{
    struct report report = {0};
    struct launch_facts facts = rpi_launch_facts();
    if (getpid() != watcher || rp_launched() || !facts.tried || facts.started > 0 ||
        facts.ended_by_signal)
        return;
    if (!start_find_mpirun(&report, rpi_mpirun()) && !start_find_files(&report, facts.ranks) &&
        !start_find_room(&report)) {
        report_mend(&report, "launch", "mpirun has started no rank: its own words are above");
        report_type("%s -np 1 true, and mend what it says", rpi_mpirun());
    }
    report_end(&report);
    fflush(stdout);
}

void start_watch(void)
{
    watcher = getpid();
    if (!rp_launched())
        atexit(start_explain);
}
