/**
 * @file rankpool/cxx/collectives.hpp
 * @brief Collectives on values and containers: what pool::gather() and its kin are made of.
 */
#ifndef RANKPOOL_CXX_COLLECTIVES_HPP
#define RANKPOOL_CXX_COLLECTIVES_HPP

#include <rankpool/collective.h>
#include <rankpool/cxx/pool.hpp>
#include <rankpool/sort.h>

#include <cstddef>

namespace rankpool
{
namespace detail
{

inline MPI_Op op_of(op with)
{
    switch (with) {
    case op::product:
        return MPI_PROD;
    case op::min:
        return MPI_MIN;
    case op::max:
        return MPI_MAX;
    case op::logical_and:
        return MPI_LAND;
    case op::logical_or:
        return MPI_LOR;
    case op::bit_and:
        return MPI_BAND;
    case op::bit_or:
        return MPI_BOR;
    case op::bit_xor:
        return MPI_BXOR;
    case op::sum:
        break;
    }
    return MPI_SUM;
}

template <class T> MPI_Datatype datatype_of()
{
    static_assert(std::is_arithmetic_v<T>,
                  "MPI's operations are for numbers: for other types use pool.reduce()");
    if constexpr (std::is_same_v<T, float>)
        return MPI_FLOAT;
    else if constexpr (std::is_same_v<T, double>)
        return MPI_DOUBLE;
    else if constexpr (std::is_same_v<T, long double>)
        return MPI_LONG_DOUBLE;
    else if constexpr (std::is_same_v<T, bool>)
        return MPI_C_BOOL;
    else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1   ? MPI_INT8_T
               : sizeof(T) == 2 ? MPI_INT16_T
               : sizeof(T) == 4 ? MPI_INT32_T
                                : MPI_INT64_T;
    else
        return sizeof(T) == 1   ? MPI_UINT8_T
               : sizeof(T) == 2 ? MPI_UINT16_T
               : sizeof(T) == 4 ? MPI_UINT32_T
                                : MPI_UINT64_T;
}

template <class C>
using element_t =
    std::remove_cv_t<typename decltype(detail::as_array(std::declval<const C &>()))::value_type>;

template <class T> std::vector<T> room(std::int64_t n)
{
    return std::vector<T>(static_cast<std::size_t>(n));
}

template <class T> std::int64_t size_of_block(const pool &with, std::int64_t n)
{
    check_bytes<T>();
    const range mine = with.block(n);
    return mine.end - mine.begin;
}

} // namespace detail

template <class T> void pool::check_block(const array<T> &mine, std::int64_t n) const
{
    const range right = block(n);
    if (mine.size() != right.end - right.begin)
        throw std::invalid_argument("the block of rank " + std::to_string(rank()) + " has " +
                                    std::to_string(mine.size()) + " elements; of " +
                                    std::to_string(n) + " its share is " +
                                    std::to_string(right.end - right.begin));
}

template <class T> void pool::broadcast(T &&data, int from)
{
    if constexpr (detail::is_contiguous<T>::value) {
        const auto all = detail::as_array(data);
        check(rp_broadcast(c_, from, all.data(), all.size(), rp_bytes(sizeof *all.data())));
    } else {
        detail::check_bytes<std::remove_reference_t<T>>();
        check(rp_broadcast(c_, from, &data, 1, rp_bytes(sizeof data)));
    }
}

template <class T> std::vector<T> pool::gather(const T &mine)
{
    detail::check_bytes<T>();
    auto all = detail::room<T>(is_root() ? ranks() : 0);
    check(rp_gather(c_, root(), &mine, ranks(), rp_bytes(sizeof mine), all.data()));
    return all;
}

template <class T> std::vector<T> pool::allgather(const T &mine)
{
    detail::check_bytes<T>();
    auto all = detail::room<T>(ranks());
    check(rp_allgather(c_, &mine, ranks(), rp_bytes(sizeof mine), all.data()));
    return all;
}

template <class C> auto pool::scatter_blocks(const C &all, std::int64_t n)
{
    using T = detail::element_t<C>;
    const auto elements = detail::as_array(all);
    auto mine = detail::room<T>(detail::size_of_block<T>(*this, n));
    if (is_root() && elements.size() < n)
        throw std::invalid_argument("the root has " + std::to_string(elements.size()) +
                                    " elements to scatter, not " + std::to_string(n));
    check(rp_scatter(c_, root(), elements.data(), n, rp_bytes(sizeof(T)), mine.data()));
    return mine;
}

template <class C> auto pool::gather_blocks(const C &mine, std::int64_t n)
{
    using T = detail::element_t<C>;
    const auto elements = detail::as_array(mine);
    check_block(elements, n);
    auto all = detail::room<T>(is_root() ? n : 0);
    check(rp_gather(c_, root(), elements.data(), n, rp_bytes(sizeof(T)), all.data()));
    return all;
}

template <class C> auto pool::allgather_blocks(const C &mine, std::int64_t n)
{
    using T = detail::element_t<C>;
    const auto elements = detail::as_array(mine);
    check_block(elements, n);
    auto all = detail::room<T>(n);
    check(rp_allgather(c_, elements.data(), n, rp_bytes(sizeof(T)), all.data()));
    return all;
}

template <class C> auto pool::alltoall(const C &mine)
{
    using T = detail::element_t<C>;
    const auto elements = detail::as_array(mine);
    if (elements.size() % ranks() != 0)
        throw std::invalid_argument("alltoall: " + std::to_string(elements.size()) +
                                    " elements are not as many for each rank");
    auto all = detail::room<T>(elements.size());
    check(rp_alltoall(c_, elements.data(), elements.size() / ranks(), rp_bytes(sizeof(T)),
                      all.data()));
    return all;
}

template <class T> T pool::allreduce(const T &mine, op with)
{
    T result = mine;
    check(rp_allreduce_ranks(c_, &mine, 1, detail::datatype_of<T>(), detail::op_of(with), &result));
    return result;
}

template <class C> void pool::allreduce_elements(C &&mine, op with)
{
    const auto elements = detail::as_array(mine);
    using T = typename std::decay_t<decltype(elements)>::value_type;
    check(rp_allreduce_ranks(c_, elements.data(), elements.size(), detail::datatype_of<T>(),
                             detail::op_of(with), elements.data()));
}

template <class T> T pool::scan(const T &mine, op with)
{
    T result = mine;
    check(rp_scan_ranks(c_, &mine, 1, detail::datatype_of<T>(), detail::op_of(with), &result));
    return result;
}

template <class T> T pool::exscan(const T &mine, op with)
{
    T result = mine;
    check(rp_exscan_ranks(c_, &mine, 1, detail::datatype_of<T>(), detail::op_of(with), &result));
    return result;
}

template <class C> void pool::sort(C &&mine, std::int64_t n)
{
    const auto elements = detail::as_array(mine);
    using T = typename std::decay_t<decltype(elements)>::value_type;
    static_assert(std::is_same_v<T, double> || (std::is_integral_v<T> && sizeof(T) == 8),
                  "pool.sort() without a comparison is for numbers of 64 bits: add one, as "
                  "std::less<>()");
    check_block(elements, n);
    rp_sort_job job = rp_sort_job();
    job.n = n;
    job.size = sizeof(T);
    job.mine = elements.data();
    job.key_type = std::is_same_v<T, double> ? RP_KEY_DOUBLE
                   : std::is_signed_v<T>     ? RP_KEY_INT64
                                             : RP_KEY_UINT64;
    check(rp_sort(c_, &job));
}

template <class C, class Less> void pool::sort(C &&mine, std::int64_t n, Less &&less)
{
    const auto elements = detail::as_array(mine);
    using T = typename std::decay_t<decltype(elements)>::value_type;
    struct ordering {
        static int compare(const void *left, const void *right, void *user) noexcept
        {
            auto &before = *static_cast<std::remove_reference_t<Less> *>(user);
            const T &one = *static_cast<const T *>(left), &other = *static_cast<const T *>(right);
            return before(one, other) ? -1 : before(other, one) ? 1 : 0;
        }
    };
    check_block(elements, n);
    rp_sort_job job = rp_sort_job();
    job.n = n;
    job.size = sizeof(T);
    job.mine = elements.data();
    job.compare = ordering::compare;
    job.user = const_cast<void *>(static_cast<const void *>(&less));
    check(rp_sort(c_, &job));
}

} // namespace rankpool

#endif
