"""Pool, with the methods of multiprocessing.Pool, and the results of its asynchronous calls."""
import functools
import itertools
import threading
from collections import deque
from multiprocessing import TimeoutError

from . import arrays, engine, worker
from .library import Error

BATCH_SECONDS = 2e-3    # a batch lasts so long, about a hundred times what it costs to send one;
MAP_SECONDS = 10e-3     # in a map without chunksize, all of whose results come at the end, so long
MOST_WAITING = 1 << 16  # results that wait in an iterator; then it computes no more
NOTHING = object()


class Job:
    """The items of a call: hands out batches, and takes their results, on the engine's thread."""

    def __init__(self, pool, kind, function, values, chunksize=None):
        if chunksize is not None and chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize}")
        pool._check_running()
        self.pool, self.kind, self.lock = pool, kind, pool._engine.lock
        self.values = iter(values)
        self.count = len(values) if hasattr(values, "__len__") else None
        self.least = self.size = chunksize or 1
        self.batch_seconds = BATCH_SECONDS if chunksize else MAP_SECONDS
        if chunksize is None and self.count:  # small enough for balance, whatever the items cost
            self.size = self.count // (32 * pool._engine.workers) or 1
        self.taken = self.delivered = 0
        self.single = deque()  # (index, value) to send alone
        self.done = threading.Event()
        try:
            self.function = engine.dumps(function)
        except Exception as error:
            self.abandon(error)
        else:
            with self.lock:  # until both are done the engine cannot take it
                pool._engine.submit(pool._engine.jobs, self)
                pool._engine.unfinished.add(self)

    def take(self):
        """The next batch, (first index, values), or None. Called with the lock held."""
        if self.done.is_set():
            return None
        if self.single:
            index, value = self.single.popleft()
            return index, [value]
        most = self.size
        if self.count is not None:  # the last batches are smaller, for balance
            fair = (self.count - self.taken) // (2 * self.pool._engine.workers)
            most = max(min(most, fair), self.least)
        try:
            values = self.next_values(most)
        except BaseException as error:  # of the user's iterator
            values = self.abandon(error)
        first = self.taken
        self.taken += len(values or ())
        return (first, values) if values else None

    def next_values(self, most):
        return list(itertools.islice(self.values, most))

    @property
    def exhausted(self):
        return self.done.is_set() or (self.taken == self.count and not self.single)

    def learn(self, seconds, count):
        """Batches grow, at most eightfold at a time, while they last less than wanted."""
        wanted = int(self.batch_seconds * count / max(seconds, 1e-9))
        self.size = max(self.least, min(8 * count, wanted, 1 << 16))

    def abandon(self, error):
        with self.lock:
            if not self.done.is_set():
                self.fail(error)
                self.finish()

    def finish(self):
        with self.lock:
            self.pool._engine.unfinished.discard(self)
            self.done.set()
            self.lock.notify_all()


class AsyncResult(Job):
    """The result of apply_async(), which has one item, map_async() or starmap_async()."""

    def __init__(self, *arguments, single=False, callback=None, error_callback=None):
        self._single, self._callbacks = single, (callback, error_callback)
        self._results, self._failed_at, self._error = [], None, None
        super().__init__(*arguments)
        if self.count == 0:
            self.deliver(0, [], {})

    def deliver(self, first, results, failures):
        with self.lock:
            if self.done.is_set():
                return
            missing = first + len(results) - len(self._results)
            self._results.extend([None] * missing)
            self._results[first:first + len(results)] = results
            self.delivered += len(results)
            for i, error in failures.items():  # the first item's error, the same in each run
                if self._failed_at is None or first + i < self._failed_at:
                    self._failed_at, self._error = first + i, error
        if self.delivered == self.count:
            self._call_back()
            self.finish()

    def _call_back(self):
        function = self._callbacks[self._error is not None]
        try:
            if function is not None:
                function(self._error or self._value())
        except BaseException as error:  # also sys.exit(): this is the engine's thread
            worker.show(error)

    def _value(self):
        return self._results[0] if self._single else self._results

    def fail(self, error):
        self._error = error

    def ready(self):
        return self.done.is_set()

    def successful(self):
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout=None):
        self.done.wait(timeout)

    def get(self, timeout=None):
        if not self.done.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value()


class Results(Job):
    """The iterator of imap() and imap_unordered(). An iterator of the user may wait, perhaps for
    results, so a thread of its own pulls the values from it."""

    def __init__(self, pool, kind, function, values, chunksize, ordered):
        self._ordered, self._arrived, self._due = ordered, {}, 0
        self._ready, self._used, self._pulled = deque(), 0, deque()
        self._plain = isinstance(values, (list, tuple, range, dict, set, str, bytes))
        super().__init__(pool, kind, function, values if self._plain else iter(()), chunksize)
        if not self._plain:
            threading.Thread(target=self._pull, args=(values,), daemon=True).start()
        self._finish_if_complete()

    def _pull(self, source):
        most = 4 * self.pool._engine.workers
        try:
            for value in source:
                self._pulled.append(value)
                if len(self._pulled) == 1 or len(self._pulled) > max(64, most * self.size):
                    with self.lock:
                        self.lock.notify_all()
                        self.lock.wait_for(lambda: self.done.is_set() or
                                           len(self._pulled) <= max(32, most * self.size // 2))
                if self.done.is_set():
                    return
            error = None
        except BaseException as problem:
            error = problem
        with self.lock:
            self.count = self.taken + len(self._pulled)
            if error is not None:
                self._put(self.count, [(False, error)])
            self._finish_if_complete()
            self.lock.notify_all()

    def next_values(self, most):
        if self.delivered - self._used > MOST_WAITING and not self.pool._closed:
            return []
        if self._plain:
            return super().next_values(most)
        values = [self._pulled.popleft() for _ in range(min(most, len(self._pulled)))]
        self.lock.notify_all()
        return values

    def deliver(self, first, results, failures):
        part = [(i not in failures, failures.get(i, value)) for i, value in enumerate(results)]
        with self.lock:
            self._put(first, part)
            self.delivered += len(results)
            self._finish_if_complete()
            self.lock.notify_all()

    def _put(self, first, part):
        if not self._ordered:
            self._ready.extend(part)
            return
        self._arrived[first] = part
        while self._due in self._arrived:
            part = self._arrived.pop(self._due)
            self._ready.extend(part)
            self._due += len(part)

    def _finish_if_complete(self):
        if self.delivered == self.count:
            self.finish()

    def fail(self, error):
        self._ready.append((False, error))

    def __iter__(self):
        return self

    def next(self, timeout=None):
        """The next result; TimeoutError if it does not come within so many seconds."""
        if not self._ready:
            with self.lock:
                self.lock.wait_for(lambda: self._ready or self.done.is_set(), timeout)
                if not self._ready:
                    raise StopIteration if self.done.is_set() else TimeoutError
        good, value = self._ready.popleft()
        self._used += 1
        if good:
            return value
        raise value

    __next__ = next


class Pool:
    """The ranks of this program, with the methods of multiprocessing.Pool.

    processes: how many ranks compute, if this is the first Pool and no launcher has decided.
    initializer, initargs: called first, on each rank that computes.
    survive: go on when a rank dies, where possible; RANKPOOL_SURVIVE=1 does the same.
    dedicated_root: False: the root computes as well, in a thread beside the script.

    The last two are for the first Pool. All pools of a program share its ranks, which stay until
    it ends. What differs from multiprocessing: chunksize is the least number of values that travel
    together, and more do while they take some milliseconds at most; of several exceptions map()
    raises that of the first item; imap() takes values as they are needed; terminate() and the end
    of the program wait for tasks that have begun; maxtasksperchild is refused."""

    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None,
                 context=None, *, survive=False, dedicated_root=True):
        if processes is not None and processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if maxtasksperchild is not None:
            raise ValueError("maxtasksperchild: a rank lives as long as the program")
        self._closed = False
        self._engine = engine.start(processes, survive, dedicated_root)
        if initializer is not None:
            self._engine.command("initialize", engine.dumps((initializer, initargs)))

    def _check_running(self):
        if self._closed:
            raise ValueError("Pool not running")

    def _unfinished(self):
        return [job for job in list(self._engine.unfinished) if job.pool is self]

    def apply(self, func, args=(), kwds={}):
        """func(*args, **kwds), on one of the ranks."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(self, func, args=(), kwds={}, callback=None, error_callback=None):
        return AsyncResult(self, "keywords", func, [(args, kwds)], single=True, callback=callback,
                           error_callback=error_callback)

    def map(self, func, iterable, chunksize=None):
        """[func(x) for x in iterable]"""
        return self.map_async(func, iterable, chunksize).get()

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return AsyncResult(self, "one", func, _sequence(iterable), chunksize, callback=callback,
                           error_callback=error_callback)

    def starmap(self, func, iterable, chunksize=None):
        """[func(*x) for x in iterable]"""
        return self.starmap_async(func, iterable, chunksize).get()

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        return AsyncResult(self, "star", func, _sequence(iterable), chunksize, callback=callback,
                           error_callback=error_callback)

    def imap(self, func, iterable, chunksize=1):
        """An iterator of the results, in order."""
        return Results(self, "one", func, iterable, chunksize, True)

    def imap_unordered(self, func, iterable, chunksize=1):
        """An iterator of the results, as they come."""
        return Results(self, "one", func, iterable, chunksize, False)

    def reduce(self, func, iterable, initial=NOTHING, chunksize=None):
        """functools.reduce(func, iterable, initial), for an associative func: ranks reduce blocks
        of chunksize items, by default a 256th of all, and the root their results, in order. So the
        result does not depend on the number of ranks, also where rounding does."""
        values = _sequence(iterable)
        size = chunksize or -(-len(values) // 256) or 1
        blocks = [values[i:i + size] for i in range(0, len(values), size)]
        parts = AsyncResult(self, "fold", func, blocks).get()
        return functools.reduce(func, parts if initial is NOTHING else [initial, *parts])

    def map_array(self, kernel, values, out=None, **options):
        """See rankpool.arrays.map_array()."""
        self._check_running()
        return arrays.map_array(self._engine, kernel, values, out, **options)

    def reduce_array(self, kernel, combine, values, identity, **options):
        """See rankpool.arrays.reduce_array()."""
        self._check_running()
        return arrays.reduce_array(self._engine, kernel, combine, values, identity, **options)

    def close(self):
        self._closed = True

    def terminate(self):
        """Drops what has not begun; calls that wait for it fail."""
        self._closed = True
        for job in self._unfinished():
            job.abandon(Error("the pool was terminated"))

    def join(self):
        if not self._closed:
            raise ValueError("Pool is still running")
        for job in self._unfinished():
            job.done.wait()

    def __enter__(self):
        self._check_running()
        return self

    def __exit__(self, *exception):
        self.terminate()

    def __reduce__(self):
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")


def _sequence(iterable):
    return iterable if isinstance(iterable, (list, tuple, range)) else list(iterable)
