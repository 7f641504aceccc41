#include "comm/tcp_addresses.h"

#include "base/siphash.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

static bool interface_usable(const struct ifaddrs *interface)
{
    return interface->ifa_addr != NULL && interface->ifa_addr->sa_family == AF_INET &&
           (interface->ifa_flags & IFF_UP) != 0;
}

void rpi_addresses_add(struct sockaddr_in *addresses, int *count, bool loopback)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0)
        return;
    for (struct ifaddrs *at = list; at != NULL && *count < ADDRESSES; at = at->ifa_next) {
        if (interface_usable(at) && ((at->ifa_flags & IFF_LOOPBACK) != 0) == loopback)
            memcpy(&addresses[(*count)++], at->ifa_addr, sizeof *addresses);
    }
    freeifaddrs(list);
}

/* All of 127.0.0.0/8 is the local host. */
bool rpi_addresses_own(const struct sockaddr_in *address)
{
    struct ifaddrs *list = NULL;
    bool own = ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (getifaddrs(&list) != 0)
        return own;
    for (struct ifaddrs *at = list; at != NULL && !own; at = at->ifa_next) {
        struct sockaddr_in mine;
        if (!interface_usable(at))
            continue;
        memcpy(&mine, at->ifa_addr, sizeof mine);
        own = mine.sin_addr.s_addr == address->sin_addr.s_addr;
    }
    freeifaddrs(list);
    return own;
}

static size_t boot_id_read(char *text, size_t size)
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t count = file >= 0 ? read(file, text, size) : -1;
    if (file >= 0)
        close(file);
    return count > 0 ? (size_t)count : 0;
}

/* Identifies the running kernel by its boot id, or else by the host name, and the interfaces by the
 * network namespace. */
uint64_t rpi_network_identity(void)
{
    const struct siphash_key none = {{0, 0}}; /* it need not be secret */
    char text[256] = "";
    const size_t half = sizeof text / 2;
    if (boot_id_read(text, half) == 0)
        gethostname(text, half - 1);
    if (readlink("/proc/self/ns/net", text + half, half) < 0)
        memset(text + half, 0, half);
    return rpi_siphash(&none, text, sizeof text);
}
