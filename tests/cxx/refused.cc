// Each of these mistakes must be refused at compile time, with the sentence that cxx.sh looks for.
#include <rankpool.hpp>

void mistakes(rankpool::pool &pool)
{
    std::vector<std::string> names(10);
    pool.map(10, names, [](std::int64_t i) { return std::to_string(i); }); // bytes

    std::vector<const char *> pointers(10);
    pool.map(10, pointers, [](std::int64_t) { return ""; }); // addresses

    std::vector<bool> bits(10);
    pool.map(10, bits, [](std::int64_t) { return true; }); // contiguous

    const std::vector<int> fixed(10);
    pool.map(10, fixed, [](std::int64_t) { return 1; }); // constants

    std::vector<int> numbers(10);
    pool.map(numbers, numbers, [](const std::string &) { return 1; });      // accept
    pool.map(10, numbers, [](std::int64_t) { return std::string("one"); }); // return

    struct date {
        int year, day;
    };
    pool.allreduce(date{2026, 333}); // numbers
    std::vector<date> dates(10);
    pool.sort(dates, 10); // 64 bits

    struct owner {
        std::string name;
    };
    const auto take = [](const owner &) { return 1; };
    const auto see = [](std::string_view) {};
    const auto any = [](auto x) { return x; };
    const auto square = [](double x) { return x * x; };
    const auto count = [](double) { return 1; };
    const auto cube = [](double x) { return x * x * x; };
    pool.control([&](auto &control) { control.submit(take, owner()); }, take); // bytes
    pool.control([&](auto &control) { control.submit(see, "text"); }, see);    // view
    pool.control(
        [&](auto &control) { rankpool::call_options().after(control.submit(count, 1.0)); }, // keep
        count);
    pool.control([](auto &) {}, any);            // signature
    pool.control([](auto &) {}, square, square); // types
    pool.control(
        [&](auto &control) {
            control.submit(cube, 1.0);                          // given
            control.submit(square, "one");                      // converted
            control.submit(square);                             // arguments
            control.submit(square, control.submit(count, 1.0)); // returns
        },
        square, count);
}
