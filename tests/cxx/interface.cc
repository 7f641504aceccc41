// What rankpool.hpp promises, on any number of ranks: results, and errors that are the same on
// every rank.
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <rankpool.hpp>
#include <set>
#include <thread>

// Functions of a program, with names that the header uses too: not for its calls.
void append(rp_buffer *, const void *, std::size_t) = delete;
void check_call(rp_status) = delete;
template <class... All> void call(All &&...) = delete;
template <class... All> void as_array(All &&...) = delete;
template <class... All> void fail_item(All &&...) = delete;

static int failed = 0;

static void expect(bool good, const char *what)
{
    if (!good) {
        std::cerr << "not ok - " << what << "\n";
        failed = 1;
    }
}

// Calls f, which must throw an error of this item with this text; every rank gets the same one.
template <class F>
static void expect_error(rankpool::pool &pool, const char *what, std::int64_t item, int code,
                         const char *text, F &&f)
{
    struct seen {
        std::int64_t item;
        int rank, code;
        char text[512];
    } mine = {};
    try {
        f();
        expect(false, what);
    } catch (const rankpool::error &error) {
        mine.item = error.item();
        mine.rank = error.rank();
        mine.code = error.code();
        std::snprintf(mine.text, sizeof mine.text, "%s", error.text());
        expect(error.status() == RP_ERR_TASK && error.host()[0] != '\0', what);
        expect(std::string(error.what()).find(text) != std::string::npos, what);
    }
    expect((item < 0 || mine.item == item) && mine.code == code && mine.rank >= 0, what);
    expect(std::string(mine.text).find(text) != std::string::npos, what);
    for (const seen &other : pool.allgather(mine))
        expect(std::memcmp(&other, &mine, sizeof mine) == 0, what);
}

struct point {
    double x, y;
};

static void maps(rankpool::pool &pool)
{
    const std::int64_t n = 1000;
    std::vector<int> in(n), out(pool.is_root() ? n : 0);
    std::iota(in.begin(), in.end(), 0);
    int factor = 3;
    pool.map(rankpool::on_ranks(in), rankpool::on_ranks(in),
             [&](const int &x) { return factor * x; });
    expect(in[7] == 21 && in[999] == 2997, "map in place, on every rank");
    pool.map(n, out, [](rankpool::task &task, std::int64_t i) {
        return static_cast<int>(task.item() + i);
    });
    expect(!pool.is_root() || (out[0] == 0 && out[999] == 1998), "map of indices, with a task");
    std::array<point, 3> points = {{{1, 2}, {3, 4}, {5, 6}}};
    pool.map(points, points, [](const point &p) { return point{p.y, p.x}; });
    expect(!pool.is_root() || (points[2].x == 6 && points[2].y == 5), "map of structs in place");
    std::vector<int> all(pool.is_root() ? n : 0, 1);
    pool.map(n, all, out, [](int x) { return x + 1; });
    expect(!pool.is_root() || out[500] == 2, "map of arrays that other ranks lack");

    auto table = pool.node_alloc_filled<double>(n, [](std::int64_t i) { return std::sqrt(i); });
    pool.map(table, table, [](double x) { return x * x; });
    expect(std::fabs(table[99] - 99) < 1e-9, "map of node memory");
    pool.node_free(table);
    std::int64_t mine = 0;
    pool.for_each(n, [&](std::int64_t i) { mine += i; });
    expect(pool.allreduce(mine) == n * (n - 1) / 2, "for_each");
    std::vector<double> draws(n), again(n);
    const auto draw = [](rankpool::task &task, std::int64_t) { return task.random().normal(); };
    pool.map(n, draws, draw, rankpool::options().seed(7));
    pool.map(n, again, draw, rankpool::options().seed(7).schedule(RP_SCHEDULE_STATIC));
    const double fourth = rankpool::random(7, 3).normal();
    expect(draws == again && (!pool.is_root() || draws[3] == fourth), "random numbers of items");
    pool.for_each(n, [](rankpool::task &task, std::int64_t i) {
        if (i == 5)
            task.enough();
    });
    expect(pool.enough_item() == 5, "enough");
}

static void reductions(rankpool::pool &pool)
{
    std::vector<double> x(pool.is_root() ? 10000 : 10000, 0.5);
    const double sum = pool.reduce(
        x, 0.0, [](double &partial, double y) { partial += y; }, std::plus<>());
    expect(sum == 5000, "reduce an array");
    const std::int64_t total = pool.reduce(
        std::int64_t(1000), std::int64_t(0), [](std::int64_t &part, std::int64_t i) { part += i; },
        std::plus<>());
    expect(total == 499500, "reduce indices");
    const rp_exact exact = pool.reduce(
        1000, rp_exact(),
        [](rankpool::task &, rp_exact &part, rankpool::range items) {
            for (std::int64_t i = items.begin; i < items.end; i++)
                rp_exact_add(&part, 0.1);
        },
        rankpool::combine_sums());
    expect(rp_exact_value(&exact) == 100.0, "reduce ranges, exactly");
}

static void loops_and_streams(rankpool::pool &pool)
{
    std::int64_t mine = 0, ranges = 0;
    pool.loop(1000, [&](std::int64_t i) { mine += i; });
    pool.loop(1000, [&](rankpool::range items) { ranges += items.end - items.begin; });
    expect(pool.allreduce(mine) == 499500 && pool.allreduce(ranges) == 1000, "loop");

    int next = 0;
    std::string joined;
    pool.stream(
        [&]() -> std::optional<std::string> {
            if (next == 5)
                return std::nullopt;
            return std::string(static_cast<std::size_t>(next++), 'x');
        },
        [](std::string_view text) { return std::string(text) + ";"; },
        [&](const std::string &text) { joined += text; });
    expect(!pool.is_root() || joined == ";x;xx;xxx;xxxx;", "stream of strings");
    int failures = 0;
    std::int64_t sum = 0;
    next = 0;
    try {
        pool.stream([&] { return next < 100 ? std::optional<int>(next++) : std::nullopt; },
                    [](int i) {
                        if (i % 10 == 3)
                            throw std::runtime_error("unlucky");
                        return std::vector<int>{i, i};
                    },
                    [&](const rankpool::outcome<std::vector<int>> &outcome) {
                        failures += outcome.error != nullptr;
                        sum += outcome.error != nullptr ? 0 : outcome.value()[1];
                    },
                    rankpool::options().on_failure(RP_ON_FAILURE_CONTINUE));
        expect(false, "a stream with failures");
    } catch (const rankpool::error &error) {
        expect(error.item() == 3, "the lowest failure of a stream");
    }
    expect(!pool.is_root() || (failures == 10 && sum == 4950 - 480), "outcomes of a stream");
}

static void worklists(rankpool::pool &pool)
{
    const int depth = 12;
    std::vector<int> seeds = {depth};
    const std::int64_t nodes = pool.worklist(
        seeds, std::int64_t(0),
        [](rankpool::worklist_task<int> &task, int height, std::int64_t &count) {
            count++;
            if (height > 0) {
                task.add(height - 1);
                task.add(height - 1);
            }
        },
        std::plus<>());
    expect(nodes == (2 << depth) - 1, "worklist");
    expect_error(pool, "a failing worklist", 0, 1, "too low", [&] {
        pool.worklist(
            seeds, 0,
            [](rankpool::worklist_task<int> &task, int height, int &) {
                if (height == 9)
                    throw std::runtime_error("too low");
                task.add(height - 1);
            },
            std::plus<>());
    });
}

static double halved(double x)
{
    return x / 2;
}

static double doubled(double x)
{
    return x * 2;
}

static double negated(double x)
{
    return -x;
}

// f must throw an exception of this type with this text.
template <class Exception, class F>
static void expect_thrown(const char *what, const char *text, F &&f)
{
    try {
        f();
        expect(false, what);
    } catch (const Exception &exception) {
        expect(std::string(exception.what()).find(text) != std::string::npos, what);
    }
}

static void futures(rankpool::pool &pool)
{
    rankpool::future<double> kept;
    const auto kept_number = [&] { return kept.number(); };
    expect(!kept.valid(), "a future without a call");
    expect_thrown<std::logic_error>("no call", "never assigned", kept_number);
    pool.control(
        [&](auto &control) {
            kept = control.submit(halved, 1.0);
            rankpool::future<double> moved = std::move(kept);
            expect_thrown<std::logic_error>("a call moved away", "moved from", kept_number);
            expect(moved.valid() && moved.get() == 0.5 && moved.get() == 0.5, "a moved future");
            kept = control.submit(halved, 3.0);
            moved = std::move(kept); // the future of the first call is freed
            expect(!kept.valid() && control.wait_any() == 1 && !control.wait_any(),
                   "an assigned future frees the one before");
            kept = std::move(moved);
            expect_thrown<rankpool::error>("a wait of -1 s", rp_strerror(RP_ERR_ARGUMENT),
                                           [&] { kept.wait(-1); });
        },
        halved);
    expect(!kept.valid(), "a future after its controller");
    expect_thrown<std::logic_error>("a late get()", pool.is_root() ? "controller returned" : "",
                                    [&] { kept.get(); });
    expect_error(pool, "a mistake of the controller", -1, 1, rp_strerror(RP_ERR_ARGUMENT), [&] {
        pool.control([](auto &control) { control.submit(halved, 1.0).wait(-1); }, halved);
    });
    expect_thrown<std::length_error>("bytes of another type", "2 bytes",
                                     [] { rankpool::bytes<int>::load("ab", 2); });
    expect_thrown<std::length_error>("bytes of other elements", "7 bytes",
                                     [] { rankpool::bytes<std::vector<int>>::load("abcdefg", 7); });
}

static void calls(rankpool::pool &pool)
{
    const auto repeat = [](const std::string &text, int times) {
        std::vector<char> all;
        for (int i = 0; i < times; i++)
            all.insert(all.end(), text.begin(), text.end());
        return all;
    };
    const auto length = [](rankpool::task &, const std::vector<char> &all) {
        return static_cast<std::int64_t>(all.size());
    };
    const auto picky = [](int x) {
        if (x == 2)
            throw rankpool::failure(7, "not two");
    };
    const auto wait_for_cancel = [](rankpool::task &task) {
        while (!task.cancelled())
            std::this_thread::yield();
        throw rankpool::failure(1, "cancelled");
    };
    const auto controller = [&](auto &control) {
        auto text = control.submit(repeat, "abc", 1000);
        auto size = control.submit(length, text); // the result of an earlier call
        expect(size.get() == 3000 && text.get().size() == 3000 && text.done(), "dependent calls");
        expect(control.submit(doubled, 3).get() == 6 && control.submit(halved, 3).get() == 1.5,
               "functions of one type");
        auto bad = control.submit(picky, 2);
        auto later = control.submit_with(rankpool::call_options().after(bad).priority(1), picky, 1);
        expect(bad.wait(), "waiting for a call that fails");
        try {
            bad.get();
            expect(false, "a failed call");
        } catch (const rankpool::error &error) {
            expect(error.item() == bad.number() && error.code() == 7 && error.rank() >= 0 &&
                       error.host()[0] != '\0' && std::string(error.text()) == "not two",
                   "the error of a call");
        }
        try {
            later.get();
            expect(false, "a call after one that failed");
        } catch (const rankpool::error &error) {
            expect(error.status() == RP_ERR_TASK, "the error of a call after one that failed");
        }
        auto endless = control.submit(wait_for_cancel);
        auto cancelled = control.submit_with(rankpool::call_options().after(endless), picky, 1);
        expect(cancelled.cancel() && cancelled.done(), "cancelling a call that cannot have begun");
        endless.cancel();
        expect(control.wait_all(), "waiting for all");
        std::set<std::int64_t> seen;
        while (const auto number = control.wait_any())
            expect(seen.insert(*number).second, "a call is returned once");
        expect(seen.size() == 6, "calls whose futures exist are returned");
        try {
            control.submit(negated, 1.0);
            expect(false, "a function that was not given");
        } catch (const std::invalid_argument &) {
        }
    };
    pool.control(rankpool::options().name("calls"), controller, repeat, length, picky,
                 wait_for_cancel, halved, doubled);
    expect_error(pool, "a failed call that ends the controller", 0, 7, "not two", [&] {
        pool.control([&](auto &control) { control.submit(picky, 2).get(); }, picky);
    });
    expect_error(pool, "a controller that fails", -1, 4, "enough of it", [&] {
        pool.control([](auto &) { throw rankpool::failure(4, "enough of it"); }, picky);
    });
}

static void collectives(rankpool::pool &pool)
{
    const int rank = pool.rank(), ranks = pool.ranks();
    int number = pool.is_root() ? 42 : 0;
    pool.broadcast(number);
    std::vector<int> numbers(3, pool.is_root() ? 5 : 0);
    pool.broadcast(numbers);
    expect(number == 42 && numbers[2] == 5, "broadcast");
    const auto gathered = pool.gather(rank);
    expect(gathered.size() == (pool.is_root() ? static_cast<std::size_t>(ranks) : 0), "gather");
    expect(pool.allgather(rank).back() == ranks - 1, "allgather");
    expect(pool.allreduce(rank, rankpool::op::max) == ranks - 1, "allreduce");
    expect(pool.scan(1) == rank + 1 && pool.exscan(1) == (rank > 0 ? rank : 1), "scan");
    std::vector<double> two(2, 1.5);
    pool.allreduce_elements(two);
    expect(two[1] == 1.5 * ranks, "allreduce of elements");
    const std::int64_t n = 10;
    std::vector<std::int64_t> all(pool.is_root() ? n : 0);
    std::iota(all.begin(), all.end(), 0);
    auto mine = pool.scatter_blocks(all, n);
    for (std::int64_t &x : mine)
        x = n - x;
    pool.sort(mine, n);
    expect(pool.allgather_blocks(mine, n)[9] == 10, "scatter, sort and allgather");
    pool.sort(mine, n, std::greater<>());
    const auto back = pool.gather_blocks(mine, n);
    expect(!pool.is_root() || back[0] == 10, "sort by a comparison");
    std::vector<int> sent(static_cast<std::size_t>(ranks), rank);
    expect(pool.alltoall(sent).back() == ranks - 1, "alltoall");
}

static void errors(rankpool::pool &pool)
{
    std::vector<int> out(100);
    expect_error(pool, "an item that throws", 42, 1, "no 42 here", [&] {
        pool.map(
            100, out,
            [](std::int64_t i) {
                if (i == 42)
                    throw std::domain_error("no 42 here");
                return static_cast<int>(i);
            },
            rankpool::options().on_failure(RP_ON_FAILURE_CONTINUE));
    });
    expect(!pool.is_root() || out[99] == 99, "the other items");
    expect_error(pool, "a code of its own", 0, 9, "nine", [&] {
        pool.for_each(1, [](std::int64_t) { throw rankpool::failure(9, "nine"); });
    });
    expect_error(pool, "something else", 0, 1, "no std::exception",
                 [&] { pool.for_each(1, [](std::int64_t) { throw 1; }); });
    expect_error(pool, "a body that throws", 7, 1, "seven", [&] {
        pool.reduce(
            10, 0,
            [](int &, std::int64_t i) {
                if (i == 7)
                    throw std::runtime_error("seven");
            },
            std::plus<>(), rankpool::options().retries(1));
    });
    expect_error(pool, "a combination that throws", -1, 4, "apples", [&] {
        pool.reduce(
            1 << 17, 0, [](int &, std::int64_t) {},
            [](int, int) -> int { throw rankpool::failure(4, "apples and pears"); });
    });
    expect_error(pool, "a loop that throws", -1, 1, "loop ends", [&] {
        pool.loop(10000, [](std::int64_t i) {
            if (i == 1234)
                throw std::runtime_error("the loop ends here");
        });
    });
    expect_error(pool, "a producer that throws", -1, -1, "no more", [&] {
        pool.stream([]() -> std::optional<int> { throw rankpool::failure(-1, "no more"); },
                    [](int i) { return i; }, [](int) {});
    });
    int next = 0;
    expect_error(pool, "a consumer that throws", -1, 1, "full up", [&] {
        pool.stream([&] { return std::optional<int>(next++); }, [](int i) { return i; },
                    [](int) { throw std::runtime_error("full up"); });
    });
    expect_error(pool, "node memory that is not filled", -1, 1, "no numbers", [&] {
        pool.node_alloc_filled<int>(100, [](std::int64_t) -> int {
            throw std::runtime_error("no numbers");
        });
    });
    try {
        pool.map(1000, out, [](std::int64_t) { return 0; });
        expect(false, "a short array");
    } catch (const rankpool::error &error) {
        expect(!pool.is_root() && error.status() == RP_ERR_ARGUMENT, "a short array elsewhere");
    } catch (const std::length_error &error) {
        expect(pool.is_root() &&
                   std::string(error.what()).find("100 elements") != std::string::npos,
               "a short array");
    }
}

// argument: "one" or "all": which ranks throw, for the report
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool, int count, char **arguments) {
        if (count > 1) {
            if (std::string(arguments[1]) == "all" || pool.rank() == pool.ranks() - 1)
                throw std::invalid_argument("thrown on purpose");
            pool.barrier();
        }
        rankpool::pool other(MPI_COMM_WORLD), moved = std::move(other);
        maps(moved);
        reductions(pool);
        loops_and_streams(pool);
        worklists(pool);
        calls(pool);
        futures(pool);
        collectives(moved);
        errors(pool);
        if (pool.allreduce(failed, rankpool::op::max) != 0)
            throw std::runtime_error("not all is right");
        if (pool.is_root())
            std::cout << "rankpool.hpp is right on " << pool.ranks() << " ranks\n";
    });
}
