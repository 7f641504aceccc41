#include <algorithm>
#include <iostream>
#include <rankpool.hpp>

int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        std::vector<int> steps(3000000);
        pool.map(steps.size(), steps, [](std::int64_t i) {
            int count = 0;
            for (std::int64_t x = i + 1; x != 1; count++)
                x = x % 2 == 0 ? x / 2 : 3 * x + 1;
            return count;
        });
        const auto most = std::max_element(steps.begin(), steps.end());
        if (pool.is_root())
            std::cout << most - steps.begin() + 1 << " takes " << *most << " steps\n";
    });
}
