/**
 * @file rankpool/cxx/worklist.hpp
 * @brief Worklists of C++: what pool::worklist() is made of.
 */
#ifndef RANKPOOL_CXX_WORKLIST_HPP
#define RANKPOOL_CXX_WORKLIST_HPP

#include <rankpool/cxx/jobs.hpp>
#include <rankpool/worklist.h>

namespace rankpool
{
namespace detail
{

/* A child that was computed in task.add() has failed, and its failure is recorded. */
struct child_failed {
    int code;
};

} // namespace detail

/** Context of an item of a worklist. */
template <class Item> class worklist_task : public task
{
  public:
    using task::task;
    /** Adds a child. It is copied. */
    void add(const Item &item)
    {
        const int code = rp_task_add(c_, &item);
        if (code != 0)
            throw detail::child_failed{code};
    }
};

namespace detail
{

template <class Item, class T, class Work, class Combine>
struct working : reduction<void, T, Work, Combine> {
    static int compute(rp_task *c, const void *item, void *result)
    {
        worklist_task<Item> context(c);
        try {
            Work &work = *static_cast<working *>(rp_task_user(c))->body;
            work(context, *static_cast<const Item *>(item), *static_cast<T *>(result));
            return 0;
        } catch (const child_failed &child) {
            return child.code;
        } catch (...) {
            return detail::fail_item(c, rp_task_item(c));
        }
    }
    static int join(void *left, const void *right, void *user)
    {
        return reduction<void, T, Work, Combine>::join(left, right, static_cast<working *>(user));
    }
};

} // namespace detail

template <class Seeds, class T, class Work, class Combine>
T pool::worklist(Seeds &&seeds, const T &identity, Work &&work, Combine &&combine,
                 const options &chosen)
{
    const auto first = detail::as_array(seeds);
    using Item = std::remove_cv_t<typename std::decay_t<decltype(first)>::value_type>;
    detail::check_bytes<T>();
    static_assert(alignof(Item) <= 16 && alignof(T) <= 16,
                  "a worklist aligns its items and results to 16 bytes, and no more");
    using all =
        detail::working<Item, T, std::remove_reference_t<Work>, std::remove_reference_t<Combine>>;
    all functions = {{&work, &combine, {}}};
    T result = identity;
    rp_worklist_job job = rp_worklist_job();
    job.seeds = first.data();
    job.n = first.size();
    job.item_size = sizeof(Item);
    job.work = all::compute;
    job.combine = all::join;
    job.identity = &identity;
    job.result = &result;
    job.result_size = sizeof result;
    job.options = detail::with_user(chosen, functions);
    const rp_status status = rp_worklist(c_, &job);
    check_with_text(status, functions.exception, rp_last_error(c_)->rank);
    return result;
}

} // namespace rankpool

#endif
