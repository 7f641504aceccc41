#include "base/poison.h"

/* Four bytes of poison. The finalizer of SplitMix64 (Steele, Lea, Flood, 2014) makes the free bits
 * of the NaN. */
static uint32_t poison_word(uint64_t key, size_t word)
{
    uint64_t bits = (key + word + 1) * UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return UINT32_C(0xfff80000) | ((uint32_t)(bits >> 32) & UINT32_C(0x0007ffff));
}

static unsigned char poison_byte(uint64_t key, size_t offset)
{
    return (unsigned char)(poison_word(key, offset / 4) >> 8 * (offset % 4));
}

void rpi_poison(void *block, size_t begin, size_t end, uint64_t key)
{
    unsigned char *bytes = block;
    for (size_t i = begin; i < end; i++)
        bytes[i] = poison_byte(key, i);
}

bool rpi_poisoned(const void *block, size_t begin, size_t end, uint64_t key)
{
    const unsigned char *bytes = block;
    for (size_t i = begin; i < end; i++) {
        if (bytes[i] != poison_byte(key, i))
            return false;
    }
    return true;
}
