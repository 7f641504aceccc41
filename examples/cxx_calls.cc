#include <cmath>
#include <cstdio>
#include <map>
#include <rankpool.hpp>

struct estimate {
    double from, to, area, error;
};

/* The area under exp. Where the error of an interval is large, its halves are computed. */
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        const auto measure = [](double from, double to) {
            const double middle = (from + to) / 2;
            const double rough = (to - from) * (std::exp(from) + std::exp(to)) / 2;
            const double fine = (rough + (to - from) * std::exp(middle)) / 2;
            return estimate{from, to, fine, std::abs(fine - rough)};
        };
        const auto integrate =
            [&](auto &control) { /* on the root */
                                 std::map<std::int64_t, rankpool::future<estimate>> open;
                                 int calls = 0;
                                 const auto submit = [&](double from, double to) {
                                     auto call = control.submit(measure, from, to);
                                     open.emplace(call.number(), std::move(call));
                                     calls++;
                                 };
                                 double sum = 0;
                                 submit(0, 1);
                                 while (const auto number = control.wait_any()) {
                                     const estimate e = open.extract(*number).mapped().get();
                                     if (e.error > 1e-6) {
                                         submit(e.from, (e.from + e.to) / 2);
                                         submit((e.from + e.to) / 2, e.to);
                                     } else {
                                         sum += e.area;
                                     }
                                 }
                                 std::printf("%.3f after %d calls\n", sum, calls);
            };
        pool.control(integrate, measure);
    });
}
