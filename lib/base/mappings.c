#include "base/mappings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A line of /proc/self/maps. */
struct mapping {
    uintptr_t low, high;
    bool readable, shared;
    unsigned long inode;
    char name[256];
};

static bool mapping_parse(const char *line, struct mapping *mapping)
{
    char access[5] = "";
    int name = 0;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu %n", &mapping->low, &mapping->high,
               access, &mapping->inode, &name) < 4)
        return false;
    mapping->readable = access[0] == 'r';
    mapping->shared = access[3] == 's';
    snprintf(mapping->name, sizeof mapping->name, "%.*s", (int)strcspn(line + name, "\n"),
             line + name);
    return true;
}

static bool mapping_continues(const struct mapping *last, const struct mapping *next)
{
    if (last->shared || next->shared)
        return last->shared && next->shared && last->inode == next->inode;
    return true;
}

/* Describes the mapping that follows a region; NULL: none. */
static void mapping_describe(const struct mapping *next, char *text, size_t size)
{
    if (next == NULL)
        snprintf(text, size, "memory that is not mapped");
    else if (!next->readable)
        snprintf(text, size, "memory without access");
    else
        snprintf(text, size, "other memory (%s)", next->name[0] != '\0' ? next->name : "unnamed");
}

size_t rpi_mapped_bytes(const void *address, size_t wanted, char *behind, size_t size)
{
    const uintptr_t begin = (uintptr_t)address, end = begin + wanted;
    uintptr_t reached = begin;
    struct mapping last = {.low = 0}, next;
    char line[512];
    bool ended = false;
    FILE *list = fopen("/proc/self/maps", "re");
    if (list == NULL)
        return wanted;
    mapping_describe(NULL, behind, size);
    while (reached < end && !ended && fgets(line, sizeof line, list) != NULL) {
        if (!mapping_parse(line, &next) || next.high <= reached)
            continue;
        bool here = next.low <= reached;
        bool goes_on = reached == begin || mapping_continues(&last, &next);
        ended = !here || !next.readable || !goes_on;
        if (here && ended)
            mapping_describe(&next, behind, size);
        if (!ended)
            reached = next.high;
        last = next;
    }
    fclose(list);
    return reached < end ? reached - begin : wanted;
}
