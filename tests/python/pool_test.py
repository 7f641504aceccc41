"""The behaviour of rankpool.Pool, which is that of multiprocessing.Pool: run by pool.sh on any
number of ranks."""
import array
import contextlib
import ctypes
import io
import itertools
import multiprocessing
import multiprocessing.pool
import os
import queue
import sys
import tempfile
import threading
import time
import unittest

import rankpool

state = None


def square(x):
    return x * x


def power(x, y=2, *, add=0):
    return x**y + add


def appears(path):
    while not os.path.exists(path):
        time.sleep(0.001)
    return path


def nap(seconds):
    time.sleep(seconds)
    return seconds


def fail_at(x, where=()):
    if x in where:
        raise ValueError(f"no {x}")
    return x


def fail_from_three(x):
    return fail_at(x, range(3, 1000))


def leave(code):
    sys.exit(code)


class Stubborn(Exception):
    """Cannot be unpickled: its arguments are not those of __init__."""

    def __init__(self, one, other):
        super().__init__(one)


class Shy:
    """Can be pickled, but not unpickled where the tests run."""

    def __init__(self, where):
        self.where = where

    def __setstate__(self, values):
        if values["where"] != os.getpid():
            raise RuntimeError("too shy")
        self.__dict__ = values


def make_shy(x):
    return Shy(os.getpid()) if x == 2 else x


def raise_stubborn(x):
    raise Stubborn(x, x)


def make_lambda(x):
    return (lambda: x) if x == 2 else x


class Leaver:
    """Ends its process when it is pickled, or else where it is unpickled."""

    def __init__(self, early=False):
        self.early = early

    def __reduce__(self):
        if self.early:
            sys.exit(4)
        return leave, (5,)


class Mute(Exception):
    """Can be neither pickled nor printed."""

    def __repr__(self):
        raise ZeroDivisionError

    __str__ = __reduce__ = __repr__


def stop_at_two(x):
    if x == 2:
        raise StopIteration
    return x


def make_leaver(x):
    return Leaver(x == 2) if x > 1 else x


def make_mute(x):
    if x == 3:
        raise Mute
    return Mute() if x == 2 else x


def set_state(value):
    global state
    state = value


def get_state(x):
    return state


def fail_to_initialize():
    raise OSError("not today")


def open_pool(x):
    return rankpool.Pool()


def process(x):
    return os.getpid()


def concatenate(left, right):
    return left + right


def size_of(data):
    return len(data)


def grow(size):
    return bytes(size)


RANGE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
                         ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double))
COMBINE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_double),
                           ctypes.POINTER(ctypes.c_double), ctypes.c_void_p)


@RANGE
def double_all(task, begin, end, values, out):
    for i in range(end - begin):
        out[i] = 2 * values[i]
    return 0


@RANGE
def add_all(task, begin, end, values, partial):
    for i in range(end - begin):
        partial[0] += values[i]
    return 0


@RANGE
def refuse(task, begin, end, values, out):
    return 7


@COMBINE
def add(left, right, user):
    left[0] += right[0]
    return 0


class Calls(unittest.TestCase):
    def test_apply(self):
        self.assertEqual(pool.apply(power, (3,)), 9)
        self.assertEqual(pool.apply(power, (3, 3), {"add": 1}), 28)

    def test_map(self):
        for n in (0, 1, 2, 5, 1000):
            for chunksize in (None, 1, 3, 400):
                expected = [x * x for x in range(n)]
                self.assertEqual(pool.map(square, range(n), chunksize), expected)
                self.assertEqual(pool.map(square, list(range(n)), chunksize), expected)
        self.assertEqual(pool.map(square, (x for x in range(5))), [0, 1, 4, 9, 16])
        self.assertEqual(pool.map(size_of, {"a": 1, "bc": 2}), [1, 2])

    def test_map_of_nothing_iterable(self):
        self.assertRaises(TypeError, pool.map, square, 3)
        self.assertRaises(ValueError, pool.map, square, [1], 0)
        self.assertRaises(ValueError, pool.imap, square, [1], 0)

    def test_map_raises_what_the_iterable_raises(self):
        def broken():
            yield 1
            raise KeyError("end")
        self.assertRaises(KeyError, pool.map, square, broken())

    def test_starmap(self):
        pairs = [(x, x % 3) for x in range(100)]
        self.assertEqual(pool.starmap(power, pairs), [x**y for x, y in pairs])
        self.assertEqual(pool.starmap_async(power, pairs, 7).get(), [x**y for x, y in pairs])
        self.assertRaises(TypeError, pool.starmap, power, [(1, 2, 3)])

    def test_reduce(self):
        words = [chr(97 + i % 26) for i in range(1000)]
        self.assertEqual(pool.reduce(concatenate, words), "".join(words))
        self.assertEqual(pool.reduce(concatenate, iter(words), "-", 3), "-" + "".join(words))
        self.assertEqual(pool.reduce(concatenate, [], 5), 5)
        self.assertRaises(TypeError, pool.reduce, concatenate, [])

    def test_large_data(self):
        self.assertEqual(pool.map(size_of, [bytes(3000000), b"", bytes(100000)]),
                         [3000000, 0, 100000])
        self.assertEqual([len(x) for x in pool.imap(grow, [0, 5000000, 40000])],
                         [0, 5000000, 40000])

    def test_tasks_run_elsewhere(self):
        elsewhere = set(pool.map(process, range(100), 1)) - {os.getpid()}
        self.assertEqual(bool(elsewhere), ranks > 1)
        self.assertEqual(pool.apply(process, (0,)) == os.getpid(), ranks == 1)


class Asynchronous(unittest.TestCase):
    def test_apply_async(self):
        results = [pool.apply_async(power, (i,), {"add": 1}) for i in range(300)]
        self.assertEqual([result.get() for result in results], [i * i + 1 for i in range(300)])

    def test_ready(self):
        with pool._engine.lock:  # it does not begin meanwhile
            result = pool.apply_async(nap, (0.01,))
            self.assertRaises(ValueError, result.successful)
            self.assertFalse(result.ready())
            self.assertRaises(multiprocessing.TimeoutError, result.get, 0.01)
            result.wait(0.01)
        self.assertEqual(result.get(60), 0.01)
        self.assertTrue(result.ready() and result.successful())
        failed = pool.apply_async(fail_at, (1, [1]))
        failed.wait()
        self.assertFalse(failed.successful())
        self.assertRaises(ValueError, failed.get)

    def test_callbacks(self):
        called = queue.Queue()
        pool.map_async(square, range(4), callback=called.put, error_callback=self.fail)
        self.assertEqual(called.get(timeout=60), [0, 1, 4, 9])
        pool.apply_async(square, (0,), callback=called.put)
        self.assertEqual(called.get(timeout=60), 0)
        pool.map_async(square, [], callback=called.put)
        self.assertEqual(called.get(timeout=60), [])
        pool.map_async(fail_from_three, range(9), callback=self.fail, error_callback=called.put)
        self.assertIsInstance(called.get(timeout=60), ValueError)
        with contextlib.redirect_stderr(io.StringIO()) as errors:  # where the traceback goes
            result = pool.apply_async(square, (3,), callback=leave)
            self.assertEqual(result.get(60), 9)
        self.assertIn("SystemExit: 9", errors.getvalue())

    def test_small_calls_pass_beside_a_long_one(self):
        order = []
        with pool._engine.lock:  # neither begins before both are there
            long = pool.map_async(nap, [0.01] * 40, 1, callback=lambda _: order.append("long"))
            small = pool.apply_async(square, (3,), callback=lambda _: order.append("small"))
        self.assertEqual((small.get(), len(long.get())), (9, 40))
        self.assertEqual(order, ["small", "long"])

    def test_threads(self):
        results = {}

        def call(i):
            results[i] = pool.map(square, range(i, i + 200))
        threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        for i in range(4):
            self.assertEqual(results[i], [x * x for x in range(i, i + 200)])


class Iterators(unittest.TestCase):
    def test_order(self):
        for values in (range(500), list(range(500)), iter(range(500))):
            self.assertEqual(list(pool.imap(square, values)), [x * x for x in range(500)])
        self.assertEqual(list(pool.imap(square, iter(range(500)), 50)),
                         [x * x for x in range(500)])
        self.assertEqual(sorted(pool.imap_unordered(square, iter(range(500)))),
                         [x * x for x in range(500)])
        self.assertEqual(sorted(pool.imap_unordered(square, range(500), 9)),
                         [x * x for x in range(500)])

    def test_end(self):
        for call in (pool.imap, pool.imap_unordered):
            for values in ([], iter([])):
                self.assertEqual(list(call(square, values)), [])
            results = call(square, [3])
            self.assertEqual(next(results), 9)
            self.assertRaises(StopIteration, next, results)
            self.assertRaises(StopIteration, results.next, 1)

    def test_timeout(self):
        results = pool.imap(nap, [0.2])
        self.assertRaises(multiprocessing.TimeoutError, results.next, 0.01)
        self.assertEqual(results.next(60), 0.2)

    def test_second_thread(self):
        """It is refused while the first waits, which loses nothing."""
        seen = []
        with tempfile.TemporaryDirectory() as folder:
            results = pool.imap(appears, [folder + "/file", folder])
            first = threading.Thread(target=lambda: seen.extend(results))
            first.start()
            while not results._job.taking:
                time.sleep(0.001)
            self.assertRaises(RuntimeError, next, results)
            open(folder + "/file", "x").close()
            first.join()
        self.assertEqual(seen, [folder + "/file", folder])

    def test_one_iterator(self):
        """Loops, next() and next(timeout) continue each other."""
        results = pool.imap(square, range(3000))
        self.assertIs(iter(results), results)
        got = [next(results), results.next(60)]
        got += [x for _, x in zip(range(500), results)]
        got.append(results.next(60))
        self.assertEqual(got + list(results), [x * x for x in range(3000)])

    def test_task_that_stops_iterating(self):
        results = pool.imap(stop_at_two, range(5), 5)
        self.assertEqual([next(results), next(results)], [0, 1])
        self.assertRaises(RuntimeError, next, results)
        self.assertEqual(list(results), [3, 4])

    def test_values_from_results(self):
        """The iterable waits for results of its own values."""
        known = queue.Queue()
        known.put(1)

        def values():
            for _ in range(10):
                yield known.get()
        for result in pool.imap(power, values()):
            known.put(min(result + 1, 1000))
        self.assertEqual(result, 1000000)

    def test_endless(self):
        with rankpool.Pool() as other:
            results = other.imap(square, itertools.count())
            self.assertEqual([next(results) for _ in range(2000)], [x * x for x in range(2000)])

    def test_broken_iterable(self):
        def broken():
            yield from (1, 2, 3)
            raise KeyError("end")
        results = pool.imap(square, broken())
        self.assertEqual([next(results) for _ in range(3)], [1, 4, 9])
        self.assertRaises(KeyError, next, results)
        self.assertRaises(StopIteration, next, results)

    def test_other_items_go_on(self):
        for chunksize in (1, 4):
            results, got = pool.imap(fail_from_three, range(6), chunksize), []
            for _ in range(6):
                try:
                    got.append(next(results))
                except ValueError as error:
                    got.append(str(error))
            self.assertEqual(got, [0, 1, 2, "no 3", "no 4", "no 5"])


class Failures(unittest.TestCase):
    def test_traceback(self):
        for chunksize in (None, 1, 50):
            with self.assertRaises(ValueError) as caught:
                pool.map(fail_from_three, range(100), chunksize)
            self.assertEqual(caught.exception.args, ("no 3",))  # the first, not the fastest
            self.assertIsInstance(caught.exception.__cause__, multiprocessing.pool.RemoteTraceback)
            self.assertIn("in fail_at", str(caught.exception.__cause__))

    def test_exit(self):
        with self.assertRaises(SystemExit) as caught:
            pool.apply(leave, (3,))
        self.assertEqual(caught.exception.code, 3)
        self.assertEqual(pool.apply(square, (2,)), 4)

    def test_what_cannot_be_pickled(self):
        encoding = multiprocessing.pool.MaybeEncodingError
        self.assertRaises(encoding, pool.map, make_lambda, range(4))
        self.assertRaises(Exception, pool.map, lambda x: x, [1])
        self.assertRaises(Exception, pool.map, size_of, ["a", lambda x: x, "b"])
        self.assertRaisesRegex(encoding, "Stubborn", pool.apply, raise_stubborn, (1,))
        results = pool.imap(make_lambda, range(4), 4)
        self.assertEqual([next(results), next(results)], [0, 1])
        self.assertRaises(encoding, next, results)
        self.assertEqual(next(results), 3)

    def test_exit_of_what_is_pickled(self):
        for value in (Leaver(True), Leaver()):
            with self.assertRaises(SystemExit) as caught:
                pool.map(size_of, ["a", value, "b"])
            self.assertEqual(caught.exception.code, 4 if value.early else 5)
        results = pool.imap(make_leaver, range(4), 4)
        self.assertEqual([next(results), next(results)], [0, 1])
        self.assertRaises(multiprocessing.pool.MaybeEncodingError, next, results)
        self.assertRaises(SystemExit, next, results)
        self.assertEqual(pool.map(square, [2]), [4])

    def test_what_cannot_be_printed(self):
        results = pool.imap(make_mute, range(5), 5)
        self.assertEqual([next(results), next(results)], [0, 1])
        for _ in range(2):
            self.assertRaisesRegex(multiprocessing.pool.MaybeEncodingError, "ZeroDiv", next, results)
        self.assertEqual(next(results), 4)

    def test_what_cannot_be_unpickled(self):
        if ranks > 1:
            results = pool.imap(make_shy, range(4), 4)
            self.assertEqual([next(results), next(results)], [0, 1])
            self.assertRaisesRegex(RuntimeError, "too shy", next, results)
            self.assertEqual(next(results), 3)
        sys.modules["__main__"].late = lambda x: x
        late.__qualname__ = late.__name__ = "late"
        if ranks > 1:
            self.assertRaisesRegex(AttributeError, "late", pool.map, late, range(9))
        self.assertEqual(pool.map(square, [2]), [4])


class Life(unittest.TestCase):
    def test_close(self):
        other = rankpool.Pool()
        result = other.map_async(nap, [0.05] * 4)
        self.assertRaises(ValueError, other.join)
        other.close()
        self.assertRaises(ValueError, other.map, square, [1])
        self.assertRaises(ValueError, other.apply_async, square, (1,))
        self.assertRaises(ValueError, other.imap, square, [1])
        other.join()
        self.assertTrue(result.ready())
        self.assertEqual(result.get(), [0.05] * 4)

    def test_terminate(self):
        other = rankpool.Pool()
        result = other.map_async(nap, [0.01] * 10000, 1)
        other.terminate()
        other.join()
        self.assertRaises(rankpool.Error, result.get)
        with rankpool.Pool() as other:
            self.assertEqual(other.map(square, [4]), [16])
        self.assertRaises(ValueError, other.map, square, [1])
        with self.assertRaises(ValueError):
            other.__enter__()

    def test_initializer(self):
        with rankpool.Pool(initializer=set_state, initargs=("ready",)) as other:
            self.assertEqual(other.map(get_state, range(20), 1), ["ready"] * 20)
        self.assertRaises(TypeError, rankpool.Pool, initializer=3)
        self.assertRaises(rankpool.Error, rankpool.Pool, initializer=fail_to_initialize)
        self.assertRaises(rankpool.Error, rankpool.Pool, initializer=sys.exit, initargs=(3,))
        self.assertEqual(pool.map(square, [2]), [4])

    def test_arguments(self):
        self.assertRaises(ValueError, rankpool.Pool, 0)
        self.assertRaises(ValueError, rankpool.Pool, maxtasksperchild=1)
        self.assertRaises(NotImplementedError, pool.apply, size_of, (pool,))

    def test_no_pool_in_a_task(self):
        self.assertRaisesRegex(rankpool.Error, "task", pool.apply, open_pool, (1,))


class Arrays(unittest.TestCase):
    def test_map(self):
        values = array.array("d", range(5000))
        out = array.array("d", bytes(8 * 5000))
        self.assertIs(pool.map_array(double_all, values, out), out)
        self.assertEqual(list(out), [2.0 * x for x in range(5000)])
        pool.map_array(double_all, out, out)
        self.assertEqual(out[4999], 4.0 * 4999)

    def test_reduce(self):
        total = pool.reduce_array(add_all, add, array.array("d", range(5000)),
                                  (ctypes.c_double * 1)(0))
        self.assertEqual(total[0], 5000 * 4999 / 2)

    def test_between_calls(self):
        later = pool.map_async(nap, [0.01] * 10)
        out = array.array("d", [0.0])
        pool.map_array(double_all, array.array("d", [3.0]), out)
        self.assertEqual((out[0], len(later.get())), (6.0, 10))

    def test_errors(self):
        out = array.array("d", [0.0])
        with self.assertRaises(rankpool.Error) as caught:
            pool.map_array(refuse, out, out)
        self.assertIn("7", str(caught.exception))
        self.assertRaises(ValueError, pool.map_array, double_all, array.array("d", [1, 2]), out)
        for wrong in (2.0, "2"):
            self.assertRaises(TypeError, pool.map_array, double_all, out, out, chunk=wrong)
        self.assertRaises(ValueError, pool.map_array, RANGE(lambda *a: 0), out, out)
        self.assertEqual(pool.map(square, [2]), [4])

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("NumPy is not installed")
        values = numpy.arange(3000.0).reshape(1000, 3)
        flat = values.reshape(-1)
        self.assertTrue((pool.map_array(double_all, flat) == 2 * flat).all())
        self.assertEqual(pool.reduce_array(add_all, add, flat, numpy.zeros(1))[0], flat.sum())
        self.assertEqual(pool.map(numpy.sum, values)[2], 21)
        flat.flags.writeable = False
        self.assertRaises(ValueError, pool.map_array, double_all, flat, flat)


if __name__ == "__main__":
    pool = rankpool.Pool()
    ranks = pool._engine.ranks
    unittest.main(verbosity=0)
