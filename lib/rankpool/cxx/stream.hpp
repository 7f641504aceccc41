/**
 * @file rankpool/cxx/stream.hpp
 * @brief Streams of C++: what pool::stream() is made of.
 */
#ifndef RANKPOOL_CXX_STREAM_HPP
#define RANKPOOL_CXX_STREAM_HPP

#include <rankpool/cxx/bytes.hpp>
#include <rankpool/cxx/pool.hpp>
#include <rankpool/stream.h>

#include <optional>
#include <string_view>

namespace rankpool
{

namespace detail
{

/* The three functions of a stream, which get one pointer. */
template <class Produce, class Work, class Consume> struct streaming {
    Produce *produce;
    Work *work;
    Consume *consume;
    thrown exception; /* of producer and consumer, on the root */

    using In = typename std::invoke_result_t<Produce &>::value_type;
    static constexpr bool as_view =
        std::is_same_v<In, std::string> && accepts<Work, std::string_view>;
    using seen = std::conditional_t<as_view, std::string_view, In>;
    static_assert(accepts<Work, const seen &>,
                  "the function must accept what the producer returns, maybe after a "
                  "rankpool::task &");
    using Out = std::decay_t<decltype(detail::call(std::declval<Work &>(), nullptr,
                                                   std::declval<const seen &>()))>;

    static int next(void *user, rp_buffer *item)
    {
        auto *self = static_cast<streaming *>(user);
        try {
            const std::optional<In> produced = (*self->produce)();
            if (!produced)
                return RP_ITEM_LAST;
            bytes<In>::store(item, *produced);
            return RP_ITEM;
        } catch (...) {
            const int code = self->exception.take();
            return code >= RP_ITEM_LAST && code <= RP_ITEM_LATER ? -1 : code;
        }
    }
    static int compute(rp_task *c, const void *in, std::size_t count, rp_buffer *result)
    {
        try {
            Work &work = *static_cast<streaming *>(rp_task_user(c))->work;
            if constexpr (as_view) {
                const std::string_view item(static_cast<const char *>(in), count);
                bytes<Out>::store(result, detail::call(work, c, item));
            } else {
                const In item = bytes<In>::load(in, count);
                bytes<Out>::store(result, detail::call(work, c, item));
            }
            return 0;
        } catch (...) {
            return detail::fail_item(c, rp_task_item(c));
        }
    }
    static int take(void *user, std::int64_t item, const rp_error *error, const void *data,
                    std::size_t count)
    {
        auto *self = static_cast<streaming *>(user);
        try {
            if constexpr (std::is_invocable_v<Consume &, const outcome<Out> &>) {
                if (error != nullptr)
                    return go_on([&] {
                        return (*self->consume)(outcome<Out>{item, error, nullptr});
                    });
                const Out result = bytes<Out>::load(data, count);
                return go_on([&] {
                    return (*self->consume)(outcome<Out>{item, nullptr, &result});
                });
            } else {
                if (error != nullptr)
                    return 0;
                const Out result = bytes<Out>::load(data, count);
                return go_on([&] { return (*self->consume)(result); });
            }
        } catch (...) {
            const int code = self->exception.take();
            return code < 0 ? code : -1;
        }
    }

  private:
    template <class Consumer> static int go_on(Consumer &&consumer)
    {
        if constexpr (std::is_void_v<decltype(consumer())>) {
            consumer();
            return 0;
        } else {
            return consumer() ? 0 : 1;
        }
    }
};

} // namespace detail

template <class Produce, class Work, class Consume>
void pool::stream(Produce &&produce, Work &&work, Consume &&consume, const options &chosen)
{
    using all = detail::streaming<std::remove_reference_t<Produce>, std::remove_reference_t<Work>,
                                  std::remove_reference_t<Consume>>;
    all functions = {&produce, &work, &consume, {}};
    rp_stream_job job = rp_stream_job();
    job.produce = all::next;
    job.work = all::compute;
    job.consume = all::take;
    job.options = detail::with_user(chosen, functions);
    check_with_text(rp_stream(c_, &job), functions.exception, root());
}

} // namespace rankpool

#endif
