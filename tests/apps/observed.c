/* A program as users write them, for tests of output files in every locale and for every way to
 * end.
 *
 *   observed write PREFIX    sets the locale that the environment names, and writes all documents
 *   observed check FILE...   are these documents well-formed?
 *   observed hold FILE WAY   opens FILE, prints the root's process, and ends: see hold()
 *   observed print           the last rank prints a line */
#include "../suites/documents.h"

#include <locale.h>
#include <rankpool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SKIPPED = 77
};

static double halves[500];

static int halve(rp_task *task, const void *in, void *out)
{
    (void)in;
    usleep(4000);
    *(double *)out = 0.5 * (double)rp_task_item(task);
    return 0;
}

static const char *named(char path[512], const char *prefix, const char *suffix)
{
    snprintf(path, 512, "%.400s%s", prefix, suffix);
    return path;
}

static rp_status write_documents(rp_pool *pool, const char *prefix)
{
    char path[512];
    rp_map_job job = {.n = 500,
                      .item = halve,
                      .out = halves,
                      .out_size = sizeof halves[0],
                      .options = {.name = "half"}};
    rp_status status = rp_record_start(pool);
    if (status == RP_OK)
        status = rp_map(pool, &job);
    if (status == RP_OK)
        status = rp_stats_write(pool, NULL);
    if (status == RP_OK)
        status = rp_stats_write(pool, named(path, prefix, ".json"));
    if (status == RP_OK)
        status = rp_trace(pool, named(path, prefix, ".trace.json"));
    if (status == RP_OK)
        status = rp_timeline(pool, named(path, prefix, ".svg"));
    if (status == RP_OK)
        status = rp_timeline(pool, named(path, prefix, ".html"));
    if (status == RP_OK && rp_rank(pool) == 0)
        printf("%.1f\n", 0.5);
    job.options.item_seconds = -0.5;
    if (status == RP_OK && rp_map(pool, &job) == RP_ERR_ARGUMENT && rp_rank(pool) == 0)
        fprintf(stderr, "%s\n", rp_last_error(pool)->text);
    return status;
}

static rp_status hold(rp_pool *pool, const char *path, const char *way)
{
    rp_file *file;
    rp_status status = rp_file_create(pool, path, &file);
    if (status == RP_OK)
        status = rp_file_append(file, "held", 4);
    if (status != RP_OK)
        return status;
    if (rp_rank(pool) == rp_root(pool)) {
        printf("%d\n", (int)getpid());
        fflush(stdout);
        if (strcmp(way, "exit") == 0)
            exit(3);
        if (strcmp(way, "abort") == 0)
            abort();
        if (strcmp(way, "crash") == 0)
            raise(SIGSEGV);
    }
    for (;;)
        pause();
}

static int check_files(int argc, char **argv)
{
    int bad = 0;
    for (int i = 2; i < argc; i++) {
        char *text = document_read(argv[i]);
        bool json = strstr(argv[i], ".json") != NULL;
        char *svg = text != NULL ? strstr(text, "<svg") : NULL, *end;
        if (svg != NULL && (end = strstr(svg, "</html>")) != NULL)
            *end = '\0';
        if (text == NULL ||
            (json ? !document_is_json(text) : svg == NULL || !document_is_balanced_xml(svg))) {
            fprintf(stderr, "%s is not well-formed\n", argv[i]);
            bad = 1;
        }
        free(text);
    }
    return bad;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_status status = RP_OK;
    if (argc > 2 && strcmp(argv[1], "check") == 0)
        return check_files(argc, argv);
    rp_launch(&argc, &argv);
    if (argc < 2 || (strcmp(argv[1], "write") == 0 && setlocale(LC_ALL, "") == NULL))
        return SKIPPED;
    if (rp_open(NULL, &pool) != RP_OK) {
        fprintf(stderr, "observed: %s\n", rp_last_error(NULL)->text);
        return EXIT_FAILURE;
    }
    if (strcmp(argv[1], "write") == 0 && argc == 3)
        status = write_documents(pool, argv[2]);
    else if (strcmp(argv[1], "hold") == 0 && argc == 4)
        status = hold(pool, argv[2], argv[3]);
    else if (rp_rank(pool) == rp_ranks(pool) - 1)
        puts("a line");
    if (status != RP_OK && rp_rank(pool) == 0)
        fprintf(stderr, "observed: %s\n", rp_last_error(pool)->text);
    rp_close(&pool);
    return rp_exit_code(status);
}
