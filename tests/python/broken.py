"""Exceptions inside the module, in a place that the argument names: calls that wait fail, and the program ends."""
import os
import sys

import rankpool
from rankpool import engine, pool


def fail(*arguments):
    raise MemoryError("on purpose")


def fail_once(here, function):
    """A function that fails the first time that it is called where here() is true."""
    def replacement(*arguments):
        if here(*arguments):
            here.__globals__["failed"] = True
            fail()
        return function(*arguments)
    return replacement


failed = False
where = sys.argv[1]
if where == "produce":
    pool.Job.take = fail
elif where == "consume":
    pool.Job.learn = fail
elif where == "work":
    engine.worker.compute = fail
elif where == "command":
    engine.Engine.agree_on = fail_once(
        lambda self, kind, data: self.rank == 0 and kind == "stream" and not failed, engine.Engine.agree_on)
elif where == "worker":
    engine.Engine.run_stream = fail_once(lambda self: self.rank == 1, engine.Engine.run_stream)
if __name__ == "__main__":
    if where != "worker":
        sys.stderr = open(os.devnull, "w", encoding="ascii")  # tracebacks
    try:
        ranks = rankpool.Pool(2)
    except BaseException:
        print("the script went on")
        raise
    waiting = [ranks.map_async(abs, range(-9, 0), 1), ranks.map_async(abs, [-1]), ranks.apply_async(abs, (-3,))]
    for each in waiting:
        try:
            print(each.get(), end=" ")
        except rankpool.Error as error:
            print("failed", end=" ")
            if where != "work":
                assert "MemoryError('on purpose')" in str(error), error
    try:
        print(ranks.map(abs, [-5]))
    except rankpool.Error as error:
        print("failed")
    ranks.close()
    ranks.join()
