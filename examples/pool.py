"""multiprocessing.Pool over ranks: `python3 pool.py`, or `mpirun -np 4 python3 pool.py`."""
import rankpool


def steps(x):
    """How many steps of x -> x / 2 or 3 x + 1 lead to 1?"""
    if x < 1:
        raise ValueError(f"{x} never gets there")
    count = 0
    while x != 1:
        x = x // 2 if x % 2 == 0 else 3 * x + 1
        count += 1
    return count


def longer(one, other):
    return max(one, other)


if __name__ == "__main__":
    with rankpool.Pool() as pool:
        counts = pool.map(steps, range(1, 10000))
        print(f"{counts.index(max(counts)) + 1} takes {max(counts)} steps")
        for x, count in zip((27, 97, 871), pool.imap(steps, (27, 97, 871))):
            print(x, count)
        print(pool.reduce(longer, counts))
        try:
            pool.map(steps, [3, 0, 5])
        except ValueError as error:
            print(error)
