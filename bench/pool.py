"""100 000 small calls by multiprocessing.Pool and by rankpool.Pool, in turn, in seconds: pool.sh
prints their ratios.

usage: pool.py map1|map|imap ROUNDS (under mpirun or by itself)
"""
import multiprocessing
import sys
import time

import rankpool

ITEMS = 100000


def square(x):
    return x * x


def seconds(pool, kind):
    begun = time.perf_counter()
    if kind == "imap":
        total = sum(pool.imap(square, range(ITEMS)))
    else:
        total = sum(pool.map(square, range(ITEMS), chunksize=1 if kind == "map1" else None))
    if total != (ITEMS - 1) * ITEMS * (2 * ITEMS - 1) // 6:
        sys.exit("pool.py: a wrong sum")
    return time.perf_counter() - begun


def main():
    kind, rounds = sys.argv[1], int(sys.argv[2])
    with rankpool.Pool(multiprocessing.cpu_count()) as ours:
        with multiprocessing.get_context("spawn").Pool(multiprocessing.cpu_count()) as theirs:
            ours.map(square, range(ITEMS))
            theirs.map(square, range(ITEMS))
            for _ in range(rounds):
                print(seconds(theirs, kind), seconds(ours, kind))


if __name__ == "__main__":
    main()
