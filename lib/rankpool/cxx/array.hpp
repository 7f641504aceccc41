/**
 * @file rankpool/cxx/array.hpp
 * @brief Arrays of jobs: elements, and where they are.
 */
#ifndef RANKPOOL_CXX_ARRAY_HPP
#define RANKPOOL_CXX_ARRAY_HPP

#include <rankpool/task.h>

#include <cstdint>
#include <functional>
#include <iterator>
#include <string_view>
#include <type_traits>
#if __cplusplus >= 202002L
#include <span>
#endif

namespace rankpool
{

/** Elements in contiguous memory that belongs to the program or to the pool, and their place. */
template <class T> class array
{
  public:
    using value_type = T;

    array() noexcept = default;
    array(T *data, std::int64_t size, rp_place place = RP_ON_ROOT) noexcept
        : data_(data), size_(size), place_(place)
    {
    }

    T *data() const noexcept
    {
        return data_;
    }
    std::int64_t size() const noexcept
    {
        return size_;
    }
    rp_place place() const noexcept
    {
        return place_;
    }
    T *begin() const noexcept
    {
        return data_;
    }
    T *end() const noexcept
    {
        return data_ + size_;
    }
    T &operator[](std::int64_t i) const noexcept
    {
        return data_[i];
    }

  private:
    T *data_ = nullptr;
    std::int64_t size_ = 0;
    rp_place place_ = RP_ON_ROOT;
};

namespace detail
{

template <class T> struct is_array : std::false_type {
};
template <class T> struct is_array<array<T>> : std::true_type {
};

template <class C, class = void> struct is_contiguous : std::false_type {
};
template <class C>
struct is_contiguous<C, std::void_t<decltype(std::data(std::declval<C &>())),
                                    decltype(std::size(std::declval<C &>()))>>
    : std::is_object<std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>> {
};

/* Types that are trivially copyable, but whose copy refers to memory of its process. */
template <class T> inline constexpr bool refers = std::is_pointer_v<T>;
template <class C, class Traits>
inline constexpr bool refers<std::basic_string_view<C, Traits>> = true;
template <class T> inline constexpr bool refers<std::reference_wrapper<T>> = true;
template <class T> inline constexpr bool refers<array<T>> = true;
#ifdef __cpp_lib_span
template <class T, std::size_t n> inline constexpr bool refers<std::span<T, n>> = true;
#endif

template <class T> constexpr void check_bytes()
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "rankpool moves elements between processes as bytes: give a trivially copyable "
                  "type, without std::string, std::vector or other owners of memory in it");
    static_assert(!refers<T>,
                  "rankpool moves elements between processes, where the addresses of others mean "
                  "nothing: give what the pointers point to");
}

/* A vector, std::array, C array, span or array<T> as an array. */
template <class C> auto as_array(C &&container, rp_place place = RP_ON_ROOT)
{
    using plain = std::remove_cv_t<std::remove_reference_t<C>>;
    if constexpr (is_array<plain>::value) {
        return container;
    } else if constexpr (!is_contiguous<C>::value) {
        static_assert(is_contiguous<C>::value,
                      "rankpool needs elements in contiguous memory: a std::vector (but of bool), "
                      "std::array, C array, span or rankpool::array");
    } else {
        using element = std::remove_reference_t<decltype(*std::data(container))>;
        check_bytes<std::remove_cv_t<element>>();
        return array<element>(std::data(container), static_cast<std::int64_t>(std::size(container)),
                              place);
    }
}

} // namespace detail

/** The elements of a container, complete on every rank: RP_ON_RANKS. */
template <class C> auto on_ranks(C &&container)
{
    return detail::as_array(container, RP_ON_RANKS);
}

} // namespace rankpool

#endif
