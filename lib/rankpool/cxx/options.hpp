/**
 * @file rankpool/cxx/options.hpp
 * @brief Options of jobs: rankpool::options().seed(7).retries(2).
 */
#ifndef RANKPOOL_CXX_OPTIONS_HPP
#define RANKPOOL_CXX_OPTIONS_HPP

#include <rankpool/options.h>

#include <cstdint>
#include <type_traits>

namespace rankpool
{

/** The members of rp_options but `user`, each with a function that sets it. */
class options
{
  public:
    options &schedule(rp_schedule value)
    {
        return c_.schedule = value, *this;
    }
    options &chunk(std::int64_t items)
    {
        return c_.chunk = items, *this;
    }
    options &call_overhead(double seconds)
    {
        return c_.call_overhead = seconds, *this;
    }
    options &expected_seconds(double seconds)
    {
        return c_.expected_seconds = seconds, *this;
    }
    options &on_failure(rp_on_failure value)
    {
        return c_.on_failure = value, *this;
    }
    options &item_status(std::uint8_t *statuses)
    {
        return c_.item_status = statuses, *this;
    }
    options &seed(std::uint64_t value)
    {
        return c_.seed = value, *this;
    }
    options &retries(int count)
    {
        return c_.retries = count, *this;
    }
    options &max_failures(std::int64_t count)
    {
        return c_.max_failures = count, *this;
    }
    options &item_seconds(double seconds)
    {
        return c_.item_seconds = seconds, *this;
    }
    options &name(const char *text)
    {
        return c_.name = text, *this;
    }
    options &unit(const char *text)
    {
        return c_.unit = text, *this;
    }

    const rp_options &c() const noexcept
    {
        return c_;
    }

  private:
    rp_options c_ = rp_options();
};

namespace detail
{

/* Tells a last argument that is a function from options. */
template <class F>
using if_function =
    std::enable_if_t<!std::is_same_v<std::remove_cv_t<std::remove_reference_t<F>>, options>>;

template <class User> rp_options with_user(const options &chosen, User &user)
{
    rp_options c = chosen.c();
    c.user = const_cast<void *>(static_cast<const void *>(&user));
    return c;
}

} // namespace detail
} // namespace rankpool

#endif
