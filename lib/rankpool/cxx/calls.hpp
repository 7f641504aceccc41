/**
 * @file rankpool/cxx/calls.hpp
 * @brief Calls of C++: what pool::control() is made of.
 */
#ifndef RANKPOOL_CXX_CALLS_HPP
#define RANKPOOL_CXX_CALLS_HPP

#include <rankpool/control.h>
#include <rankpool/cxx/future.hpp>
#include <rankpool/cxx/pool.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <tuple>

namespace rankpool
{
namespace detail
{

/* The one signature of a function: that of the std::function which it is converted to. */
template <class F, class = void> struct signature {
    static constexpr bool known = false;
};
template <class> struct signature_of;
template <class R, class... P> struct signature_of<std::function<R(P...)>> {
    static constexpr bool known = true;
    using result = std::decay_t<R>;
    using parameters = std::tuple<std::decay_t<P>...>;
};
template <class R, class... P>
struct signature_of<std::function<R(task &, P...)>> : signature_of<std::function<R(P...)>> {
};
template <class F>
struct signature<F, std::void_t<decltype(std::function(std::declval<F &>()))>>
    : signature_of<decltype(std::function(std::declval<F &>()))> {
};

/* The input of a call: of each argument its size, or FROM_CALL; then the arguments' bytes. */
inline constexpr std::int64_t FROM_CALL = -1; /* the argument is the result of an earlier call */

class call_input
{
  public:
    call_input(rp_task *c, const void *in, std::size_t arguments) noexcept
        : c_(c), size_(static_cast<const std::int64_t *>(in)),
          data_(static_cast<const char *>(in) + arguments * sizeof *size_)
    {
    }
    template <class P> P next()
    {
        std::size_t count = 0;
        const void *data = data_;
        if (*size_ == FROM_CALL) {
            data = rp_task_after(c_, after_++, &count);
        } else {
            count = static_cast<std::size_t>(*size_);
            data_ += count;
        }
        size_++;
        return bytes<P>::load(data, count);
    }

  private:
    rp_task *c_;
    const std::int64_t *size_;
    const char *data_;
    int after_ = 0;
};

template <class F, class... P>
void compute_call(F &f, rp_task *c, const void *in, rp_buffer *result, std::tuple<P...> *)
{
    static_assert(accepts<F, P...>, "a function that is called on any rank must take its arguments "
                                    "by value or by constant reference");
    call_input input(c, in, sizeof...(P));
    std::tuple<P...> arguments{input.next<P>()...}; /* braces: from left to right */
    const auto apply = [&](P &...each) -> decltype(auto) {
        return detail::call(f, c, std::move(each)...);
    };
    using R = typename signature<F>::result;
    if constexpr (std::is_void_v<R>) {
        (void)result;
        std::apply(apply, arguments);
    } else {
        bytes<R>::store(result, std::apply(apply, arguments));
    }
}

/* Whether a function is that one: lambdas by their types, plain functions by their addresses. */
template <class F, class G> bool same_function(const F &f, const G &g)
{
    if constexpr (!std::is_same_v<std::decay_t<F>, std::decay_t<G>>)
        return (void)f, (void)g, false;
    else if constexpr (std::is_pointer_v<std::decay_t<F>>)
        return static_cast<std::decay_t<F>>(f) == static_cast<std::decay_t<G>>(g);
    else
        return (void)f, (void)g, true;
}

template <class Parameters, class Arguments> constexpr bool all_fit = false;
template <class... P, class... A>
constexpr bool all_fit<std::tuple<P...>, std::tuple<A...>> = ((
    is_future<A>::value ? std::is_same_v<A, future<P>> : std::is_convertible_v<const A &, P>)&&...);

template <class F, class... All>
constexpr int count_of_type = (0 + ... + int(std::is_same_v<std::decay_t<F>, std::decay_t<All>>));

} // namespace detail

/** How to make a call: rp_call_options. */
class call_options
{
  public:
    call_options &priority(int value)
    {
        return c_.priority = value, *this;
    }
    call_options &retries(int count)
    {
        return c_.retries = count, *this;
    }
    call_options &seconds(double limit)
    {
        return c_.seconds = limit, *this;
    }
    /** The call begins when that one has succeeded, whose future exists until this is submitted. */
    template <class T> call_options &after(const future<T> &call)
    {
        return after_.push_back(call.c()), *this;
    }
    template <class T> void after(const future<T> &&)
    {
        static_assert(sizeof(T *) == 0, "keep the future in a variable until the call that comes "
                                        "after it is submitted");
    }

  private:
    template <class... F> friend class control;
    rp_call_options c_ = rp_call_options();
    std::vector<rp_future *> after_;
};

/** What a controller submits to and waits for, during its call. F: the functions given to
 *  pool::control(). */
template <class... F> class control
{
  public:
    control(rp_control *c, const std::tuple<F *...> &functions) : c_(c), functions_(functions)
    {
    }
    control(const control &) = delete;
    control &operator=(const control &) = delete;
    ~control()
    {
        *open_ = false;
    }

    /**
     * Submits a call, f(arguments...) on any rank: rp_submit(). Arguments are converted to the
     * types of the parameters, and copied. Instead of an argument, give the future of an earlier
     * call: this one then begins when that has succeeded, and gets its result.
     *
     * @param[in] f  one of the functions given to pool::control(); a lambda is recognised by its
     *               type, and what it captures is that of the computing rank
     * @return a future of f's result
     */
    template <class G, class... A> auto submit(const G &f, const A &...arguments)
    {
        return submit_with(call_options(), f, arguments...);
    }
    template <class G, class... A>
    auto submit_with(const call_options &chosen, const G &f, const A &...arguments)
    {
        static_assert(detail::count_of_type<G, F...> > 0,
                      "submit a function that was given to pool.control(), since every rank must "
                      "know it");
        using signature = detail::signature<G>;
        using parameters = typename signature::parameters;
        static_assert(std::tuple_size_v<parameters> == sizeof...(A),
                      "submit as many arguments as the function has parameters");
        static_assert(detail::all_fit<parameters, std::tuple<A...>>,
                      "an argument cannot be converted to the type of its parameter, or an earlier "
                      "call does not return that very type");
        rp_call_options options = chosen.c_;
        std::vector<rp_future *> after;
        const std::size_t header = sizeof...(A) * sizeof(std::int64_t);
        if (rp_buffer_resize(input_.get(), header) == nullptr && header > 0)
            throw std::bad_alloc();
        store<parameters>(after, std::index_sequence_for<A...>(), arguments...);
        after.insert(after.end(), chosen.after_.begin(), chosen.after_.end());
        options.after = after.data();
        options.after_count = static_cast<int>(after.size());
        rp_future *made = nullptr;
        detail::check_call(rp_submit(c_, place(f, std::index_sequence_for<F...>()),
                                     rp_buffer_data(input_.get()), rp_buffer_size(input_.get()),
                                     &options, &made));
        return future<typename signature::result>(made, open_);
    }

    /**
     * Waits until any call is done whose future exists, and returns the number of each once, in
     * order of completion: rp_wait_any().
     *
     * @return future::number(); nothing if none is left, or none was done within `seconds`
     */
    std::optional<std::int64_t> wait_any(double seconds = HUGE_VAL)
    {
        rp_future *done = nullptr;
        if (!detail::waited(rp_wait_any(c_, seconds, &done)) || done == nullptr)
            return std::nullopt;
        return rp_future_number(done);
    }
    /** Waits until all calls are done; false: not within `seconds`. */
    bool wait_all(double seconds = HUGE_VAL)
    {
        return detail::waited(rp_wait_all(c_, seconds));
    }
    rp_control *get() const noexcept
    {
        return c_;
    }

  private:
    struct freeing {
        void operator()(rp_buffer *buffer) const noexcept
        {
            rp_buffer_free(&buffer);
        }
    };

    template <class G, std::size_t... I> int place(const G &f, std::index_sequence<I...>) const
    {
        int found = -1;
        const auto look = [&](int at, const auto &each) {
            if (found < 0 && detail::same_function(each, f))
                found = at;
        };
        (look(static_cast<int>(I), *std::get<I>(functions_)), ...);
        if (found < 0)
            throw std::invalid_argument("rankpool: submit a function given to pool.control()");
        return found;
    }
    template <class Parameters, std::size_t... I, class... A>
    void store(std::vector<rp_future *> &after, std::index_sequence<I...>, const A &...arguments)
    {
        (store_argument<std::tuple_element_t<I, Parameters>>(after, I, arguments), ...);
    }
    template <class P, class A>
    void store_argument(std::vector<rp_future *> &after, std::size_t at, const A &argument)
    {
        std::int64_t size = detail::FROM_CALL;
        if constexpr (detail::is_future<A>::value) {
            after.push_back(argument.c());
        } else {
            const std::size_t before = rp_buffer_size(input_.get());
            bytes<P>::store(input_.get(), static_cast<P>(argument));
            size = static_cast<std::int64_t>(rp_buffer_size(input_.get()) - before);
        }
        static_cast<std::int64_t *>(rp_buffer_data(input_.get()))[at] = size;
    }

    rp_control *c_;
    const std::tuple<F *...> &functions_;
    std::unique_ptr<rp_buffer, freeing> input_{detail::make_buffer()};
    std::shared_ptr<bool> open_ = std::make_shared<bool>(true); /* shared with the futures */
};

namespace detail
{

/* The controller and the functions of a job, which get one pointer. */
template <class Controller, class... F> struct controlling {
    Controller *controller;
    std::tuple<F *...> functions;
    rp_error failed = rp_error(); /* why the controller failed, on the root */

    static int direct(rp_control *c, void *user)
    {
        auto *self = static_cast<controlling *>(user);
        try {
            control<F...> context(c, self->functions);
            (*self->controller)(context);
            return 0;
        } catch (const error &exception) {
            self->failed = exception.record();
        } catch (...) {
            thrown exception;
            self->failed.item = -1;
            self->failed.task_code = exception.take();
            std::snprintf(self->failed.text, sizeof self->failed.text, "%s", exception.text);
        }
        return self->failed.task_code != 0 ? self->failed.task_code : 1;
    }
    template <std::size_t I>
    static int compute(rp_task *c, const void *in, std::size_t, rp_buffer *result)
    {
        auto *self = static_cast<controlling *>(rp_task_user(c));
        try {
            auto &f = *std::get<I>(self->functions);
            using G = std::remove_reference_t<decltype(f)>;
            detail::compute_call(f, c, in, result,
                                 static_cast<typename signature<G>::parameters *>(nullptr));
            return 0;
        } catch (...) {
            return detail::fail_item(c, rp_task_item(c));
        }
    }
    template <std::size_t... I>
    rp_status run(rp_pool *pool, const options &chosen, std::index_sequence<I...>)
    {
        const rp_call_fn calls[] = {compute<I>...};
        rp_control_job job = rp_control_job();
        job.controller = direct;
        job.calls = calls;
        job.call_count = static_cast<int>(sizeof...(F));
        job.options = detail::with_user(chosen, *this);
        return rp_control_run(pool, &job);
    }
};

} // namespace detail

template <class Controller, class... F, class>
void pool::control(Controller &&controller, F &&...functions)
{
    control(options(), controller, functions...);
}

template <class Controller, class... F>
void pool::control(const options &chosen, Controller &&controller, F &&...functions)
{
    static_assert(sizeof...(F) > 0, "give the functions that the controller will submit");
    static_assert((detail::signature<std::remove_reference_t<F>>::known && ...),
                  "rankpool calls functions of one signature: give no generic lambda, no "
                  "object with several operator(), and none that cannot be copied");
    static_assert(((std::is_pointer_v<std::decay_t<F>> || detail::count_of_type<F, F...> == 1) &&
                   ...),
                  "lambdas are recognised by their types: give each once");
    detail::controlling<std::remove_reference_t<Controller>, std::remove_reference_t<F>...> job = {
        &controller, {&functions...}};
    const rp_status status = job.run(c_, chosen, std::index_sequence_for<F...>());
    if (status == RP_OK)
        return;
    rp_error record = *rp_last_error(c_), known = job.failed;
    if (status == RP_ERR_TASK &&
        rp_broadcast(c_, root(), &known, 1, rp_bytes(sizeof known)) == RP_OK) {
        if (known.item >= 0) { /* of a call, which the controller let through */
            record = known;
        } else {
            if (known.task_code != 0)
                record.task_code = known.task_code;
            std::memcpy(record.text, known.text, sizeof record.text);
        }
    }
    throw error(record);
}

} // namespace rankpool

#endif
