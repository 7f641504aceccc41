#include "trees/graph.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is being read. */
struct graph_file {
    FILE *stream;
    const char *path;
    int64_t line;
    int64_t edges_said, edges, distinct; /* by the line p; lines e; without repetitions */
    char *problem;
};

bool graph_make(struct graph *graph, int vertices)
{
    int words = (vertices + 63) / 64;
    *graph = (struct graph){vertices, words,
                            calloc((size_t)vertices * (size_t)words, sizeof *graph->rows)};
    return graph->rows != NULL;
}

void graph_drop(struct graph *graph)
{
    free(graph->rows);
    graph->rows = NULL;
}

/* Returns false. */
__attribute__((format(printf, 2, 3))) static bool graph_complain(struct graph_file *file,
                                                                 const char *format, ...)
{
    va_list arguments;
    int length = snprintf(file->problem, GRAPH_PROBLEM_SIZE, "%.120s, line %lld: ", file->path,
                          (long long)file->line);
    va_start(arguments, format);
    vsnprintf(file->problem + length, GRAPH_PROBLEM_SIZE - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

static bool graph_read_size(struct graph_file *file, struct graph *graph, const char *line)
{
    long long vertices, edges;
    char kind[16], rest;
    if (graph->rows != NULL)
        return graph_complain(file, "a second line p");
    if (sscanf(line, "p %15s %lld %lld %c", kind, &vertices, &edges, &rest) != 3)
        return graph_complain(file, "expected 'p edge VERTICES EDGES'");
    if (vertices < 1 || vertices > GRAPH_MOST || edges < 0)
        return graph_complain(file, "%lld vertices, %lld edges: expected 1 to %d, and 0 or more",
                              vertices, edges, GRAPH_MOST);
    file->edges_said = edges;
    return graph_make(graph, (int)vertices) || graph_complain(file, "no memory");
}

static bool graph_read_edge(struct graph_file *file, struct graph *graph, const char *line)
{
    long long from, to;
    char rest;
    if (graph->rows == NULL)
        return graph_complain(file, "an edge before the line p");
    if (sscanf(line, "e %lld %lld %c", &from, &to, &rest) != 2)
        return graph_complain(file, "expected 'e VERTEX VERTEX'");
    if (from < 1 || from > graph->vertices || to < 1 || to > graph->vertices || from == to)
        return graph_complain(file, "an edge of %lld and %lld: expected two vertices from 1 to %d",
                              from, to, graph->vertices);
    file->edges++;
    file->distinct += !bit_get(graph_row(graph, (int)from - 1), (int)to - 1);
    bit_set(graph_row(graph, (int)from - 1), (int)to - 1);
    bit_set(graph_row(graph, (int)to - 1), (int)from - 1);
    return true;
}

static bool graph_read_line(struct graph_file *file, struct graph *graph, const char *line)
{
    file->line++;
    switch (line[strspn(line, " \t\r\n")]) {
    case 'c':
    case '\0':
        return true;
    case 'p':
        return graph_read_size(file, graph, line);
    case 'e':
        return graph_read_edge(file, graph, line);
    default:
        return graph_complain(file, "expected a line that begins with c, p or e");
    }
}

static bool graph_read_lines(struct graph_file *file, struct graph *graph)
{
    char *line = NULL;
    size_t size = 0;
    bool fine = true;
    while (fine && getline(&line, &size, file->stream) >= 0)
        fine = graph_read_line(file, graph, line);
    free(line);
    if (fine && ferror(file->stream))
        return graph_complain(file, "%s", strerror(errno));
    if (fine && graph->rows == NULL)
        return graph_complain(file, "the file ends without a line p");
    /* Some files have every edge twice, and count it once. */
    if (fine && file->edges != file->edges_said && file->distinct != file->edges_said)
        return graph_complain(file, "the file ends after %lld edges, of %lld",
                              (long long)file->distinct, (long long)file->edges_said);
    return fine;
}

bool graph_read(struct graph *graph, const char *path, char problem[GRAPH_PROBLEM_SIZE])
{
    struct graph_file file = {.stream = fopen(path, "r"), .path = path, .problem = problem};
    graph->rows = NULL;
    if (file.stream == NULL) {
        snprintf(problem, GRAPH_PROBLEM_SIZE, "cannot open %.120s: %s", path, strerror(errno));
        return false;
    }
    bool fine = graph_read_lines(&file, graph);
    fclose(file.stream);
    if (!fine)
        graph_drop(graph);
    return fine;
}
