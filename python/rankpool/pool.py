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


def is_sequence(values):
    """Whether they are there: to take them neither waits nor fails."""
    return type(values) in (list, tuple, range)


class Job:
    """The items of a call: hands out batches, and takes their results, on the engine's thread."""

    def __init__(self, pool, kind, function, values, chunksize=None):
        if chunksize is not None and chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize}")
        pool._check_running()
        self.pool, self.kind, self.lock = pool, kind, pool._engine.lock
        self.values = iter(values or ())
        self.count = None if values is None else len(values)
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
            if self.count == 0:
                self.finish_if_complete()

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
        values = self.next_values(most)
        first = self.taken
        self.taken += len(values)
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

    def deliver(self, first, results, failures):
        """Results of a batch; those of failed items, whose errors are in failures, are None."""
        with self.lock:
            if self.done.is_set():
                return
            self.store(first, results, failures)
            self.delivered += len(results)
        self.finish_if_complete()

    def finish_if_complete(self):
        if self.delivered == self.count:
            self.finish()

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

    def __init__(self, pool, kind, function, values, chunksize=None, callback=None,
                 error_callback=None):
        self._callbacks = callback, error_callback
        self._results, self._failed_at, self._error = [], None, None
        super().__init__(pool, kind, function,
                         values if is_sequence(values) else list(values), chunksize)

    def store(self, first, results, failures):
        missing = first + len(results) - len(self._results)
        self._results.extend([None] * missing)
        self._results[first:first + len(results)] = results
        for i, error in failures.items():  # the first item's error, the same in each run
            if self._failed_at is None or first + i < self._failed_at:
                self._failed_at, self._error = first + i, error

    def fail(self, error):
        self._error = error

    def finish_if_complete(self):
        if self.delivered == self.count:
            failed = self._error is not None
            function = self._callbacks[failed]
            try:
                if function is not None:
                    function(self._error if failed else self._value())
            except BaseException as error:  # also sys.exit(): this is the engine's thread
                worker.show(error)
            self.finish()

    def _value(self):
        return self._results[0] if self.kind == "keywords" else self._results

    def ready(self):
        """Whether the result or an error is there."""
        return self.done.is_set()

    def successful(self):
        """Whether there was no error; ValueError before it is ready."""
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout=None):
        """Waits until it is ready, for at most timeout seconds."""
        self.done.wait(timeout)

    def get(self, timeout=None):
        """The result, or raises the error; TimeoutError if neither comes in time."""
        if not self.done.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value()


class Parts(Job):
    """The results of imap() and imap_unordered(), by parts. An iterator of the user may wait,
    perhaps for results, so a thread of its own pulls the values from it."""

    def __init__(self, pool, function, values, chunksize, ordered):
        self.ordered, self.early, self.due = ordered, {}, 0  # early: results before those due
        self.ready, self.waiting, self.timeout = deque(), 0, None  # ready: lists, and errors
        self.taking = False
        self.pulled = None if is_sequence(values) else deque()
        super().__init__(pool, "one", function, values if self.pulled is None else None, chunksize)
        if self.pulled is not None:
            threading.Thread(target=self.pull, args=(values,), daemon=True).start()

    def pull(self, source):
        most, error = 4 * self.pool._engine.workers, None
        try:
            for value in source:
                self.pulled.append(value)
                if len(self.pulled) == 1 or len(self.pulled) > max(64, most * self.size):
                    with self.lock:
                        self.lock.notify_all()
                        self.lock.wait_for(lambda: self.done.is_set() or
                                           len(self.pulled) <= max(32, most * self.size // 2))
                if self.done.is_set():
                    return
        except BaseException as problem:
            error = problem
        with self.lock:
            self.count = self.taken + len(self.pulled)
            if error is not None:
                self.store(self.count, [None], {0: error})
            self.finish_if_complete()
            self.lock.notify_all()

    def next_values(self, most):
        if self.waiting > MOST_WAITING and not self.pool._closed:
            return []
        if self.pulled is None:
            return super().next_values(most)
        self.lock.notify_all()
        return [self.pulled.popleft() for _ in range(min(most, len(self.pulled)))]

    def store(self, first, results, failures):
        self.waiting += len(results)
        self.early[first if self.ordered else self.due] = results, failures
        while self.due in self.early:
            results, failures = self.early.pop(self.due)
            self.due += len(results)
            self.ready.extend([failures.get(i, [value]) for i, value in enumerate(results)]
                              if failures else [results])
        self.lock.notify_all()

    def fail(self, error):
        self.waiting += 1
        self.ready.append(error)

    def __iter__(self):
        return self

    def __next__(self):
        """A list of results or, in place of an error, an iterator that raises it: itertools.chain
        drops what raises itself, while another thread may be in it."""
        if self.taking:
            return raising(RuntimeError("an iterator of imap() is for one thread at a time"))
        self.taking, part = True, None
        try:
            with self.lock:
                if not self.lock.wait_for(lambda: self.ready or self.done.is_set(), self.timeout):
                    raise TimeoutError
                if self.ready:
                    part = self.ready.popleft()
                    self.waiting -= len(part) if isinstance(part, list) else 1
        except BaseException as error:  # also of Ctrl-C; its frames may be cleared
            if part is not None:
                self.ready.appendleft(part)
            return raising(error.with_traceback(None))
        finally:
            self.taking = False
        if part is None:
            raise StopIteration
        return part if isinstance(part, list) else raising(part)


def raising(error):
    raise error
    yield  # makes it an iterator


class Results(itertools.chain):
    """The iterator of imap() and imap_unordered(), for one thread at a time: the parts of a job as
    one. Their results cost no call of a Python function each."""

    @classmethod
    def of(cls, job):
        results = cls.from_iterable(job)
        results._job = job
        return results

    def next(self, timeout=None):
        """The next result; TimeoutError if it does not come in time."""
        self._job.timeout = timeout
        try:
            return next(self)
        finally:
            self._job.timeout = None


class Pool:
    """The ranks of this program, with the methods of multiprocessing.Pool.

    processes: how many ranks compute, if this is the first Pool and no launcher has decided.
    initializer, initargs: called first, on each rank that computes.
    survive: go on when a rank dies, where possible; RANKPOOL_SURVIVE=1 does the same.
    dedicated_root: False: the root computes as well, in a thread beside the script.

    The last two are for the first Pool. All pools of a program share its ranks, which stay until
    it ends. The guide, doc/guide/python.md, says what differs from multiprocessing."""

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
        """As apply(). Returns an AsyncResult at once, as the two like it below do."""
        return AsyncResult(self, "keywords", func, [(args, kwds)], None, callback, error_callback)

    def map(self, func, iterable, chunksize=None):
        """[func(x) for x in iterable]"""
        return self.map_async(func, iterable, chunksize).get()

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        """As map()."""
        return AsyncResult(self, "one", func, iterable, chunksize, callback, error_callback)

    def starmap(self, func, iterable, chunksize=None):
        """[func(*x) for x in iterable]"""
        return self.starmap_async(func, iterable, chunksize).get()

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        """As starmap()."""
        return AsyncResult(self, "star", func, iterable, chunksize, callback, error_callback)

    def imap(self, func, iterable, chunksize=1):
        """An iterator of the results, in order."""
        return Results.of(Parts(self, func, iterable, chunksize, True))

    def imap_unordered(self, func, iterable, chunksize=1):
        """An iterator of the results, as they come."""
        return Results.of(Parts(self, func, iterable, chunksize, False))

    def reduce(self, func, iterable, initial=NOTHING, chunksize=None):
        """functools.reduce(func, iterable, initial), for an associative func: ranks reduce blocks
        of chunksize items, by default a 256th of all, and the root their results, in order."""
        values = iterable if is_sequence(iterable) else list(iterable)
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
        """Takes no more calls."""
        self._closed = True

    def terminate(self):
        """Drops what has not begun; calls that wait for it fail."""
        self._closed = True
        for job in self._unfinished():
            job.abandon(Error("the pool was terminated"))

    def join(self):
        """Waits for the calls of a closed pool."""
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
