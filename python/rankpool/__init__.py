"""multiprocessing.Pool over the ranks of Rankpool: on every core, under mpirun, on many nodes.

    import rankpool

    def square(x):
        return x * x

    if __name__ == "__main__":
        with rankpool.Pool() as pool:
            print(pool.map(square, range(10)))

`python3 script.py` runs it on every core of the machine, `mpirun -np 16 python3 script.py` on 16
ranks. The guide, doc/guide/python.md, says who runs the script, and what differs from
multiprocessing.
"""
from .engine import launch
from .library import Error, lib
from .pool import AsyncResult, Pool, TimeoutError

__all__ = ["AsyncResult", "Error", "Pool", "TimeoutError", "launch", "version"]


def version():
    """Of the shared library, and of the MPI it was built with."""
    return lib.rp_version().decode()
