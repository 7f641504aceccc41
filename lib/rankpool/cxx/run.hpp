/**
 * @file rankpool/cxx/run.hpp
 * @brief A whole program: launched, its pool opened and closed, its errors reported once.
 */
#ifndef RANKPOOL_CXX_RUN_HPP
#define RANKPOOL_CXX_RUN_HPP

#include <rankpool/collective.h>
#include <rankpool/cxx/pool.hpp>

#include <cstdio>
#include <cstring>

namespace rankpool
{
namespace detail
{

/* On one rank, if all of them come here. Returns main()'s status. */
inline int report(pool &with, const char *program, const char *what, bool everywhere, int code)
{
    if (!everywhere || with.is_root())
        std::fprintf(stderr, "%s: %s\n", program, what);
    with.close();
    return code;
}

template <class Program>
int run_on(pool &with, const char *name, int argc, char **argv, Program &&program)
{
    try {
        if constexpr (std::is_invocable_v<Program &, pool &>)
            program(with);
        else
            program(with, argc, argv);
        return rp_exit_code(with.close());
    } catch (const error &exception) {
        return report(with, name, exception.what(), true, rp_exit_code(exception.status()));
    } catch (...) {
        thrown exception;
        exception.take();
        const bool everywhere = rp_agree(with.get(), RP_ERR_TASK, nullptr) == RP_OK;
        return report(with, name, exception.text, everywhere, 1);
    }
}

} // namespace detail

/**
 * Starts the program on every core unless a launcher has done so (rp_launch()), opens a pool, calls
 * program(pool), or program(pool, argc, argv) without the options of rp_launch(), and closes the
 * pool. An exception that leaves the program is printed: an error on one rank, any other on the
 * rank that threw it, or on the root if all did.
 *
 * @return the value that main() should return
 */
template <class Program>
int run(int argc, char **argv, Program &&program, const rp_config &config = rp_config())
{
    rp_launch(&argc, &argv);
    const char *slash = argc > 0 ? std::strrchr(argv[0], '/') : nullptr;
    const char *name = slash != nullptr ? slash + 1 : argc > 0 ? argv[0] : "rankpool";
    try {
        pool with(config);
        return detail::run_on(with, name, argc, argv, program);
    } catch (const error &) { /* of opening it */
        return rp_report(nullptr, name);
    }
}

} // namespace rankpool

#endif
