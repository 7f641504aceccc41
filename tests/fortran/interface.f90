! What module rankpool promises, on any number of ranks.
module tasks
    use rankpool
    implicit none

contains

    ! Fails for item 7.
    integer(c_int) function double_it(task, in, out) bind(c)
        type(c_ptr), value :: task, in, out
        real(c_double), pointer :: x, y, factor
        call c_f_pointer(in, x)
        call c_f_pointer(out, y)
        call c_f_pointer(rp_task_user(task), factor)
        y = factor * x
        double_it = 0
        if (rp_task_item(task) == 7 .and. factor < 0) &
            double_it = rp_task_fail(task, rp_task_item(task), 5, "seven is not for me")
    end function

    integer(c_int) function fold(task, items, in, out) bind(c)
        type(c_ptr), value :: task, in, out
        type(rp_range), value :: items
        type(rp_sum), pointer :: partial
        real(c_double), pointer :: x(:)
        call c_f_pointer(out, partial)
        call c_f_pointer(in, x, [items%end - items%begin])
        call rp_sum_add_array(partial, x, size(x, kind=c_int64_t))
        fold = 0
        if (rp_task_attempt(task) > 0) fold = 1
    end function
end module

program interface
    use tasks
    implicit none
    type(c_ptr) :: pool, memory
    type(rp_config) :: config
    integer(c_int) :: ignored
    logical :: failed = .false.

    call rp_launch()
    config%root = 0
    if (rp_open(config, pool) /= RP_OK) error stop "no pool"
    call jobs()
    call collectives()
    call numbers()
    ignored = merge(1, 0, failed)
    if (rp_allreduce(pool, ignored, RP_MAX_OF) /= RP_OK) error stop "no answer"
    failed = ignored /= 0
    if (rp_rank(pool) == 0 .and. .not. failed) &
        print '(a, i0, a)', "module rankpool is right on ", rp_ranks(pool), " ranks"
    ignored = rp_close(pool)
    if (failed) stop 1, quiet=.true.

contains

    subroutine expect(good, what)
        logical, intent(in) :: good
        character(len=*), intent(in) :: what
        if (good) return
        print '(2a)', "not ok - ", what
        failed = .true.
    end subroutine

    subroutine jobs()
        integer, parameter :: n = 1000
        real(c_double), target :: x(n), y(n), factor
        type(rp_sum), target :: none, total
        type(rp_map_job) :: map
        type(rp_reduce_job) :: reduce
        type(rp_error) :: error
        integer :: i
        x = [(real(i, c_double), i = 0, n - 1)]
        y = 0
        factor = 2
        map%n = n
        map%item = c_funloc(double_it)
        map%in = c_loc(x)
        map%in_size = c_sizeof(x(1))
        map%out = c_loc(y)
        map%out_size = c_sizeof(y(1))
        map%out_place = RP_ON_RANKS
        map%options%user = c_loc(factor)
        map%options%schedule = RP_SCHEDULE_DYNAMIC
        map%options%chunk = 3
        call expect(rp_map(pool, map) == RP_OK, "map")
        call expect(all(y == 2 * x), "results of a map on all ranks")
        factor = -1
        map%options%on_failure = RP_ON_FAILURE_CONTINUE
        call expect(rp_map(pool, map) == RP_ERR_TASK, "a failing item")
        error = rp_last_error(pool)
        call expect(error%item == 7 .and. error%task_code == 5 .and. &
            rp_text(error%text) == "seven is not for me", "the error of an item")
        reduce%n = n
        reduce%body = c_funloc(fold)
        reduce%combine = c_funloc(rp_sum_combine)
        reduce%identity = c_loc(none)
        reduce%in = c_loc(x)
        reduce%in_size = c_sizeof(x(1))
        reduce%result = c_loc(total)
        reduce%result_size = c_sizeof(total)
        call expect(rp_reduce(pool, reduce) == RP_OK, "reduce")
        call expect(rp_sum_value(total) == 499500, "the sum")
    end subroutine

    subroutine collectives()
        type(rp_range) :: block
        integer(c_int64_t) :: n, i
        integer(c_int64_t), allocatable :: all(:), mine(:), back(:)
        real(c_double) :: two(2), pair(2, 1)
        integer(c_int64_t), pointer :: shared(:)
        n = 10
        allocate (all(n), back(n))
        all = merge([(i, i = 1, n)], 0_c_int64_t, rp_rank(pool) == 0)
        block = rp_block(n, int(rp_ranks(pool), c_int64_t), int(rp_rank(pool), c_int64_t))
        allocate (mine(block%end - block%begin))
        call expect(rp_scatter(pool, 0, all, n, 8_c_size_t, mine) == RP_OK, "scatter")
        mine = mine * mine
        call expect(rp_allgather(pool, mine, n, 8_c_size_t, back) == RP_OK, "allgather")
        call expect(back(10) == 100 .and. back(1) == 1, "squares")
        call expect(rp_gather(pool, 0, mine, n, 8_c_size_t, all) == RP_OK, "gather")
        call expect(rp_rank(pool) /= 0 .or. all(7) == 49, "gathered")
        two = 1.5_c_double
        call expect(rp_allreduce(pool, two, RP_SUM_OF) == RP_OK, "allreduce")
        call expect(two(2) == 1.5_c_double * rp_ranks(pool), "a sum of vectors")
        call expect(rp_allreduce(pool, two, 77) == RP_ERR_ARGUMENT, "no such operation")
        pair = merge(3.0_c_double, 0.0_c_double, rp_rank(pool) == 0)
        call expect(rp_broadcast(pool, 0, pair, 2_c_int64_t, 8_c_size_t) == RP_OK, "broadcast")
        call expect(pair(2, 1) == 3, "a matrix from the root")
        call expect(rp_node_alloc(pool, 80_c_size_t, memory) == RP_OK, "node memory")
        call c_f_pointer(memory, shared, [n])
        if (rp_rank(pool) == 0) shared(4) = 44
        call expect(rp_node_sync(pool) == RP_OK, "sync")
        call expect(shared(4) == 44, "shared")
        call expect(rp_node_free(pool, memory) == RP_OK .and. .not. c_associated(memory), "free")
    end subroutine

    subroutine numbers()
        type(rp_random) :: one, other
        real(c_double) :: x(5)
        type(rp_moments) :: moments
        type(rp_exact) :: exact
        integer :: i
        call rp_random_begin(one, 7_c_int64_t, 3_c_int64_t)
        call rp_random_begin(other, 7_c_int64_t, 3_c_int64_t)
        call rp_random_fill(one, x, 5_c_int64_t)
        do i = 1, 5
            call expect(rp_random_uniform(other) == x(i), "the same numbers")
        end do
        call expect(rp_random_below(one, 10_c_int64_t) < 10, "below")
        call rp_moments_add_array(moments, [1.0_c_double, 2.0_c_double, 3.0_c_double], 3_c_int64_t)
        call expect(rp_moments_variance(moments) == 1, "variance")
        do i = 1, 10
            call rp_exact_add(exact, 0.1_c_double)
        end do
        call expect(rp_exact_value(exact) == 1, "ten tenths")
        call expect(index(rp_version(), "MPI") > 0, "version")
    end subroutine
end program
