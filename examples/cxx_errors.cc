#include <cmath>
#include <iostream>
#include <rankpool.hpp>

/* Items that throw: the others are computed, and every rank gets one exception. */
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        const std::vector<double> x = {4, 9, -16, 25, -36, 49};
        std::vector<double> roots(x.size());
        try {
            pool.map(
                x, roots,
                [](double square) {
                    if (square < 0)
                        throw std::domain_error("no root of " + std::to_string(square));
                    return std::sqrt(square);
                },
                rankpool::options().on_failure(RP_ON_FAILURE_CONTINUE));
        } catch (const rankpool::error &error) {
            if (pool.is_root())
                std::cout << "item " << error.item() << ": " << error.text() << "\n";
        }
        if (pool.is_root())
            std::cout << roots[0] << " " << roots[1] << " " << roots[3] << " " << roots[5] << "\n";
    });
}
