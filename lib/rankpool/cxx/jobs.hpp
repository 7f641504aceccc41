/**
 * @file rankpool/cxx/jobs.hpp
 * @brief Maps, reductions and loops of C++: what pool::map(), reduce() and loop() are made of.
 */
#ifndef RANKPOOL_CXX_JOBS_HPP
#define RANKPOOL_CXX_JOBS_HPP

#include <rankpool/cxx/pool.hpp>
#include <rankpool/loop.h>
#include <rankpool/map.h>
#include <rankpool/reduce.h>

#include <cstring>
#include <new>

namespace rankpool
{
namespace detail
{

/* Calls f with item number `at` of `in`, or with its index if there is no array. */
template <class In, class F, class... First>
decltype(auto) call_item(F &f, rp_task *c, std::int64_t item, const void *in, First &&...first)
{
    if constexpr (std::is_void_v<In>) {
        static_assert(accepts<F, First..., std::int64_t>,
                      "the function must accept the number of an item, a std::int64_t, maybe after "
                      "a rankpool::task &");
        (void)in;
        return detail::call(f, c, std::forward<First>(first)..., item);
    } else {
        static_assert(accepts<F, First..., const In &>,
                      "the function must accept an element of the array, maybe after a "
                      "rankpool::task &");
        (void)item;
        return detail::call(f, c, std::forward<First>(first)..., *static_cast<const In *>(in));
    }
}

/* A function without state, such as a lambda that captures nothing: one object of its type is as
 * good as another, so an item need not ask the task for the program's. */
template <class F>
constexpr bool is_stateless = std::is_empty_v<F> &&std::is_trivially_copyable_v<F>;
template <class F> struct stateless {
    alignas(F) inline static unsigned char object[sizeof(F)];
};

/* The function of a job's items; before the job, function_given() is told of it. */
template <class F> void function_given(const F &f)
{
    if constexpr (is_stateless<F>)
        ::new (static_cast<void *>(stateless<F>::object)) F(f);
    else
        (void)f;
}
template <class F> F &function_of(rp_task *c)
{
    if constexpr (is_stateless<F>)
        return *std::launder(reinterpret_cast<F *>(stateless<std::remove_const_t<F>>::object));
    else
        return *static_cast<F *>(rp_task_user(c));
}

/* The rp_item_fn of a map from In (void: indices) to Out (void: none). */
template <class In, class Out, class F> int map_item(rp_task *c, const void *in, void *out)
{
    /* Outside of the block, since the compiler drops a block in which nothing throws. */
    F &f = detail::function_of<F>(c);
    const std::int64_t item = std::is_void_v<In> ? rp_task_item(c) : 0;
    try {
        if constexpr (std::is_void_v<Out>) {
            (void)out;
            detail::call_item<In>(f, c, item, in);
        } else {
            static_assert(
                std::is_convertible_v<decltype(detail::call_item<In>(f, c, item, in)), Out>,
                "the function must return an element of the array of results");
            /* Not constructed in place: `out` may be `in`. */
            const Out result = static_cast<Out>(detail::call_item<In>(f, c, item, in));
            std::memcpy(out, &result, sizeof result);
        }
        return 0;
    } catch (...) {
        return detail::fail_item(c, rp_task_item(c));
    }
}

/* Both functions of a reduction, which get one pointer. */
template <class In, class T, class Body, class Combine> struct reduction {
    Body *body;
    Combine *combine;
    thrown exception; /* of combine */

    static int fold(rp_task *c, rp_range items, const void *in, void *out)
    {
        Body &body = *static_cast<reduction *>(rp_task_user(c))->body;
        std::int64_t i = items.begin;
        try {
            if constexpr (std::is_void_v<In> && accepts<Body, T &, range>) {
                detail::call(body, c, *static_cast<T *>(out), items);
            } else if constexpr (sizeof(T) <= 64) { /* kept in registers meanwhile */
                T partial = *static_cast<T *>(out);
                for (; i < items.end; i++, in = next(in))
                    detail::call_item<In>(body, c, i, in, partial);
                std::memcpy(out, &partial, sizeof partial);
            } else {
                for (; i < items.end; i++, in = next(in))
                    detail::call_item<In>(body, c, i, in, *static_cast<T *>(out));
            }
            return 0;
        } catch (...) {
            return detail::fail_item(c, i);
        }
    }
    static int join(void *left, const void *right, void *user)
    {
        auto *self = static_cast<reduction *>(user);
        try {
            detail::combine_by(*self->combine, *static_cast<T *>(left),
                               *static_cast<const T *>(right));
            return 0;
        } catch (...) {
            return self->exception.take();
        }
    }

  private:
    static const void *next(const void *in)
    {
        if constexpr (std::is_void_v<In>)
            return in;
        else
            return static_cast<const In *>(in) + 1;
    }
};

template <class In> constexpr bool is_number = std::is_integral_v<std::decay_t<In>>;

/* The type of an array's elements; void for a number of items. */
template <class In, bool = is_number<In>> struct input {
    using type = void;
};
template <class In> struct input<In, false> {
    using type =
        std::remove_cv_t<typename decltype(detail::as_array(std::declval<In>()))::value_type>;
};
template <class In> using input_t = typename input<In>::type;

template <class In> std::int64_t items_of(In &&in)
{
    if constexpr (is_number<In>)
        return static_cast<std::int64_t>(in);
    else
        return detail::as_array(in).size();
}

/* A job's arrays as C has them: checks that they have an element for each item. */
template <class T> class job_array
{
  public:
    job_array(const pool &of, const array<T> &elements, std::int64_t n)
        : data_(elements.data()), place_(elements.place())
    {
        const bool accessed = place_ != RP_ON_ROOT || of.is_root();
        if (accessed && elements.size() < n)
            short_ = elements.size();
    }
    /* NULL if they are too few: C refuses it, on all ranks. */
    T *data() const noexcept
    {
        return short_ < 0 ? data_ : nullptr;
    }
    rp_place place() const noexcept
    {
        return place_;
    }
    void explain(rp_status status, std::int64_t n) const
    {
        if (status == RP_ERR_ARGUMENT && short_ >= 0)
            throw std::length_error("an array has " + std::to_string(short_) +
                                    " elements, and the job " + std::to_string(n) + " items");
    }

  private:
    T *data_;
    rp_place place_;
    std::int64_t short_ = -1;
};

/* Runs a job by `call`, after adding its inputs of type T, if it has some. */
template <class T, class Job, class In, class Call>
void run_with_input(const pool &with, Job &job, In &&in, Call &&call)
{
    if constexpr (std::is_void_v<T>) {
        (void)in;
        with.check(call(job));
    } else {
        const auto elements = detail::as_array(in);
        const job_array<typename std::decay_t<decltype(elements)>::value_type> inputs(with,
                                                                                      elements,
                                                                                      job.n);
        job.in = inputs.data();
        job.in_size = sizeof(T);
        job.in_place = inputs.place();
        const rp_status status = call(job);
        inputs.explain(status, job.n);
        with.check(status);
    }
}

} // namespace detail

template <class In, class Out, class F, class>
void pool::map(std::int64_t n, In &&in, Out &&out, F &&f, const options &chosen)
{
    using T = detail::input_t<In>;
    const auto all = detail::as_array(out);
    using U = typename std::decay_t<decltype(all)>::value_type;
    static_assert(!std::is_const_v<U>, "results cannot be stored in an array of constants");
    const detail::job_array<U> results(*this, all, n);
    rp_map_job job = rp_map_job();
    job.n = n;
    job.item = detail::map_item<T, U, std::remove_reference_t<F>>;
    job.out = results.data();
    job.out_size = sizeof(U);
    job.out_place = results.place();
    job.options = detail::with_user(chosen, f);
    detail::function_given(f);
    detail::run_with_input<T>(*this, job, in, [&](const rp_map_job &whole) {
        const rp_status status = rp_map(c_, &whole);
        results.explain(status, n);
        return status;
    });
}

template <class In, class Out, class F>
void pool::map(In &&in, Out &&out, F &&f, const options &chosen)
{
    map(detail::items_of(in), in, out, f, chosen);
}

template <class In, class F> void pool::for_each(In &&in, F &&f, const options &chosen)
{
    using T = detail::input_t<In>;
    rp_map_job job = rp_map_job();
    job.n = detail::items_of(in);
    job.item = detail::map_item<T, void, std::remove_reference_t<F>>;
    job.options = detail::with_user(chosen, f);
    detail::function_given(f);
    detail::run_with_input<T>(*this, job, in,
                              [&](const rp_map_job &whole) { return rp_map(c_, &whole); });
}

template <class In, class T, class Body, class Combine>
T pool::reduce(In &&in, const T &identity, Body &&body, Combine &&combine, const options &chosen)
{
    using X = detail::input_t<In>;
    detail::check_bytes<T>();
    using both =
        detail::reduction<X, T, std::remove_reference_t<Body>, std::remove_reference_t<Combine>>;
    both functions = {&body, &combine, {}};
    T result = identity;
    rp_reduce_job job = rp_reduce_job();
    job.n = detail::items_of(in);
    job.body = both::fold;
    job.combine = both::join;
    job.identity = &identity;
    job.result = &result;
    job.result_size = sizeof result;
    job.options = detail::with_user(chosen, functions);
    rp_status status = RP_OK;
    detail::run_with_input<X>(*this, job, in, [&](const rp_reduce_job &whole) {
        status = rp_reduce(c_, &whole);
        return RP_OK;
    });
    check_with_text(status, functions.exception, rp_last_error(c_)->rank);
    return result;
}

template <class F> void pool::loop(std::int64_t n, F &&f, const options &chosen)
{
    rp_loop *open = nullptr;
    rp_range items;
    detail::thrown exception;
    check(rp_loop_open(c_, n, &chosen.c(), &open));
    try {
        while (rp_loop_next(open, &items)) {
            if constexpr (std::is_invocable_v<F &, range>)
                f(items);
            else
                for (std::int64_t i = items.begin; i < items.end; i++)
                    f(i);
        }
    } catch (...) {
        exception.take();
    }
    const rp_status status = rp_loop_close(&open, exception.code == 0 ? RP_OK : RP_ERR_TASK);
    check_with_text(status, exception, rp_last_error(c_)->rank);
}

} // namespace rankpool

#endif
