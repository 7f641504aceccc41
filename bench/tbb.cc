// The additions of bench/claims.c by oneTBB, in nanoseconds an item, the median of some rounds: an
// argument names the partitioner.
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static std::uint64_t additions(std::int64_t n, bool singly)
{
    auto body = [](const tbb::blocked_range<std::int64_t> &range, std::uint64_t sum) {
        for (std::int64_t i = range.begin(); i < range.end(); i++) {
            sum += static_cast<std::uint64_t>(i);
            asm volatile("" : "+r"(sum));
        }
        return sum;
    };
    auto join = [](std::uint64_t a, std::uint64_t b) { return a + b; };
    tbb::blocked_range<std::int64_t> all(0, n, 1);
    if (singly)
        return tbb::parallel_reduce(all, std::uint64_t{0}, body, join, tbb::simple_partitioner());
    return tbb::parallel_reduce(all, std::uint64_t{0}, body, join, tbb::static_partitioner());
}

// Nanoseconds an item; below 0: the sum is wrong.
static double cost(std::int64_t n, bool singly)
{
    auto begin = std::chrono::steady_clock::now();
    const std::uint64_t sum = additions(n, singly);
    std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (sum != static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(n - 1) / 2)
        return -1;
    return took.count() / static_cast<double>(n);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const bool singly = std::strcmp(argv[1], "singly") == 0;
    const std::int64_t n = 20000000;
    tbb::global_control cores(tbb::global_control::max_allowed_parallelism,
                              static_cast<std::size_t>(std::atoi(argv[2])));
    additions(n / 100, singly); // wakes the threads
    std::vector<double> costs(singly ? 3 : 25);
    for (double &each : costs)
        each = cost(n, singly);
    std::sort(costs.begin(), costs.end());
    if (costs.front() < 0)
        return 1;
    std::printf("%.4f\n", costs[costs.size() / 2]);
    return 0;
}
