#include "rankpool.h"

rp_range rp_block(int64_t n, int64_t parts, int64_t part)
{
    if (n < 0 || parts < 1 || part < 0 || part >= parts)
        return (rp_range){0, 0};
    int64_t length = n / parts, longer = n % parts;
    int64_t begin = part * length + (part < longer ? part : longer);
    return (rp_range){begin, begin + length + (part < longer)};
}

int64_t rp_block_owner(int64_t n, int64_t parts, int64_t item)
{
    if (n < 0 || parts < 1 || item < 0 || item >= n)
        return -1;
    int64_t length = n / parts, longer = n % parts;
    int64_t in_longer = longer * (length + 1);
    if (item < in_longer)
        return item / (length + 1);
    return longer + (item - in_longer) / length;
}
