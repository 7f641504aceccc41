module dice
    use rankpool
    implicit none

    type, bind(c) :: tally ! darts inside the circle, and an exact sum
        integer(c_int64_t) :: hits = 0
        type(rp_exact) :: sum
    end type

contains

    integer(c_int) function throw_darts(task, items, in, out) bind(c)
        type(c_ptr), value :: task, in, out
        type(rp_range), value :: items
        type(tally), pointer :: part
        type(rp_random) :: random
        integer(c_int64_t) :: i
        real(c_double) :: x, y
        call c_f_pointer(out, part)
        do i = items%begin, items%end - 1
            call rp_task_random(task, i, random)
            x = rp_random_uniform(random)
            y = rp_random_uniform(random)
            if (x * x + y * y < 1) part%hits = part%hits + 1
            call rp_exact_add(part%sum, 0.1_c_double)
        end do
        throw_darts = 0
    end function

    integer(c_int) function combine(left, right, user) bind(c)
        type(c_ptr), value :: left, right, user
        type(tally), pointer :: a, b
        call c_f_pointer(left, a)
        call c_f_pointer(right, b)
        a%hits = a%hits + b%hits
        combine = rp_exact_combine(c_loc(a%sum), c_loc(b%sum), user)
    end function
end module

program reduce
    use dice
    implicit none
    type(tally), target :: none, all
    type(rp_reduce_job) :: job
    type(rp_range) :: range
    type(c_ptr) :: pool, loop
    integer(c_int64_t) :: i, odd
    integer(c_int) :: status, code, ignored

    call rp_launch()
    status = rp_open(pool=pool)
    if (status /= RP_OK) then
        code = rp_report(c_null_ptr, "darts")
        stop code, quiet=.true.
    end if
    job%n = 1000000
    job%body = c_funloc(throw_darts)
    job%combine = c_funloc(combine)
    job%identity = c_loc(none)
    job%result = c_loc(all)
    job%result_size = c_sizeof(all)
    job%options%seed = 1
    status = rp_reduce(pool, job)
    if (status == RP_OK .and. rp_rank(pool) == rp_root(pool)) then
        print '(f6.4, 1x, f8.1)', 4 * real(all%hits, c_double) / real(job%n, c_double), &
            rp_exact_value(all%sum)
    end if

    ! The same on a loop of its own, and a sum over the ranks.
    odd = 0
    if (status == RP_OK) status = rp_loop_open(pool, 1001_c_int64_t, loop=loop)
    if (status == RP_OK) then
        do while (rp_loop_next(loop, range))
            do i = range%begin, range%end - 1
                odd = odd + mod(i, 2_c_int64_t)
            end do
        end do
        status = rp_loop_close(loop, RP_OK)
    end if
    if (status == RP_OK) status = rp_allreduce(pool, odd, RP_SUM_OF)
    if (status == RP_OK .and. rp_rank(pool) == rp_root(pool)) print '(i0)', odd
    code = rp_report(pool, "darts")
    ignored = rp_close(pool)
    if (code /= 0) stop code, quiet=.true.
end program
