/* The hooks that the rooms run around every agreement on a call of the pool. */
#ifndef RANKPOOL_API_AGREEMENT_HOOKS_H
#define RANKPOOL_API_AGREEMENT_HOOKS_H

#include "pool/pool.h"

struct agreement_hooks rpi_agreement_hooks(void);

#endif
