/* The sieves compared with known values, with trial division, and with each other. No MPI. */
#include "config.h"

#include "passes.h"

#include "sieve/interval.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t count(const struct kernel *kernel, uint64_t first, uint64_t last)
{
    uint64_t primes = 0;
    ck_assert(kernel->count(1, first, last, &primes));
    return primes;
}

/* Each test runs for every kernel: _i is the kernel's number. */
static const struct kernel *kernel_under_test(int i)
{
    const struct kernel *kernel = kernel_number((size_t)i);
    ck_assert_ptr_nonnull(kernel);
    return kernel;
}

/* OEIS A006880: the primes below 10^k. */
START_TEST(powers_of_ten)
{
    static const uint64_t expected[] = {0, 4, 25, 168, 1229, 9592, 78498, 664579, 5761455};
    const struct kernel *kernel = kernel_under_test(_i);
    uint64_t power = 1;
    for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++, power *= 10)
        ck_assert_uint_eq(count(kernel, 0, power), expected[k]);
}
END_TEST

static bool is_prime(uint64_t n)
{
    for (uint64_t divisor = 2; divisor * divisor <= n; divisor++)
        if (n % divisor == 0)
            return false;
    return n >= 2;
}

/* Every interval with both ends below 200: all ways to begin and end within the wheel. */
START_TEST(small_intervals_by_trial_division)
{
    const struct kernel *kernel = kernel_under_test(_i);
    for (uint64_t first = 0; first < 200; first++) {
        uint64_t expected = 0;
        for (uint64_t last = first; last < 200; last++) {
            expected += is_prime(last);
            ck_assert_msg(count(kernel, first, last) == expected, "%" PRIu64 " ... %" PRIu64, first,
                          last);
        }
    }
}
END_TEST

START_TEST(single_numbers_by_trial_division)
{
    static const uint64_t around[] = {1u << 16, 1u << 18, UINT64_C(1) << 32, UINT64_C(1) << 36};
    const struct kernel *kernel = kernel_under_test(_i);
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++)
        for (uint64_t n = around[i] - 60; n < around[i] + 60; n++)
            ck_assert_msg(count(kernel, n, n) == is_prime(n), "%" PRIu64, n);
}
END_TEST

/* Cut where the builtin sieve cuts an interval, and next to it, the parts must add up to the
 * whole. */
START_TEST(parts_make_up_the_whole)
{
    const struct kernel *kernel = kernel_under_test(_i);
    const uint64_t begin = UINT64_C(1) << 32, segment = 30 << 17, length = 3 * segment;
    uint64_t whole = count(kernel, begin, begin + length);
    for (uint64_t cut = segment - 31; cut <= segment + 31; cut++) {
        uint64_t left = count(kernel, begin, begin + cut);
        uint64_t right = count(kernel, begin + cut + 1, begin + length);
        ck_assert_msg(left + right == whole, "cut after %" PRIu64, cut);
    }
}
END_TEST

/* 18446744073709551557 is the largest prime below 2^64, 18446744073709551533 the one before. */
START_TEST(up_to_the_last_number)
{
    const struct kernel *kernel = kernel_under_test(_i);
    ck_assert_uint_eq(count(kernel, UINT64_MAX, UINT64_MAX), 0);
    ck_assert_uint_eq(count(kernel, UINT64_C(18446744073709551533), UINT64_MAX), 2);
}
END_TEST

/* The tuplets of a list of primes: the kernel must count the same. */
struct seen {
    uint64_t recent[MOST_TUPLET]; /* primes, the latest last */
    uint64_t tuplets[MOST_TUPLET + 1];
    uint64_t most; /* number of primes to find */
};

static bool see(void *closure, const uint64_t *primes, size_t count)
{
    struct seen *seen = closure;
    for (size_t i = 0; i < count; i++) {
        for (int k = 1; k < MOST_TUPLET; k++)
            seen->recent[k - 1] = seen->recent[k];
        seen->recent[MOST_TUPLET - 1] = primes[i];
        seen->tuplets[1]++;
        for (int size = 2; size <= MOST_TUPLET; size++) {
            const uint64_t *first = seen->recent + MOST_TUPLET - size;
            seen->tuplets[size] += *first > 0 && tuplets_begin(size, first, (size_t)size);
        }
    }
    return seen->tuplets[1] < seen->most;
}

START_TEST(lists_end_with_the_last_prime)
{
    const struct kernel *kernel = kernel_under_test(_i);
    struct seen seen = {.most = UINT64_MAX};
    ck_assert(kernel->list(UINT64_C(18446744073709551533), UINT64_MAX, see, &seen));
    ck_assert_uint_eq(seen.tuplets[1], 2);
    ck_assert_uint_eq(seen.recent[MOST_TUPLET - 1], UINT64_C(18446744073709551557));
}
END_TEST

/* Counts all kinds and lists the primes; both must agree. */
static void check_tuplets(const struct kernel *kernel, uint64_t first, uint64_t last)
{
    struct seen seen = {.most = UINT64_MAX};
    ck_assert(kernel->list(first, last, see, &seen));
    for (int size = 1; size <= MOST_TUPLET; size++) {
        uint64_t counted;
        ck_assert(kernel->count(size, first, last, &counted));
        ck_assert_msg(counted == seen.tuplets[size],
                      "%" PRIu64 " ... %" PRIu64 ": %" PRIu64 " tuplets of %d, not %" PRIu64, first,
                      last, counted, size, seen.tuplets[size]);
    }
}

START_TEST(lists_are_what_is_counted)
{
    const struct kernel *kernel = kernel_under_test(_i);
    for (uint64_t first = 0; first < 14; first++)
        for (uint64_t last = first; last < 34; last++)
            check_tuplets(kernel, first, last);
    check_tuplets(kernel, 0, 5000000);
    check_tuplets(kernel, UINT64_C(4294000000), UINT64_C(4296000000));
    check_tuplets(kernel, UINT64_C(1000000000000), UINT64_C(1000000001000));
}
END_TEST

/* OEIS A006880, A007508, A050258 for primes, twins and quadruplets below 10^8; the others as
 * primesieve counts them. */
START_TEST(known_numbers_of_tuplets)
{
    static const uint64_t expected[] = {0, 5761455, 440312, 111156, 4768, 1383, 82};
    const struct kernel *kernel = kernel_under_test(_i);
    for (int size = 1; size <= MOST_TUPLET; size++) {
        uint64_t counted;
        ck_assert(kernel->count(size, 0, 100000000, &counted));
        ck_assert_uint_eq(counted, expected[size]);
    }
}
END_TEST

START_TEST(lists_end_when_they_are_to)
{
    const struct kernel *kernel = kernel_under_test(_i);
    struct seen seen = {.most = 1};
    ck_assert(kernel->list(0, UINT64_C(1000000000), see, &seen));
    ck_assert_uint_ge(seen.tuplets[1], 1);
    ck_assert_uint_lt(seen.tuplets[1], 1000000);
}
END_TEST

/* Units are the items of the loop: there must not be too many, and none may be too narrow. */
START_TEST(units_fit)
{
    const struct kernel *kernel = kernel_under_test(_i);
    for (int bits = 0; bits <= 64; bits++) {
        uint64_t last = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        uint64_t width = kernel->unit_width(last);
        ck_assert_uint_ge(width, 1u << 20);
        ck_assert(last / width < INT64_MAX);
        ck_assert_uint_ge(kernel->part_width(last), 1u << 20);
        ck_assert(kernel->number_seconds(last) > 0);
        ck_assert(kernel->call_overhead(last) > 0 && kernel->call_overhead(last) < 60);
    }
}
END_TEST

START_TEST(roots_are_exact)
{
    for (uint64_t root = UINT32_MAX; root > UINT32_MAX - UINT64_C(1000); root--) {
        ck_assert_uint_eq(integer_root(root * root), root);
        ck_assert_uint_eq(integer_root(root * root - 1), root - 1);
    }
    for (uint64_t n = 0; n < 1000; n++) {
        uint64_t root = integer_root(n);
        ck_assert(root * root <= n && (root + 1) * (root + 1) > n);
    }
    ck_assert_uint_eq(integer_root(UINT64_MAX), UINT32_MAX);
}
END_TEST

START_TEST(kernels_are_found_by_name)
{
    ck_assert_ptr_eq(kernel_find("builtin"), &kernel_builtin);
    ck_assert_ptr_null(kernel_find("abacus"));
    ck_assert_ptr_null(kernel_find(""));
    for (size_t i = 0; kernel_number(i) != NULL; i++)
        ck_assert_ptr_eq(kernel_find(kernel_number(i)->name), kernel_number(i));
}
END_TEST

/* Units that become narrower follow each other without a gap, and together are the interval. */
START_TEST(tapered_units_are_the_interval)
{
    static const struct interval whole[] = {{0, 100000000},
                                            {7, 7 + 30 * 1000},
                                            {UINT64_MAX - 123456789, UINT64_MAX}};
    static const uint64_t widths[] = {1000, 65536, 1000000};
    struct cut cut = cut_interval(whole[_i / 3], widths[_i % 3]);
    cut.taper = 48;
    uint64_t next = cut.whole.first, widest = cut.width / 4 * 5;
    for (int64_t unit = 0; unit < cut.units; unit++) {
        struct interval part = cut_part(&cut, (rp_range){unit, unit + 1});
        if (unit > 0 && part.first > part.last)
            continue; /* none is left for the last one */
        ck_assert(part.first == next && part.last - part.first < widest);
        ck_assert(unit == 0 || part.first % 30 == 2);
        next = part.last + 1;
    }
    ck_assert(next == cut.whole.last + 1);
    struct interval half = cut_part(&cut, (rp_range){0, cut.units / 2});
    double part = (double)(half.last - half.first) / (double)(cut.whole.last - cut.whole.first);
    ck_assert(cut.width < 256 * 30 || cut.units < 20 || (part > 0.53 && part < 0.6));
}
END_TEST

#ifdef HAVE_PRIMESIEVE
/* Steele's splitmix64: the same intervals in every run. */
static uint64_t random_number(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void assert_same_count(uint64_t first, uint64_t last)
{
    ck_assert_msg(count(&kernel_builtin, first, last) == count(&kernel_primesieve, first, last),
                  "%" PRIu64 " ... %" PRIu64, first, last);
}

START_TEST(random_intervals_agree)
{
    uint64_t state = 2718281828;
    for (int bits = 1; bits <= 50; bits++)
        for (int i = 0; i < (bits <= 40 ? 10 : 2); i++) {
            uint64_t first = random_number(&state) >> (64 - bits);
            assert_same_count(first, first + random_number(&state) % 10000000);
        }
}
END_TEST

/* Across 2^32 and 2^36, where roots pass 2^16 and 2^18; over several windows; up to the end. */
START_TEST(edges_agree)
{
    assert_same_count((UINT64_C(1) << 32) - 1000000, (UINT64_C(1) << 32) + 1000000);
    assert_same_count((UINT64_C(1) << 36) - 5000000, (UINT64_C(1) << 36) + 5000000);
    assert_same_count(UINT64_C(1000000000000000), UINT64_C(1000000000000000) + 600000000);
    assert_same_count(UINT64_MAX - 100000000, UINT64_MAX);
}
END_TEST
#endif

static int kernels(void)
{
    int number = 0;
    while (kernel_number((size_t)number) != NULL)
        number++;
    return number;
}

static TCase *tests_of_the_last_numbers(void)
{
    TCase *last = tcase_create("the last numbers");
    tcase_add_loop_test(last, up_to_the_last_number, 0, kernels());
    tcase_add_loop_test(last, lists_end_with_the_last_prime, 0, kernels());
    return last;
}

static TCase *other_tests(void)
{
    TCase *all = tcase_create("all others");
    tcase_add_loop_test(all, powers_of_ten, 0, kernels());
    tcase_add_loop_test(all, small_intervals_by_trial_division, 0, kernels());
    tcase_add_loop_test(all, single_numbers_by_trial_division, 0, kernels());
    tcase_add_loop_test(all, parts_make_up_the_whole, 0, kernels());
    tcase_add_loop_test(all, lists_are_what_is_counted, 0, kernels());
    tcase_add_loop_test(all, known_numbers_of_tuplets, 0, kernels());
    tcase_add_loop_test(all, lists_end_when_they_are_to, 0, kernels());
    tcase_add_loop_test(all, units_fit, 0, kernels());
    tcase_add_loop_test(all, tapered_units_are_the_interval, 0, 9);
    tcase_add_test(all, roots_are_exact);
    tcase_add_test(all, kernels_are_found_by_name);
#ifdef HAVE_PRIMESIEVE
    tcase_add_test(all, random_intervals_agree);
    tcase_add_test(all, edges_agree);
#endif
    return all;
}

/* The last numbers take half of the time, since the sieves begin with the primes up to 2^32. So one
 * process tests those, and another the rest. */
int main(void)
{
    int status;
    pid_t other = fork();
    if (other == 0)
        return passes(tests_of_the_last_numbers(), "kernels") ? 0 : 1;
    bool good = passes(other_tests(), "kernels");
    return good && other > 0 && waitpid(other, &status, 0) == other && status == 0 ? 0 : 1;
}
