/**
 * @file rankpool/cxx/task.hpp
 * @brief The context of a call, which a function gets if it has a first argument for it; and random
 * numbers.
 */
#ifndef RANKPOOL_CXX_TASK_HPP
#define RANKPOOL_CXX_TASK_HPP

#include <rankpool/cxx/array.hpp>
#include <rankpool/cxx/error.hpp>
#include <rankpool/random.h>
#include <rankpool/task.h>

#include <cstdint>
#include <type_traits>
#include <utility>

namespace rankpool
{

/** The items begin, begin + 1 ... end - 1. */
using range = rp_range;

/** A stream of random numbers: rp_random, also for the distributions of <random>. */
class random
{
  public:
    using result_type = std::uint64_t;

    random(std::uint64_t seed, std::int64_t item)
    {
        rp_random_begin(&state_, seed, item);
    }
    explicit random(const rp_random &state) : state_(state)
    {
    }

    static constexpr result_type min()
    {
        return 0;
    }
    static constexpr result_type max()
    {
        return UINT64_MAX;
    }
    result_type operator()()
    {
        return rp_random_bits(&state_);
    }

    double uniform()
    {
        return rp_random_uniform(&state_);
    }
    double normal()
    {
        return rp_random_normal(&state_);
    }
    double exponential()
    {
        return rp_random_exponential(&state_);
    }
    std::uint64_t below(std::uint64_t bound)
    {
        return rp_random_below(&state_, bound);
    }

  private:
    rp_random state_;
};

/** Context of one call of a function. It is valid during the call. */
class task
{
  public:
    explicit task(rp_task *c) noexcept : c_(c)
    {
    }
    task(const task &) = delete;
    task &operator=(const task &) = delete;

    std::int64_t item() const noexcept
    {
        return rp_task_item(c_);
    }
    int attempt() const noexcept
    {
        return rp_task_attempt(c_);
    }
    bool cancelled() noexcept
    {
        return rp_task_cancelled(c_);
    }
    /** The job has found enough at this item: rp_task_enough(). */
    void enough()
    {
        enough(item());
    }
    void enough(std::int64_t at)
    {
        if (rp_task_enough(c_, at) != 0)
            throw failure(1, "a stream is ended by its consumer, not by a task");
    }
    /** The random stream of an item, by default the current one, under the seed of the job. */
    rankpool::random random() const
    {
        return random(item());
    }
    rankpool::random random(std::int64_t at) const
    {
        rp_random state;
        rp_task_random(c_, at, &state);
        return rankpool::random(state);
    }
    rp_task *get() const noexcept
    {
        return c_;
    }

  protected:
    rp_task *c_;
};

namespace detail
{

/* In a catch block: the current exception becomes the failure of the item. Returns its code. */
inline int fail_item(rp_task *c, std::int64_t item) noexcept
{
    thrown exception;
    exception.take();
    return rp_task_fail(c, item, exception.code, "%s", exception.text);
}

/* Calls a function that may have a task as its first argument. */
template <class F, class... Arguments>
constexpr bool accepts =
    std::is_invocable_v<F &, Arguments...> || std::is_invocable_v<F &, task &, Arguments...>;

template <class F, class... Arguments>
decltype(auto) call(F &f, rp_task *c, Arguments &&...arguments)
{
    if constexpr (std::is_invocable_v<F &, Arguments...>) {
        (void)c;
        return f(std::forward<Arguments>(arguments)...);
    } else {
        task context(c);
        return f(context, std::forward<Arguments>(arguments)...);
    }
}

/* left = left (+) right, by a function that returns the result, or changes its first argument. */
template <class T, class Combine> void combine_by(Combine &combine, T &left, const T &right)
{
    if constexpr (std::is_void_v<std::invoke_result_t<Combine &, T &, const T &>>)
        combine(left, right);
    else
        left = static_cast<T>(combine(left, right));
}

} // namespace detail
} // namespace rankpool

#endif
