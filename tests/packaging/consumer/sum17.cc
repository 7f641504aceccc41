// The sum of the first n numbers, by all ranks, with rankpool.hpp; exit status 0 if it is right.
#include <iostream>
#include <rankpool.hpp>
#include <stdexcept>

int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        const std::int64_t n = 100000;
        const std::int64_t sum = pool.reduce(
            n, std::int64_t(0), [](std::int64_t &part, std::int64_t i) { part += i; },
            std::plus<>());
        if (pool.is_root())
            std::cout << rp_version() << " in C++17: " << sum << " on " << pool.ranks()
                      << " ranks\n";
        if (sum != n * (n - 1) / 2)
            throw std::runtime_error("the sum is wrong");
    });
}
