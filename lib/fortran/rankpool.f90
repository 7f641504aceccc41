!> Rankpool for Fortran 2018: the calls of rankpool.h under the same names.
!>
!>     use rankpool
!>     type(c_ptr) :: pool
!>     call rp_launch()
!>     if (rp_open(pool=pool) /= RP_OK) stop ...
!>
!> The comments in the C headers apply, and rankpool(3). Pools, loops and tasks are of type(c_ptr).
!> Arrays of jobs are given by c_loc() and must be targets; functions are bind(c) and given by
!> c_funloc(). Items count from 0, as in C. Components have C's defaults. Collectives take arrays of
!> any rank and type whose elements are contiguous, and the size of an element in bytes; reductions
!> over ranks are in place: rp_allreduce(pool, x, RP_SUM_OF).
module rankpool
    use, intrinsic :: iso_c_binding
    implicit none
    public

    ! ---- status.h

    enum, bind(c)
        enumerator :: RP_OK = 0, RP_ERR_ARGUMENT = 1, RP_ERR_MISMATCH = 2, RP_ERR_MEMORY = 3, &
            RP_ERR_MPI = 4, RP_ERR_TASK = 5, RP_ERR_LOST = 6, RP_ERR_TIMEOUT = 7, &
            RP_ERR_INTERRUPTED = 8, RP_ERR_CANCELLED = 9, RP_ERR_IO = 10, RP_ERR_STATE = 11, &
            RP_ERR_VERSION = 12
    end enum

    type, bind(c) :: rp_error
        integer(c_int) :: status = RP_OK, task_code = 0, rank = -1, signal = 0
        integer(c_int64_t) :: item = -1
        character(kind=c_char) :: host(64) = c_null_char, text(512) = c_null_char
    end type

    ! ---- pool.h

    enum, bind(c)
        enumerator :: RP_RESUME_NOTHING = 0, RP_RESUME = 1, RP_RESUME_FORCED = 2
    end enum

    type, bind(c) :: rp_config
        integer(c_int) :: root = 0, node_size = 0, thread_level = 0
        real(c_double) :: heartbeat_timeout = 0
        logical(c_bool) :: handle_signals = .false.
        real(c_double) :: walltime_seconds = 0, watchdog_seconds = 0
        logical(c_bool) :: survive_deaths = .false., check = .false.
        type(c_ptr) :: checkpoint = c_null_ptr
        integer(c_int) :: resume = RP_RESUME_NOTHING
        real(c_double) :: checkpoint_seconds = 0
        integer(c_int64_t) :: fingerprint = 0
        integer(c_int64_t), private :: reserved(6) = 0
    end type

    ! ---- block.h, options.h, task.h

    type, bind(c) :: rp_range
        integer(c_int64_t) :: begin = 0, end = 0
    end type

    enum, bind(c)
        enumerator :: RP_SCHEDULE_ADAPTIVE = 0, RP_SCHEDULE_STATIC = 1, RP_SCHEDULE_DYNAMIC = 2, &
            RP_SCHEDULE_GUIDED = 3, RP_SCHEDULE_FACTORING = 4
    end enum
    enum, bind(c)
        enumerator :: RP_ON_FAILURE_STOP = 0, RP_ON_FAILURE_CONTINUE = 1
    end enum
    enum, bind(c)
        enumerator :: RP_ON_ROOT = 0, RP_ON_NODES = 1, RP_ON_RANKS = 2
    end enum

    type, bind(c) :: rp_options
        type(c_ptr) :: user = c_null_ptr
        integer(c_int) :: schedule = RP_SCHEDULE_ADAPTIVE
        integer(c_int64_t) :: chunk = 0
        real(c_double) :: call_overhead = 0
        real(c_double) :: expected_seconds = 0
        integer(c_int) :: on_failure = RP_ON_FAILURE_STOP
        type(c_ptr) :: item_status = c_null_ptr
        integer(c_int64_t) :: seed = 0
        integer(c_int) :: retries = 0
        integer(c_int64_t) :: max_failures = 0
        real(c_double) :: item_seconds = 0
        type(c_ptr) :: name = c_null_ptr, unit = c_null_ptr
        integer(c_int64_t), private :: reserved(9) = 0
    end type

    ! ---- map.h, reduce.h

    type, bind(c) :: rp_map_job
        integer(c_int64_t) :: n = 0
        !> integer(c_int) function f(task, in, out) bind(c), all of type(c_ptr), value
        type(c_funptr) :: item = c_null_funptr
        !> the same, with an argument of type(rp_range), value after `task`
        type(c_funptr) :: range = c_null_funptr
        type(c_ptr) :: in = c_null_ptr
        integer(c_size_t) :: in_size = 0
        integer(c_int) :: in_place = RP_ON_ROOT
        type(c_ptr) :: out = c_null_ptr
        integer(c_size_t) :: out_size = 0
        integer(c_int) :: out_place = RP_ON_ROOT
        type(rp_options) :: options
    end type

    type, bind(c) :: rp_reduce_job
        integer(c_int64_t) :: n = 0, leaf = 0
        type(c_funptr) :: body = c_null_funptr    !< as `range` of a map
        !> integer(c_int) function f(left, right, user) bind(c), all of type(c_ptr), value
        type(c_funptr) :: combine = c_null_funptr
        type(c_ptr) :: identity = c_null_ptr, in = c_null_ptr
        integer(c_size_t) :: in_size = 0
        integer(c_int) :: in_place = RP_ON_ROOT
        type(c_ptr) :: out = c_null_ptr
        integer(c_size_t) :: out_size = 0
        integer(c_int) :: out_place = RP_ON_ROOT
        type(c_ptr) :: result = c_null_ptr
        integer(c_size_t) :: result_size = 0
        type(rp_options) :: options
    end type

    ! ---- random.h, sums.h

    type, bind(c) :: rp_random
        integer(c_int64_t) :: seed = 0, item = 0, block = 0, second = 0, left = 0
        integer(c_int64_t), private :: reserved(3) = 0
    end type

    type, bind(c) :: rp_sum
        real(c_double) :: high = 0, low = 0
    end type

    type, bind(c) :: rp_exact
        integer(c_int64_t) :: digits(67) = 0
        integer(c_int32_t) :: pending = 0, special = 0
    end type

    type, bind(c) :: rp_moments
        integer(c_int64_t) :: count = 0
        real(c_double) :: mean = 0, squares = 0
    end type

    type, bind(c) :: rp_extrema
        integer(c_int64_t) :: count = 0, nans = 0
        real(c_double) :: least = 0, greatest = 0
        integer(c_int64_t) :: least_item = 0, greatest_item = 0
    end type

    !> Operations of rp_allreduce().
    enum, bind(c)
        enumerator :: RP_SUM_OF = 0, RP_PRODUCT_OF = 1, RP_MIN_OF = 2, RP_MAX_OF = 3
    end enum

    !> Types of reductions: places in a table of calls.c.
    integer(c_int), parameter, private :: KIND_INT32 = 0, KIND_INT64 = 1, KIND_REAL32 = 2, &
        KIND_REAL64 = 3

    !> Combines a number, or the elements of a vector, of all ranks, in place on every rank:
    !> rp_allreduce_ranks().
    interface rp_allreduce
        module procedure allreduce_int32, allreduce_int64, allreduce_real32, allreduce_real64
        module procedure allreduce_int32s, allreduce_int64s, allreduce_real32s, allreduce_real64s
    end interface
    private :: allreduce_int32, allreduce_int64, allreduce_real32, allreduce_real64
    private :: allreduce_int32s, allreduce_int64s, allreduce_real32s, allreduce_real64s
    private :: c_text

    interface
        integer(c_int) function rp_open(config, pool) bind(c)
            import
            type(rp_config), intent(in), optional :: config
            type(c_ptr), intent(out) :: pool
        end function
        integer(c_int) function rp_close(pool) bind(c)
            import
            type(c_ptr), intent(inout) :: pool
        end function
        pure integer(c_int) function rp_exit_code(status) bind(c)
            import
            integer(c_int), value :: status
        end function

        pure integer(c_int) function rp_rank(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        pure integer(c_int) function rp_ranks(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        pure integer(c_int) function rp_root(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        pure integer(c_int) function rp_node(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        pure integer(c_int) function rp_nodes(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        logical(c_bool) function rp_interrupted(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        logical(c_bool) function rp_survives(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        integer(c_int64_t) function rp_enough_item(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        pure type(rp_range) function rp_block(n, parts, part) bind(c)
            import
            integer(c_int64_t), value :: n, parts, part
        end function

        ! ---- jobs. Without intent(in): from that, compilers infer that what a job points to stays unchanged.

        integer(c_int) function rp_map(pool, job) bind(c)
            import
            type(c_ptr), value :: pool
            type(rp_map_job) :: job
        end function
        integer(c_int) function rp_reduce(pool, job) bind(c)
            import
            type(c_ptr), value :: pool
            type(rp_reduce_job) :: job
        end function
        integer(c_int) function rp_loop_open(pool, n, options, loop) bind(c)
            import
            type(c_ptr), value :: pool
            integer(c_int64_t), value :: n
            type(rp_options), optional :: options
            type(c_ptr), intent(out) :: loop
        end function
        logical(c_bool) function rp_loop_next(loop, range) bind(c)
            import
            type(c_ptr), value :: loop
            type(rp_range), intent(out) :: range
        end function
        integer(c_int) function rp_loop_enough(loop, item) bind(c)
            import
            type(c_ptr), value :: loop
            integer(c_int64_t), value :: item
        end function
        integer(c_int) function rp_loop_close(loop, mine) bind(c)
            import
            type(c_ptr), intent(inout) :: loop
            integer(c_int), value :: mine
        end function

        ! ---- in tasks

        integer(c_int64_t) function rp_task_item(task) bind(c)
            import
            type(c_ptr), value :: task
        end function
        type(c_ptr) function rp_task_user(task) bind(c)
            import
            type(c_ptr), value :: task
        end function
        type(c_ptr) function rp_task_out(task) bind(c)
            import
            type(c_ptr), value :: task
        end function
        integer(c_int) function rp_task_attempt(task) bind(c)
            import
            type(c_ptr), value :: task
        end function
        logical(c_bool) function rp_task_cancelled(task) bind(c)
            import
            type(c_ptr), value :: task
        end function
        integer(c_int) function rp_task_enough(task, item) bind(c)
            import
            type(c_ptr), value :: task
            integer(c_int64_t), value :: item
        end function
        subroutine rp_task_random(task, item, random) bind(c)
            import
            type(c_ptr), value :: task
            integer(c_int64_t), value :: item
            type(rp_random), intent(out) :: random
        end subroutine

        ! ---- collectives: n elements of `bytes` bytes each

        integer(c_int) function rp_barrier(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function
        integer(c_int) function rp_agree(pool, mine, worst) bind(c)
            import
            type(c_ptr), value :: pool
            integer(c_int), value :: mine
            integer(c_int), intent(out), optional :: worst
        end function
        integer(c_int) function rp_broadcast(pool, root, data, n, bytes) &
            bind(c, name="rpf_broadcast")
            import
            type(c_ptr), value :: pool
            integer(c_int), value :: root
            type(*), intent(inout) :: data(*)
            integer(c_int64_t), value :: n
            integer(c_size_t), value :: bytes
        end function
        integer(c_int) function rp_scatter(pool, root, all, n, bytes, mine) &
            bind(c, name="rpf_scatter")
            import
            type(c_ptr), value :: pool
            integer(c_int), value :: root
            type(*), intent(in) :: all(*)
            integer(c_int64_t), value :: n
            integer(c_size_t), value :: bytes
            type(*), intent(inout) :: mine(*)
        end function
        integer(c_int) function rp_gather(pool, root, mine, n, bytes, all) &
            bind(c, name="rpf_gather")
            import
            type(c_ptr), value :: pool
            integer(c_int), value :: root
            type(*), intent(in) :: mine(*)
            integer(c_int64_t), value :: n
            integer(c_size_t), value :: bytes
            type(*), intent(inout) :: all(*)
        end function
        integer(c_int) function rp_allgather(pool, mine, n, bytes, all) &
            bind(c, name="rpf_allgather")
            import
            type(c_ptr), value :: pool
            type(*), intent(in) :: mine(*)
            integer(c_int64_t), value :: n
            integer(c_size_t), value :: bytes
            type(*), intent(inout) :: all(*)
        end function
        integer(c_int) function rp_alltoall(pool, mine, n, bytes, all) &
            bind(c, name="rpf_alltoall")
            import
            type(c_ptr), value :: pool
            type(*), intent(in) :: mine(*)
            integer(c_int64_t), value :: n
            integer(c_size_t), value :: bytes
            type(*), intent(inout) :: all(*)
        end function

        integer(c_int) function rp_allreduce_elements(pool, data, n, kind, op) &
            bind(c, name="rpf_allreduce")
            import
            type(c_ptr), value :: pool
            type(*), intent(inout) :: data(*)
            integer(c_int64_t), value :: n
            integer(c_int), value :: kind, op
        end function

        ! ---- node memory

        integer(c_int) function rp_node_alloc(pool, bytes, memory) bind(c)
            import
            type(c_ptr), value :: pool
            integer(c_size_t), value :: bytes
            type(c_ptr), intent(out) :: memory
        end function
        integer(c_int) function rp_node_free(pool, memory) bind(c)
            import
            type(c_ptr), value :: pool
            type(c_ptr), intent(inout) :: memory
        end function
        integer(c_int) function rp_node_sync(pool) bind(c)
            import
            type(c_ptr), value :: pool
        end function

        ! ---- random numbers

        subroutine rp_random_begin(random, seed, item) bind(c)
            import
            type(rp_random), intent(out) :: random
            integer(c_int64_t), value :: seed, item
        end subroutine
        integer(c_int64_t) function rp_random_bits(random) bind(c)
            import
            type(rp_random), intent(inout) :: random
        end function
        real(c_double) function rp_random_uniform(random) bind(c)
            import
            type(rp_random), intent(inout) :: random
        end function
        subroutine rp_random_fill(random, x, n) bind(c)
            import
            type(rp_random), intent(inout) :: random
            real(c_double), intent(inout) :: x(*)
            integer(c_int64_t), value :: n
        end subroutine
        real(c_double) function rp_random_normal(random) bind(c)
            import
            type(rp_random), intent(inout) :: random
        end function
        real(c_double) function rp_random_exponential(random) bind(c)
            import
            type(rp_random), intent(inout) :: random
        end function
        integer(c_int64_t) function rp_random_below(random, bound) bind(c)
            import
            type(rp_random), intent(inout) :: random
            integer(c_int64_t), value :: bound
        end function

        ! ---- sums; the combining ones are given to a reduction by c_funloc()

        subroutine rp_sum_add(sum, x) bind(c)
            import
            type(rp_sum), intent(inout) :: sum
            real(c_double), value :: x
        end subroutine
        subroutine rp_sum_add_array(sum, x, n) bind(c)
            import
            type(rp_sum), intent(inout) :: sum
            real(c_double), intent(in) :: x(*)
            integer(c_int64_t), value :: n
        end subroutine
        real(c_double) function rp_sum_value(sum) bind(c)
            import
            type(rp_sum), intent(in) :: sum
        end function
        integer(c_int) function rp_sum_combine(left, right, user) bind(c)
            import
            type(c_ptr), value :: left, right, user
        end function
        subroutine rp_exact_add(sum, x) bind(c)
            import
            type(rp_exact), intent(inout) :: sum
            real(c_double), value :: x
        end subroutine
        subroutine rp_exact_add_array(sum, x, n) bind(c)
            import
            type(rp_exact), intent(inout) :: sum
            real(c_double), intent(in) :: x(*)
            integer(c_int64_t), value :: n
        end subroutine
        real(c_double) function rp_exact_value(sum) bind(c)
            import
            type(rp_exact), intent(in) :: sum
        end function
        integer(c_int) function rp_exact_combine(left, right, user) bind(c)
            import
            type(c_ptr), value :: left, right, user
        end function
        subroutine rp_moments_add(moments, x) bind(c)
            import
            type(rp_moments), intent(inout) :: moments
            real(c_double), value :: x
        end subroutine
        subroutine rp_moments_add_array(moments, x, n) bind(c)
            import
            type(rp_moments), intent(inout) :: moments
            real(c_double), intent(in) :: x(*)
            integer(c_int64_t), value :: n
        end subroutine
        real(c_double) function rp_moments_variance(moments) bind(c)
            import
            type(rp_moments), intent(in) :: moments
        end function
        integer(c_int) function rp_moments_combine(left, right, user) bind(c)
            import
            type(c_ptr), value :: left, right, user
        end function
        subroutine rp_extrema_add(extrema, item, x) bind(c)
            import
            type(rp_extrema), intent(inout) :: extrema
            integer(c_int64_t), value :: item
            real(c_double), value :: x
        end subroutine
        subroutine rp_extrema_add_array(extrema, first, x, n) bind(c)
            import
            type(rp_extrema), intent(inout) :: extrema
            integer(c_int64_t), value :: first
            real(c_double), intent(in) :: x(*)
            integer(c_int64_t), value :: n
        end subroutine
        integer(c_int) function rp_extrema_combine(left, right, user) bind(c)
            import
            type(c_ptr), value :: left, right, user
        end function
    end interface

contains

    !> rp_launch() of C, with the arguments of this process. The ranks' do not have --ranks.
    subroutine rp_launch()
        character(kind=c_char), allocatable, target :: words(:, :)
        type(c_ptr), allocatable :: argv(:)
        character(len=:), allocatable :: word
        integer :: i, k, longest, length
        interface
            subroutine c_launch(argc, argv) &
            bind(c, name="rpf_launch")
                import
                integer(c_int), value :: argc
                type(c_ptr), intent(in) :: argv(*)
            end subroutine
        end interface
        longest = 0
        do i = 0, command_argument_count()
            call get_command_argument(i, length=length)
            longest = max(longest, length)
        end do
        allocate (words(longest + 1, 0:command_argument_count()))
        allocate (argv(command_argument_count() + 2))
        words = c_null_char
        argv = c_null_ptr
        do i = 0, command_argument_count()
            call get_command_argument(i, length=length)
            allocate (character(len=length) :: word)
            if (length > 0) call get_command_argument(i, word)
            do k = 1, length
                words(k, i) = word(k:k)
            end do
            deallocate (word)
            argv(i + 1) = c_loc(words(1, i))
        end do
        call c_launch(int(size(argv) - 1, c_int), argv)
    end subroutine

    !> rp_report() of C. Without a pool: give c_null_ptr.
    integer(c_int) function rp_report(pool, program)
        type(c_ptr), intent(in) :: pool
        character(len=*), intent(in) :: program
        interface
            integer(c_int) function c_report(pool, program) bind(c, name="rp_report")
                import
                type(c_ptr), value :: pool
                character(kind=c_char), intent(in) :: program(*)
            end function
        end interface
        rp_report = c_report(pool, c_text(program))
    end function

    !> A copy of the details of the last call: rp_last_error().
    function rp_last_error(pool) result(error)
        type(c_ptr), intent(in) :: pool
        type(rp_error) :: error
        type(rp_error), pointer :: known
        interface
            type(c_ptr) function c_last_error(pool) bind(c, name="rp_last_error")
                import
                type(c_ptr), value :: pool
            end function
        end interface
        call c_f_pointer(c_last_error(pool), known)
        error = known
    end function

    !> Text of C, as in rp_error, as a string of Fortran.
    pure function rp_text(chars) result(text)
        character(kind=c_char), intent(in) :: chars(:)
        character(len=:), allocatable :: text
        integer :: i, length
        length = 0
        do while (length < size(chars))
            if (chars(length + 1) == c_null_char) exit
            length = length + 1
        end do
        allocate (character(len=length) :: text)
        do i = 1, length
            text(i:i) = chars(i)
        end do
    end function

    function rp_version() result(text)
        character(len=:), allocatable :: text
        character(kind=c_char), pointer :: chars(:)
        interface
            type(c_ptr) function c_version() bind(c, name="rp_version")
                import
            end function
            pure integer(c_size_t) function c_strlen(text) bind(c, name="strlen")
                import
                type(c_ptr), value :: text
            end function
        end interface
        call c_f_pointer(c_version(), chars, [c_strlen(c_version())])
        text = rp_text(chars)
    end function

    !> Records which item failed and why. The task then returns the value.
    integer(c_int) function rp_task_fail(task, item, code, text)
        type(c_ptr), intent(in) :: task
        integer(c_int64_t), intent(in) :: item
        integer(c_int), intent(in) :: code
        character(len=*), intent(in) :: text
        interface
            integer(c_int) function c_fail(task, item, code, text) &
            bind(c, name="rpf_task_fail")
                import
                type(c_ptr), value :: task
                integer(c_int64_t), value :: item
                integer(c_int), value :: code
                character(kind=c_char), intent(in) :: text(*)
            end function
        end interface
        rp_task_fail = c_fail(task, item, code, c_text(text))
    end function

    pure function c_text(text) result(chars)
        character(len=*), intent(in) :: text
        character(kind=c_char) :: chars(len_trim(text) + 1)
        integer :: i
        do i = 1, len_trim(text)
            chars(i) = text(i:i)
        end do
        chars(size(chars)) = c_null_char
    end function

    integer(c_int) function allreduce_int32(pool, x, op)
        type(c_ptr), intent(in) :: pool
        integer(c_int32_t), intent(inout) :: x
        integer(c_int), intent(in) :: op
        integer(c_int32_t) :: copy(1)
        copy = x
        allreduce_int32 = rp_allreduce_elements(pool, copy, 1_c_int64_t, KIND_INT32, op)
        x = copy(1)
    end function

    integer(c_int) function allreduce_int64(pool, x, op)
        type(c_ptr), intent(in) :: pool
        integer(c_int64_t), intent(inout) :: x
        integer(c_int), intent(in) :: op
        integer(c_int64_t) :: copy(1)
        copy = x
        allreduce_int64 = rp_allreduce_elements(pool, copy, 1_c_int64_t, KIND_INT64, op)
        x = copy(1)
    end function

    integer(c_int) function allreduce_real32(pool, x, op)
        type(c_ptr), intent(in) :: pool
        real(c_float), intent(inout) :: x
        integer(c_int), intent(in) :: op
        real(c_float) :: copy(1)
        copy = x
        allreduce_real32 = rp_allreduce_elements(pool, copy, 1_c_int64_t, KIND_REAL32, op)
        x = copy(1)
    end function

    integer(c_int) function allreduce_real64(pool, x, op)
        type(c_ptr), intent(in) :: pool
        real(c_double), intent(inout) :: x
        integer(c_int), intent(in) :: op
        real(c_double) :: copy(1)
        copy = x
        allreduce_real64 = rp_allreduce_elements(pool, copy, 1_c_int64_t, KIND_REAL64, op)
        x = copy(1)
    end function

    integer(c_int) function allreduce_int32s(pool, x, op)
        type(c_ptr), intent(in) :: pool
        integer(c_int32_t), contiguous, intent(inout) :: x(:)
        integer(c_int), intent(in) :: op
        allreduce_int32s = rp_allreduce_elements(pool, x, size(x, kind=c_int64_t), KIND_INT32, op)
    end function

    integer(c_int) function allreduce_int64s(pool, x, op)
        type(c_ptr), intent(in) :: pool
        integer(c_int64_t), contiguous, intent(inout) :: x(:)
        integer(c_int), intent(in) :: op
        allreduce_int64s = rp_allreduce_elements(pool, x, size(x, kind=c_int64_t), KIND_INT64, op)
    end function

    integer(c_int) function allreduce_real32s(pool, x, op)
        type(c_ptr), intent(in) :: pool
        real(c_float), contiguous, intent(inout) :: x(:)
        integer(c_int), intent(in) :: op
        allreduce_real32s = rp_allreduce_elements(pool, x, size(x, kind=c_int64_t), KIND_REAL32, op)
    end function

    integer(c_int) function allreduce_real64s(pool, x, op)
        type(c_ptr), intent(in) :: pool
        real(c_double), contiguous, intent(inout) :: x(:)
        integer(c_int), intent(in) :: op
        allreduce_real64s = rp_allreduce_elements(pool, x, size(x, kind=c_int64_t), KIND_REAL64, op)
    end function
end module
