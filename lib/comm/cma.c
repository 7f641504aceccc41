#include "comm/cma.h"

#include "base/environment.h"

#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct peer rpi_peer_self(void)
{
    /* Two threads that open pools may both be first: one token wins. */
    static _Atomic uint64_t token;
    uint64_t none = 0, number;
    if (getrandom(&number, sizeof number, 0) != sizeof number || number == 0)
        number = (uint64_t)getpid();
    atomic_compare_exchange_strong(&token, &none, number);
    /* Yama's restricted mode lets a process be accessed only with its permission. Without Yama this
     * call fails, and is not needed. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    return (struct peer){.process = getpid(),
                         .token_address = (uint64_t)(uintptr_t)&token,
                         .token = token};
}

bool rpi_peer_reachable(const struct peer *peer)
{
    uint64_t token;
    if (rpi_environment_text("RANKPOOL_TEST_UNREACHABLE") != NULL)
        return false;
    return rpi_peer_read(peer, peer->token_address, &token, sizeof token) && token == peer->token;
}

typedef ssize_t (*transfer)(pid_t, const struct iovec *, unsigned long, const struct iovec *,
                            unsigned long, unsigned long);

/* The kernel moves at most 2 GiB per call, and may stop at any page. */
static bool peer_transfer(transfer step, const struct peer *peer, uint64_t address, void *memory,
                          size_t bytes)
{
    size_t moved = 0;
    while (moved < bytes) {
        struct iovec here = {(char *)memory + moved, bytes - moved};
        struct iovec there = {(void *)(uintptr_t)(address + moved), bytes - moved};
        ssize_t count = step((pid_t)peer->process, &here, 1, &there, 1, 0);
        if (count <= 0)
            return false;
        moved += (size_t)count;
    }
    return true;
}

bool rpi_peer_read(const struct peer *peer, uint64_t address, void *to, size_t bytes)
{
    return peer_transfer(process_vm_readv, peer, address, to, bytes);
}

bool rpi_peer_write(const struct peer *peer, uint64_t address, const void *from, size_t bytes)
{
    return peer_transfer(process_vm_writev, peer, address, (void *)(uintptr_t)from, bytes);
}
