#include "launch/obituary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rpi_obituary(pid_t process)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const char *last = NULL; /* of its fields is the exit code */
    if (fgets(line, sizeof line, file) != NULL)
        last = strrchr(line, ' ');
    fclose(file);
    return last != NULL ? atoi(last + 1) : 0;
}
