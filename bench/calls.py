"""What a call of 8 bytes in and out costs in Python's pools, submitted all at once and awaited in
order of completion, in nanoseconds: calls.sh prints it as ratios.

usage: calls.py futures|pool WORKERS
"""
import sys
import time

CALLS = 10000


def twice(number):
    return 2 * number


def with_futures(workers):
    from concurrent.futures import ProcessPoolExecutor, as_completed

    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(twice, range(workers)))
        begun = time.perf_counter()
        futures = [pool.submit(twice, number) for number in range(CALLS)]
        total = sum(future.result() for future in as_completed(futures))
        return total, time.perf_counter() - begun


def with_pool(workers):
    from multiprocessing import Pool

    with Pool(workers) as pool:
        pool.map(twice, range(workers))
        begun = time.perf_counter()
        results = [pool.apply_async(twice, (number,)) for number in range(CALLS)]
        total = sum(result.get() for result in results)
        return total, time.perf_counter() - begun


def main():
    kind, workers = sys.argv[1], int(sys.argv[2])
    total, took = (with_futures if kind == "futures" else with_pool)(workers)
    if total != CALLS * (CALLS - 1):
        sys.exit("calls.py: a wrong sum")
    print(f"{took / CALLS * 1e9:.0f}")


if __name__ == "__main__":
    main()
