#include <cstdio>
#include <rankpool.hpp>

struct board {
    int row, columns, left, right; /* bits: occupied columns, and diagonals */
};

/* In how many ways do n queens not attack each other? Each task sets one more queen. */
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        const int n = 9;
        const std::vector<board> empty = {{0, 0, 0, 0}};
        const std::int64_t solutions = pool.worklist(
            empty, std::int64_t(0),
            [](rankpool::worklist_task<board> &task, const board &b, std::int64_t &count) {
                count += b.row == n;
                for (int bit = 1; b.row < n && bit < 1 << n; bit <<= 1)
                    if ((bit & (b.columns | b.left | b.right)) == 0)
                        task.add({b.row + 1, b.columns | bit, (b.left | bit) << 1,
                                  (b.right | bit) >> 1});
            },
            std::plus<>());
        if (pool.is_root())
            std::printf("%lld\n", static_cast<long long>(solutions));
    });
}
