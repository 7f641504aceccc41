// The keys of bench/sort.c sorted by GNU's parallel mode, in nanoseconds a key.
#include <parallel/algorithm>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const std::size_t n = std::strtoull(argv[1], nullptr, 10);
    omp_set_num_threads(std::atoi(argv[2]));
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> keys(n);
    for (auto &key : keys)
        key = random();
    auto begin = std::chrono::steady_clock::now();
    __gnu_parallel::stable_sort(keys.begin(), keys.end());
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    for (std::size_t i = 1; i < n; i++)
        if (keys[i - 1] > keys[i])
            return 1;
    std::printf("%.4f\n", took.count() / static_cast<double>(n) * 1e9);
    return 0;
}
