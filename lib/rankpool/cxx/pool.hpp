/**
 * @file rankpool/cxx/pool.hpp
 * @brief The pool: opened by its constructor, closed by its destructor.
 */
#ifndef RANKPOOL_CXX_POOL_HPP
#define RANKPOOL_CXX_POOL_HPP

#include <rankpool/cxx/array.hpp>
#include <rankpool/cxx/error.hpp>
#include <rankpool/cxx/options.hpp>
#include <rankpool/cxx/task.hpp>
#include <rankpool/node_memory.h>
#include <rankpool/pool.h>
#include <rankpool/reduce.h>
#include <rankpool/worklist.h>

#include <mpi.h>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankpool
{

/** Operations of MPI on numbers. */
enum class op {
    sum,
    product,
    min,
    max,
    logical_and,
    logical_or,
    bit_and,
    bit_or,
    bit_xor
};

/** What a consumer gets of an item that may have failed: see pool::stream(). */
template <class T> struct outcome {
    std::int64_t item;
    const rp_error *error; /**< NULL, or why the item failed; then there is no value */
    const T &value() const
    {
        return *result;
    }
    const T *result;
};

/**
 * A pool of ranks. All functions are *collective* and throw rankpool::error, except for those that
 * say something about the pool.
 *
 * A function that is passed to a job may have a first argument `task &`, for its context, in
 * addition to those named. `n` is the number of items. An array is a container with contiguous
 * elements, or a rankpool::array: by default on the root, with at least n elements there, and
 * not accessed on the other ranks; or on_ranks(container); or node memory.
 */
class pool
{
  public:
    /** Opens a pool on all ranks: rp_open(). Call rp_launch() before, or use run(). */
    explicit pool(const rp_config &config = rp_config())
    {
        opened(rp_open(&config, &c_));
    }
    /** Opens a pool on the ranks of a communicator: rp_open_comm(). */
    explicit pool(MPI_Comm comm, const rp_config &config = rp_config())
    {
        opened(rp_open_comm(comm, &config, &c_));
    }
    pool(pool &&other) noexcept : c_(std::exchange(other.c_, nullptr))
    {
    }
    pool &operator=(pool &&other) noexcept
    {
        std::swap(c_, other.c_);
        return *this;
    }
    ~pool()
    {
        rp_close(&c_);
    }

    /** Closes the pool, and returns whether all ranks did: rp_close(). */
    rp_status close()
    {
        return rp_close(&c_);
    }
    /** The pool of C. */
    rp_pool *get() const noexcept
    {
        return c_;
    }
    /** Throws an error unless the status, of a collective call on this pool, is RP_OK. */
    void check(rp_status status) const
    {
        if (status != RP_OK)
            throw error(*rp_last_error(c_));
    }

    int rank() const noexcept
    {
        return rp_rank(c_);
    }
    int ranks() const noexcept
    {
        return rp_ranks(c_);
    }
    int root() const noexcept
    {
        return rp_root(c_);
    }
    bool is_root() const noexcept
    {
        return rank() == root();
    }
    int node() const noexcept
    {
        return rp_node(c_);
    }
    int nodes() const noexcept
    {
        return rp_nodes(c_);
    }
    bool interrupted() const noexcept
    {
        return rp_interrupted(c_);
    }
    bool survives() const noexcept
    {
        return rp_survives(c_);
    }
    /** The lowest item at which the last job found enough, or -1. */
    std::int64_t enough_item() const noexcept
    {
        return rp_enough_item(c_);
    }
    /** This rank's block of n items. */
    range block(std::int64_t n) const noexcept
    {
        return rp_block(n, ranks(), rank());
    }

    // ---- jobs: jobs.hpp

    /** out[i] = f(in[i]) for the n items of `in`, the same number on every rank; or, if `in` is a
     *  whole number n, out[i] = f(i). `out` may be `in`. */
    template <class In, class Out, class F>
    void map(In &&in, Out &&out, F &&f, const options &chosen = options());
    /** The same, for n items: `in` may be empty where it is not accessed. */
    template <class In, class Out, class F, class = detail::if_function<F>>
    void map(std::int64_t n, In &&in, Out &&out, F &&f, const options &chosen = options());
    /** f(i) for each of n items; or f(x) for each element x of an array. */
    template <class In, class F> void for_each(In &&in, F &&f, const options &chosen = options());

    /**
     * Combines the results of all items, with the same bits on any number of ranks: rp_reduce().
     *
     * @param[in] in        an array, or a number n of items that are known by their index
     * @param[in] identity  the result of no items
     * @param[in] body      body(T &result, const X &x) folds an element of the array, or body(T
     *                      &result, std::int64_t i), or body(T &result, range) all items of it
     * @param[in] combine   combine(const T &left, const T &right) returns both combined, as
     *                      std::plus<>; or combine(T &left, const T &right) changes `left`
     * @return the result, on every rank
     */
    template <class In, class T, class Body, class Combine>
    T reduce(In &&in, const T &identity, Body &&body, Combine &&combine,
             const options &chosen = options());

    /** Calls f(i), or f(range), on each rank for its share of n items, until all are done:
     *  rp_loop_open() to rp_loop_close(). */
    template <class F> void loop(std::int64_t n, F &&f, const options &chosen = options());

    /**
     * Items of unknown number: rp_stream().
     *
     * @param[in] produce  on the root: returns std::optional<In>, empty after the last item
     * @param[in] work     work(const In &) returns the result, an Out. Both are trivially
     *                     copyable, strings, or vectors of what is trivially copyable. Instead of a
     *                     std::string, `work` may take a std::string_view.
     * @param[in] consume  on the root: consume(const Out &) in the order of production; or
     *                     consume(const outcome<Out> &), which also gets items that failed. It may
     *                     return a bool, false to end the stream.
     */
    template <class Produce, class Work, class Consume>
    void stream(Produce &&produce, Work &&work, Consume &&consume,
                const options &chosen = options());

    /**
     * Items that make items: rp_worklist().
     *
     * @param[in] seeds  an array on the root, with as many elements everywhere
     * @param[in] work   work(worklist_task<Item> &task, const Item &item, T &result) folds what it
     *                   finds into `result`, and adds items by task.add()
     * The other arguments are those of reduce(); `combine` must be commutative and associative.
     */
    template <class Seeds, class T, class Work, class Combine>
    T worklist(Seeds &&seeds, const T &identity, Work &&work, Combine &&combine,
               const options &chosen = options());

    /**
     * Calls whose results decide what is computed next: rp_control_run(). On the root, calls
     * controller(context), which submits calls to the context, a control<...>, and waits for them:
     *
     *     pool.control([&](auto &control) { std::cout << control.submit(square, 3.0).get(); },
     *                  square);
     *
     * @param[in] controller  a lambda with one parameter `auto &`. An exception that leaves it,
     *                        also that of a failed call, is thrown on every rank. When it returns,
     *                        calls that are not done are cancelled, which is an error.
     * @param[in] functions   what can be submitted, in the same order on every rank: each has one
     *                        signature, with arguments and a result as in stream(), or no result
     */
    template <class Controller, class... F, class = detail::if_function<Controller>>
    void control(Controller &&controller, F &&...functions);
    template <class Controller, class... F>
    void control(const options &chosen, Controller &&controller, F &&...functions);

    // ---- collectives: collectives.hpp

    void barrier()
    {
        check(rp_barrier(c_));
    }
    /** Copies a value, or the elements of a container that has its size everywhere, to all
     * ranks. */
    template <class T> void broadcast(T &&data, int from);
    template <class T> void broadcast(T &&data)
    {
        broadcast(data, root());
    }
    /** One value per rank, in the order of ranks: on the root, elsewhere nothing. */
    template <class T> std::vector<T> gather(const T &mine);
    /** The same on every rank. */
    template <class T> std::vector<T> allgather(const T &mine);
    /** This rank's block of n elements that the root has. */
    template <class C> auto scatter_blocks(const C &all, std::int64_t n);
    /** The n elements of which every rank has its block: on the root, elsewhere nothing. */
    template <class C> auto gather_blocks(const C &mine, std::int64_t n);
    /** The same on every rank. */
    template <class C> auto allgather_blocks(const C &mine, std::int64_t n);
    /** As many elements for every rank: those from rank 0, from rank 1 ... */
    template <class C> auto alltoall(const C &mine);
    /** The values of all ranks combined, on every rank. */
    template <class T> T allreduce(const T &mine, op with = op::sum);
    /** The arrays of all ranks, combined element by element, in place. */
    template <class C> void allreduce_elements(C &&mine, op with = op::sum);
    /** The values of the ranks up to this one combined; exscan: of those below it, on rank 0
     *  `mine`. */
    template <class T> T scan(const T &mine, op with = op::sum);
    template <class T> T exscan(const T &mine, op with = op::sum);
    /** Sorts n elements, of which every rank has its block: numbers of 64 bits by their value,
     *  others by less(left, right), which must not throw. */
    template <class C> void sort(C &&mine, std::int64_t n);
    template <class C, class Less> void sort(C &&mine, std::int64_t n, Less &&less);

    // ---- node memory

    /** Zeroed elements in memory that the ranks of a node share, until node_free() or close(). */
    template <class T> array<T> node_alloc(std::int64_t n);
    /** The same, filled once per node: element i is f(i). */
    template <class T, class F> array<T> node_alloc_filled(std::int64_t n, F &&f);
    template <class T> void node_free(array<T> &memory);
    void node_sync()
    {
        check(rp_node_sync(c_));
    }

  private:
    static void opened(rp_status status)
    {
        if (status != RP_OK)
            throw error(*rp_last_error(nullptr));
    }
    void check_with_text(rp_status status, const detail::thrown &mine, int from);
    template <class T> void check_block(const array<T> &mine, std::int64_t n) const;

    rp_pool *c_ = nullptr;
};

/** Combines two of the ready-made results of rankpool/sums.h, for pool::reduce(). */
struct combine_sums {
    void operator()(rp_sum &left, const rp_sum &right) const
    {
        rp_sum_combine(&left, &right, nullptr);
    }
    void operator()(rp_exact &left, const rp_exact &right) const
    {
        rp_exact_combine(&left, &right, nullptr);
    }
    void operator()(rp_moments &left, const rp_moments &right) const
    {
        rp_moments_combine(&left, &right, nullptr);
    }
    void operator()(rp_extrema &left, const rp_extrema &right) const
    {
        rp_extrema_combine(&left, &right, nullptr);
    }
};

/* After a call on this pool: throws its error, with the text that rank `from` has, which C cannot
 * carry. Every rank gets the same status, so all of them call it, or none. */
inline void pool::check_with_text(rp_status status, const detail::thrown &mine, int from)
{
    if (status == RP_OK)
        return;
    rp_error record = *rp_last_error(c_);
    if (status == RP_ERR_TASK && from >= 0) {
        detail::thrown known = mine;
        if (rp_broadcast(c_, from, &known, 1, rp_bytes(sizeof known)) == RP_OK && known.code != 0) {
            record.task_code = known.code;
            std::snprintf(record.text, sizeof record.text, "%s", known.text);
        }
    }
    throw error(record);
}

template <class T> array<T> pool::node_alloc(std::int64_t n)
{
    detail::check_bytes<T>();
    void *memory = nullptr;
    check(rp_node_alloc(c_, static_cast<std::size_t>(n) * sizeof(T), &memory));
    return {static_cast<T *>(memory), n, RP_ON_NODES};
}

template <class T, class F> array<T> pool::node_alloc_filled(std::int64_t n, F &&f)
{
    detail::check_bytes<T>();
    struct filling {
        std::remove_reference_t<F> *f;
        detail::thrown thrown;
        static int fill(void *memory, rp_range elements, void *user)
        {
            auto *self = static_cast<filling *>(user);
            try {
                for (std::int64_t i = elements.begin; i < elements.end; i++)
                    static_cast<T *>(memory)[i] = (*self->f)(i);
            } catch (...) {
                return self->thrown.take();
            }
            return 0;
        }
    } self = {&f, {}};
    void *memory = nullptr;
    const rp_status status = rp_node_alloc_filled(c_, n, sizeof(T), filling::fill, &self, &memory);
    check_with_text(status, self.thrown, rp_last_error(c_)->rank);
    return {static_cast<T *>(memory), n, RP_ON_NODES};
}

template <class T> void pool::node_free(array<T> &memory)
{
    void *c = memory.data();
    check(rp_node_free(c_, &c));
    memory = array<T>();
}

} // namespace rankpool

#endif
