#include <cstdio>
#include <rankpool.hpp>

/* Pi as an area, and by darts; then a sum of an array that only the root has. */
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        const std::int64_t n = 1000000;
        const double height = pool.reduce(
            n, 0.0,
            [](double &sum, std::int64_t i) {
                const double x = (static_cast<double>(i) + 0.5) / n;
                sum += 4 / (1 + x * x);
            },
            std::plus<>());
        const std::int64_t hits = pool.reduce(
            n, std::int64_t(0),
            [](rankpool::task &task, std::int64_t &count, std::int64_t i) {
                rankpool::random random = task.random(i);
                const double x = random.uniform(), y = random.uniform();
                count += x * x + y * y < 1;
            },
            std::plus<>(), rankpool::options().seed(1));

        std::vector<double> roots(pool.is_root() ? 1000 : 0, 0.1);
        const rankpool::array<double> all(roots.data(), 1000);
        const rp_exact sum = pool.reduce(
            all, rp_exact(), [](rp_exact &part, double x) { rp_exact_add(&part, x); },
            rankpool::combine_sums());
        if (pool.is_root())
            std::printf("%.12f %.4f %.17g\n", height / n, 4 * static_cast<double>(hits) / n,
                        rp_exact_value(&sum));
    });
}
