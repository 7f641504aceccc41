module periods
    use rankpool
    implicit none

contains

    ! After how many steps does x -> parameter * x * (1 - x) come back?
    integer(c_int) function period(task, in, out) bind(c)
        type(c_ptr), value :: task, in, out
        real(c_double), pointer :: parameter
        integer(c_int), pointer :: steps
        real(c_double) :: x, start
        integer :: i
        call c_f_pointer(in, parameter)
        call c_f_pointer(out, steps)
        x = 0.5_c_double
        do i = 1, 100000
            x = parameter * x * (1 - x)
        end do
        start = x
        do steps = 1, 1000
            x = parameter * x * (1 - x)
            if (abs(x - start) < 1e-9_c_double) exit
        end do
        period = 0
        if (steps > 1000) period = rp_task_fail(task, rp_task_item(task), 3, "it never comes back")
    end function
end module

program map
    use periods
    implicit none
    real(c_double), target :: parameters(5) = &
        [2.9_c_double, 3.2_c_double, 3.5_c_double, 3.55_c_double, 3.83_c_double]
    integer(c_int), target :: steps(5)
    type(rp_map_job) :: job
    type(c_ptr) :: pool
    integer(c_int) :: status, code, ignored
    integer :: i

    call rp_launch() ! not under mpirun or srun? then on every core
    status = rp_open(pool=pool)
    if (status /= RP_OK) then
        code = rp_report(c_null_ptr, "periods")
        stop code, quiet=.true.
    end if
    job%n = size(parameters)
    job%item = c_funloc(period)
    job%in = c_loc(parameters)
    job%in_size = c_sizeof(parameters(1))
    job%out = c_loc(steps)
    job%out_size = c_sizeof(steps(1))
    status = rp_map(pool, job)
    if (status == RP_OK .and. rp_rank(pool) == rp_root(pool)) then
        do i = 1, size(steps)
            print '(f4.2, 1x, i0)', parameters(i), steps(i)
        end do
    end if
    code = rp_report(pool, "periods")
    ignored = rp_close(pool)
    if (code /= 0) stop code, quiet=.true.
end program
