#include <cmath>
#include <cstdio>
#include <map>
#include <rankpool.hpp>

struct part {
    double from, to, area, error;
};

// The area under exp on an interval, and an estimate of its error: on any rank.
static part measure(double from, double to)
{
    const double middle = (from + to) / 2;
    const double rough = (to - from) * (std::exp(from) + std::exp(to)) / 2;
    const double fine = (rough + (to - from) * std::exp(middle)) / 2;
    return {from, to, fine, std::abs(fine - rough)};
}

int main(int argc, char **argv)
{
    // The controller, on the root. Where the error is large, it has both halves computed.
    const auto integrate = [](auto &control) {
        std::map<std::int64_t, rankpool::future<part>> open;
        const auto submit = [&](double from, double to) {
            auto call = control.submit(measure, from, to);
            open[call.number()] = std::move(call);
        };
        double sum = 0;
        int calls = 0;
        for (submit(0, 1); const auto number = control.wait_any(); calls++) {
            const part p = open.extract(*number).mapped().get();
            if (p.error > 1e-6) {
                submit(p.from, (p.from + p.to) / 2);
                submit((p.from + p.to) / 2, p.to);
            } else {
                sum += p.area;
            }
        }
        std::printf("%.3f after %d calls\n", sum, calls);
    };
    return rankpool::run(argc, argv,
                         [&](rankpool::pool &pool) { pool.control(integrate, measure); });
}
