/**
 * @file rankpool/cxx/bytes.hpp
 * @brief Values as bytes: the items of streams, the arguments and results of calls.
 */
#ifndef RANKPOOL_CXX_BYTES_HPP
#define RANKPOOL_CXX_BYTES_HPP

#include <rankpool/buffer.h>
#include <rankpool/cxx/array.hpp>

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace rankpool
{
namespace detail
{

/* A checkpoint may be of a program in which the type was another one. */
inline void check_size(bool right, std::size_t count)
{
    if (!right)
        throw std::length_error("rankpool: " + std::to_string(count) +
                                " bytes are no value of this type: was the checkpoint written "
                                "with another one?");
}

} // namespace detail

/**
 * How a T travels in a stream or a call. Specialise it for types of your own:
 *
 *     static void store(rp_buffer *buffer, const T &value);     // append()s bytes
 *     static T load(const void *data, std::size_t bytes);
 */
template <class T, class = void> struct bytes {
    static_assert(std::is_trivially_copyable_v<T>,
                  "rankpool moves values between processes as bytes: give a trivially copyable "
                  "type, a std::string, a std::vector of trivially copyable elements, or "
                  "specialise rankpool::bytes for this type");
    static_assert(!detail::refers<T>,
                  "rankpool moves values between processes, where a pointer or a view means "
                  "nothing: give a std::string, or what it refers to");
    static void store(rp_buffer *buffer, const T &value);
    static T load(const void *data, std::size_t count)
    {
        detail::check_size(count == sizeof(T), count);
        T value;
        std::memcpy(&value, data, sizeof value);
        return value;
    }
};

/** Appends bytes to an item, an argument or a result. Throws std::bad_alloc. */
inline void append(rp_buffer *buffer, const void *data, std::size_t count)
{
    if (rp_buffer_append(buffer, data, count) != 0)
        throw std::bad_alloc();
}

template <class T, class Void> void bytes<T, Void>::store(rp_buffer *buffer, const T &value)
{
    rankpool::append(buffer, &value, sizeof value);
}

template <> struct bytes<std::string> {
    static void store(rp_buffer *buffer, const std::string &value)
    {
        rankpool::append(buffer, value.data(), value.size());
    }
    static std::string load(const void *data, std::size_t count)
    {
        return count == 0 ? std::string() : std::string(static_cast<const char *>(data), count);
    }
};

template <class T> struct bytes<std::vector<T>> {
    static void store(rp_buffer *buffer, const std::vector<T> &value)
    {
        detail::check_bytes<T>();
        static_assert(!std::is_same_v<T, bool>,
                      "a std::vector<bool> has no bytes of its own: use a std::vector<char>");
        rankpool::append(buffer, value.data(), value.size() * sizeof(T));
    }
    static std::vector<T> load(const void *data, std::size_t count)
    {
        detail::check_size(count % sizeof(T) == 0, count);
        std::vector<T> value(count / sizeof(T));
        if (count > 0)
            std::memcpy(value.data(), data, count);
        return value;
    }
};

namespace detail
{

inline rp_buffer *make_buffer()
{
    rp_buffer *buffer = rp_buffer_make();
    if (buffer == nullptr)
        throw std::bad_alloc();
    return buffer;
}

} // namespace detail
} // namespace rankpool

#endif
