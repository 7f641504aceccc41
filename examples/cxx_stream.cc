#include <iostream>
#include <rankpool.hpp>
#include <string>

/* Numbers from a producer become words, which a consumer prints in order. */
int main(int argc, char **argv)
{
    return rankpool::run(argc, argv, [](rankpool::pool &pool) {
        int next = 1;
        pool.stream([&] { return next <= 15 ? std::optional<int>(next++) : std::nullopt; },
                    [](int i) {
                        const std::string name =
                            std::string(i % 3 == 0 ? "fizz" : "") + (i % 5 == 0 ? "buzz" : "");
                        return name.empty() ? std::to_string(i) : name;
                    },
                    [](const std::string &name) { std::cout << name << "\n"; });
    });
}
