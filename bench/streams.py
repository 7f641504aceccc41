"""What an item of 8 bytes in and out costs in Python's pools, in nanoseconds: streams.sh prints it
as ratios.

usage: streams.py pool WORKERS
       streams.py mpi4py WORKERS (under mpirun -np WORKERS + 1, with -m mpi4py.futures)
"""
import sys
import time

ITEMS = 20000


def twice(number):
    return 2 * number


def seconds(results):
    begun = time.perf_counter()
    if sum(results) != ITEMS * (ITEMS - 1):
        sys.exit("streams.py: a wrong sum")
    return time.perf_counter() - begun


def main():
    kind, workers = sys.argv[1], int(sys.argv[2])
    if kind == "pool":
        from multiprocessing import Pool

        with Pool(workers) as pool:
            pool.map(twice, range(workers))
            took = seconds(pool.imap_unordered(twice, range(ITEMS)))
    else:
        from mpi4py.futures import MPIPoolExecutor

        with MPIPoolExecutor(workers) as pool:
            list(pool.map(twice, range(workers)))
            took = seconds(pool.map(twice, range(ITEMS)))
    print(f"{took / ITEMS * 1e9:.0f}")


if __name__ == "__main__":
    main()
