/* Replaces uts.c if Nettle is missing. */
#include "trees/uts.h"

#include <stddef.h>

bool uts_supported(void)
{
    return false;
}

struct uts uts_default(void)
{
    return (struct uts){.type = UTS_GEOMETRIC};
}

bool uts_named(const char *name, struct uts *uts)
{
    (void)name;
    (void)uts;
    return false;
}

void uts_begin(struct uts *uts)
{
    (void)uts;
}

void uts_root(const struct uts *uts, struct uts_node *root)
{
    (void)uts;
    root->level = 0;
}

int uts_children(const struct uts *uts, const struct uts_node *node)
{
    (void)uts;
    (void)node;
    return 0;
}

void uts_child(const struct uts_node *parent, int number, struct uts_node *child)
{
    (void)parent;
    (void)number;
    (void)child;
}
