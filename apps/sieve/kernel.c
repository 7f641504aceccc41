#include "config.h"

#include "sieve/kernel.h"

#include <math.h>
#include <string.h>

static const struct kernel *const kernels[] = {
#ifdef HAVE_PRIMESIEVE
    &kernel_primesieve,
#endif
    &kernel_builtin,
};

const struct kernel *kernel_number(size_t index)
{
    return index < sizeof kernels / sizeof kernels[0] ? kernels[index] : NULL;
}

const struct kernel *kernel_find(const char *name)
{
    const struct kernel *kernel;
    for (size_t i = 0; (kernel = kernel_number(i)) != NULL; i++)
        if (strcmp(kernel->name, name) == 0)
            return kernel;
    return NULL;
}

/* From 2^53 on the floating-point root may be off by one. */
uint64_t integer_root(uint64_t n)
{
    uint64_t root = (uint64_t)sqrt((double)n);
    if (root > UINT32_MAX)
        root = UINT32_MAX;
    while (root * root > n)
        root--;
    while (root < UINT32_MAX && (root + 1) * (root + 1) <= n)
        root++;
    return root;
}
