"""Workers die in tasks: the others go on, and an item that kills three is given up alone."""
import ctypes
import os
import signal
import sys

import rankpool

mark = sys.argv[1]


def die_once(x):
    if x == 50:
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return x * x
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die(x):
    if x == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


if __name__ == "__main__":
    with rankpool.Pool(processes=6, survive=True) as pool:
        survives = rankpool.lib.rp_survives
        survives.restype, survives.argtypes = ctypes.c_bool, [ctypes.c_void_p]
        if not survives(pool._engine.pool):
            sys.exit(77)
        assert pool.map(die_once, range(200)) == [x * x for x in range(200)]
        results, good, lost = pool.imap(die, range(40)), 0, 0
        for _ in range(40):
            try:
                good += next(results)
            except rankpool.Error:
                lost += 1
        assert (good, lost) == (sum(range(40)) - 7, 1), (good, lost)
        print(pool.map(abs, [-3]))
