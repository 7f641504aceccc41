#include "comm/parts.h"

#include "config.h"

int rpi_part(int64_t left, int64_t size)
{
    int64_t most = size < RANKPOOL_PART_LIMIT ? RANKPOOL_PART_LIMIT / size : 1;
    return (int)(left < most ? left : most);
}
