! The sum of the first n numbers, by all ranks; exit status 0 if it is right.
program sum_f
    use rankpool
    implicit none
    integer(c_int64_t), parameter :: n = 100000
    integer(c_int64_t) :: i, total
    integer(c_int) :: status, ignored
    type(rp_range) :: range
    type(c_ptr) :: pool, loop

    call rp_launch()
    if (rp_open(pool=pool) /= RP_OK) stop 1, quiet=.true.
    total = 0
    status = rp_loop_open(pool, n, loop=loop)
    if (status == RP_OK) then
        do while (rp_loop_next(loop, range))
            do i = range%begin, range%end - 1
                total = total + i
            end do
        end do
        status = rp_loop_close(loop, RP_OK)
    end if
    if (status == RP_OK) status = rp_allreduce(pool, total, RP_SUM_OF)
    if (rp_rank(pool) == 0) print '(2a, i0, a, i0, a)', rp_version(), " in Fortran: ", total, &
        " on ", rp_ranks(pool), " ranks"
    if (status == RP_OK .and. total /= n * (n - 1) / 2) status = RP_ERR_TASK
    ignored = rp_report(pool, "sum")
    ignored = rp_close(pool)
    if (status /= RP_OK) stop 1, quiet=.true.
end program
