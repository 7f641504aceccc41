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
#include <cstdio>
#include <memory>
#include <stdexcept>
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
    std::snprintf(record.text, sizeof record.text, "%s", rp_strerror(status));
    throw error(record);
}

/* Whether a wait has ended before its time. */
inline bool waited(rp_status status)
{
    if (status != RP_ERR_TIMEOUT)
        detail::check_call(status);
    return status == RP_OK;
}

} // namespace detail

template <class... F> class control;

/**
 * A call that was submitted. It is used before the controller returns: what is called later, or of
 * a future that was moved from, throws std::logic_error. The call is made also if its future is
 * destroyed before.
 */
template <class T> class future
{
  public:
    /** No call, until one is assigned. */
    future() noexcept = default;
    future(future &&other) noexcept
        : c_(std::exchange(other.c_, nullptr)), open_(std::move(other.open_))
    {
    }
    future &operator=(future &&other) noexcept
    {
        future taken(std::move(other));
        std::swap(c_, taken.c_);
        std::swap(open_, taken.open_);
        return *this;
    }
    ~future()
    {
        if (valid())
            rp_future_free(&c_);
    }

    /** Whether there is a call, and its controller has not returned. */
    bool valid() const noexcept
    {
        return c_ != nullptr && *open_;
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
        return detail::waited(rp_wait(c(), seconds));
    }
    bool done() const
    {
        return rp_future_done(c());
    }
    /** Cancels the call: rp_future_cancel(). True: it never began. */
    bool cancel()
    {
        return rp_future_cancel(c());
    }
    /** 0, 1, 2 ... in the order of submission. */
    std::int64_t number() const
    {
        return rp_future_number(c());
    }
    /** The future of C. */
    rp_future *c() const
    {
        if (c_ == nullptr)
            throw std::logic_error("rankpool: this future has no call: it was moved from, or never "
                                   "assigned");
        if (!*open_)
            throw std::logic_error("rankpool: this future is used after its controller returned: "
                                   "get the result before");
        return c_;
    }

  private:
    template <class... F> friend class control;
    future(rp_future *c, const std::shared_ptr<const bool> &open) noexcept : c_(c), open_(open)
    {
    }

    rp_future *c_ = nullptr;
    std::shared_ptr<const bool> open_; /* the controller has not returned, which frees all */
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
