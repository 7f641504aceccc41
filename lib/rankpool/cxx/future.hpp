/**
 * @file rankpool/cxx/future.hpp
 * @brief The future of a call: its result, or why there is none.
 */
#ifndef RANKPOOL_CXX_FUTURE_HPP
#define RANKPOOL_CXX_FUTURE_HPP

#include <rankpool/control.h>
#include <rankpool/cxx/bytes.hpp>
#include <rankpool/cxx/error.hpp>

#include <cmath>
#include <utility>

namespace rankpool
{
namespace detail
{

/* Throws what a local call has returned, which has no record. */
inline void check_call(rp_status status)
{
    if (status == RP_OK)
        return;
    rp_error record = rp_error();
    record.status = status;
    record.item = record.rank = -1;
    throw error(record);
}

/* Whether a wait has ended before its time. */
inline bool waited(rp_status status)
{
    if (status != RP_ERR_TIMEOUT)
        check_call(status);
    return status == RP_OK;
}

} // namespace detail

/**
 * A call that was submitted. It belongs to the controller's call: destroy it before the controller
 * returns. The call is made also if its future is destroyed before.
 */
template <class T> class future
{
  public:
    explicit future(rp_future *c) noexcept : c_(c)
    {
    }
    future(future &&other) noexcept : c_(std::exchange(other.c_, nullptr))
    {
    }
    future &operator=(future &&other) noexcept
    {
        std::swap(c_, other.c_);
        return *this;
    }
    ~future()
    {
        rp_future_free(&c_);
    }

    /** Waits for the result, and returns it, as often as it is called. Throws rankpool::error if
     *  the call failed or was cancelled: item() is its number. */
    T get() const
    {
        wait();
        if (const rp_error *record = rp_future_error(c_))
            throw error(*record);
        const void *data = nullptr;
        std::size_t count = 0;
        detail::check_call(rp_future_result(c_, &data, &count));
        if constexpr (!std::is_void_v<T>)
            return bytes<T>::load(data, count);
    }
    /** Waits until the call is done; false: not within `seconds`. */
    bool wait(double seconds = HUGE_VAL) const
    {
        return detail::waited(rp_wait(c_, seconds));
    }
    bool done() const noexcept
    {
        return rp_future_done(c_);
    }
    /** Cancels the call: rp_future_cancel(). True: it never began. */
    bool cancel()
    {
        return rp_future_cancel(c_);
    }
    /** 0, 1, 2 ... in the order of submission. */
    std::int64_t number() const noexcept
    {
        return rp_future_number(c_);
    }
    /** The future of C. */
    rp_future *c() const noexcept
    {
        return c_;
    }

  private:
    rp_future *c_;
};

namespace detail
{

template <class T> struct is_future : std::false_type {
};
template <class T> struct is_future<future<T>> : std::true_type {
};

} // namespace detail
} // namespace rankpool

#endif
