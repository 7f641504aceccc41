"""The ranks behind the pools of a program: one engine, which the first Pool opens, until the end.

On the root a thread runs the library's calls: a stream (rp_stream) while there are batches, and
between streams what all ranks do together, a command: an initializer, a kernel over arrays, the
end. The program's own threads submit jobs and commands. Every other rank runs the same calls in
its main thread.
"""
import atexit
import ctypes
import os
import pickle
import signal
import sys
import threading
from collections import deque
from concurrent.futures import Future
from ctypes import byref, c_int, c_void_p

from . import arrays, library, worker
from .library import Error, lib
from .worker import dumps

IDLE_SECONDS = 0.02  # how long the producer waits for a job; then the root looks after the ranks
NOT_HERE = 77        # code of a task that the root refuses
BROKEN = -1          # code of a callback that failed


class Engine:
    def __init__(self, survive, dedicated_root):
        self.survive, self.dedicated_root = survive, dedicated_root
        self.lock = threading.Condition()
        self.jobs = deque()      # that have batches to send, or will have
        self.unfinished = set()  # every job that a call may wait for
        self.commands = deque()  # kind, data for all ranks, data for the root, future
        self.flight = {}         # item of the stream -> its job, first index, values
        self.produced, self.closing = 0, False
        self.problem = None      # why the engine works no longer
        self.pool, self.opened = c_void_p(), threading.Event()
        self.rank = max(lib.rp_launched_rank(), 0)
        self.callbacks = [library.PRODUCE(self.guarded(self.produce)),
                          library.WORK(self.guarded(self.work)),
                          library.CONSUME(self.guarded(self.consume))]
        self.copy, self.copy_size = library.ITEM_FN(self.guarded(self.copy_item)), 0

    # ---- start and end ---------------------------------------------------------------------------

    def open(self):
        config = library.rp_config(handle_signals=True, survive_deaths=self.survive)
        if lib.rp_open(byref(config), byref(self.pool)) != library.OK:
            raise library.as_exception(lib.rp_last_error(None))
        self.rank, self.ranks = lib.rp_rank(self.pool), lib.rp_ranks(self.pool)
        self.dedicated_root = self.dedicated_root and self.ranks > 1
        self.workers = self.ranks - self.dedicated_root

    def start(self):
        """On the root. Signals are for the main thread, which they interrupt while it waits: also
        SIGUSR1, as which rp_launch() passes on a Ctrl-C."""
        main = threading.current_thread() is threading.main_thread()
        for number in (signal.SIGUSR1, signal.SIGTERM):
            if main and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
        self.thread = threading.Thread(target=self.run, name="rankpool", daemon=True)
        self.thread.start()
        self.opened.wait()
        if not self.pool:
            raise self.problem
        if self.rank != 0:  # of a launcher that does not number its ranks beforehand
            self.thread.join()
            leave()
        atexit.register(self.stop, os.getpid())

    def run(self):
        """From rp_open() to rp_close(): a thread of the root, all of another rank."""
        if threading.current_thread() is threading.main_thread():
            worker.handle_signals()
        else:
            signal.pthread_sigmask(signal.SIG_BLOCK, worker.SIGNALS)
        try:
            self.open()
            self.opened.set()
            self.run_commands()
        except (Error, KeyboardInterrupt) as error:  # every rank has the same; the root reports it
            self.problem = error
        except BaseException as error:
            self.fail(error)
            if self.rank != 0:  # must not reach the script, which would go on beside the root
                os._exit(1)
        with self.lock:
            self.problem = self.problem or Error("the pool is closed")
            for job in list(self.unfinished):
                job.abandon(self.problem)
            for *_, future in self.commands:
                future.set_exception(self.problem)
        self.opened.set()
        lib.rp_close(byref(self.pool))  # the other ranks find the root here in any case, and end

    def stop(self, process):
        if process != os.getpid():  # a child that the script forked
            return
        try:
            sys.stdout.flush()  # before MPI ends
        finally:
            with self.lock:
                self.closing = True
                self.lock.notify_all()
            self.thread.join()

    def fail(self, error):
        """Of an exception that nothing foresees, for instance for lack of memory."""
        self.problem = Error(f"the pool failed: {worker.text_of(error)}")
        worker.show(error)

    def guarded(self, callback):
        """ctypes prints an exception of a callback, and returns 0, as if all were well."""
        def call(*arguments):
            try:
                return callback(*arguments)
            except BaseException as error:
                self.fail(error)
                return BROKEN
        return call

    # ---- commands: what all ranks do together ----------------------------------------------------

    def copy_item(self, task, source, target):
        ctypes.memmove(target, source, self.copy_size)
        return 0

    def copy_to_all(self, data, size):
        """A map of one item, whose result every rank gets: of the library's calls that move data
        to all, the one that goes on when ranks have died. Returns None after an error."""
        out = ctypes.create_string_buffer(size)
        source = ctypes.create_string_buffer(data, size) if self.rank == 0 else out
        self.copy_size = size
        job = library.rp_map_job(
            n=1, item=ctypes.cast(self.copy, c_void_p), in_=ctypes.addressof(source), in_size=size,
            out=ctypes.addressof(out), out_size=size, out_place=library.ON_RANKS)
        lib.rp_map(self.pool, byref(job))
        return out.raw

    def agree_on(self, kind, data):
        """Returns the root's command on every rank."""
        message = dumps((kind, data))
        size = self.copy_to_all(len(message).to_bytes(8, "little"), 8)
        return pickle.loads(self.copy_to_all(message, int.from_bytes(size, "little")))

    def run_commands(self):
        """Until the end, or an error of the library, which every rank gets."""
        while True:
            kind = data = local = future = None
            if self.rank == 0:
                kind, data, local, future = self.next_command()
            try:
                kind, data = self.agree_on(kind, data)
                if kind == "close":
                    return
                error = self.run_stream() if kind == "stream" else self.attempt(kind, data, local)
            except (Error, KeyboardInterrupt):
                raise
            except BaseException as problem:
                if self.rank != 0 or self.problem is not None:
                    raise
                self.fail(problem)  # the next command is "close"
                error = self.problem
            if future is not None:
                with self.lock:
                    self.commands.popleft()
                future.set_exception(error)  # None: the command succeeded

    def next_command(self):
        with self.lock:
            self.lock.wait_for(lambda: self.commands or self.jobs or self.closing or self.problem)
            if self.commands and not self.problem:
                return self.commands[0]  # and stays there until it is done
            return ("close" if self.closing or self.problem else "stream", None, None, None)

    def attempt(self, kind, data, local):
        """Runs a command after whose error all ranks go on. Returns that."""
        try:
            return getattr(self, "run_" + kind)(data, local)
        except (Error, KeyboardInterrupt) as error:
            return error

    def run_stream(self):
        self.produced = 0
        job = library.rp_stream_job(
            *(ctypes.cast(each, c_void_p) for each in self.callbacks), unordered=True,
            dedicated_root=self.dedicated_root,
            options=library.rp_options(schedule=library.SCHEDULE_DYNAMIC, chunk=1,
                                       on_failure=library.ON_FAILURE_CONTINUE))
        try:
            lib.rp_stream(self.pool, byref(job))
        except Error as error:  # those of items have reached their jobs
            if error.status not in (library.ERR_TASK, library.ERR_LOST):
                raise
            while self.flight and not self.problem:  # no rank is left for these
                left, first, values = self.flight.popitem()[1]
                for i in range(len(values)):
                    left.deliver(first + i, [None], {0: error})

    def run_initialize(self, data, local):
        def initialize():
            if self.rank != 0 or not self.dedicated_root:
                function, arguments = pickle.loads(data)
                function(*arguments)
        self.everywhere("the initializer of the pool", initialize)

    def run_arrays(self, data, local):
        arrays.run(self, data, local)

    def everywhere(self, what, function):
        """Calls it on every rank. Returns its result; raises Error on all if one fails."""
        result, status, worst = None, library.OK, c_int()
        try:
            result = function()
        except BaseException as error:  # also sys.exit(): the rank takes part in what follows
            worker.show(error, f"rank {self.rank}: {what} failed:")
            status = library.ERR_ARGUMENT
        lib.rp_agree(self.pool, status, byref(worst))
        if worst.value != library.OK:
            raise Error(f"{what} failed on a rank; its message is on stderr")
        return result

    # ---- the stream: its callbacks ---------------------------------------------------------------

    def produce(self, user, item):
        batch = self.next_batch()
        if isinstance(batch, int):
            return batch
        job, first, values = batch
        try:
            data = dumps((job.function, job.kind, values))
            if lib.rp_buffer_append(item, data, len(data)) != 0:
                raise MemoryError
        except BaseException as error:  # values that cannot be pickled
            self.retry(job, first, values, error)
            return library.ITEM_LATER
        self.flight[self.produced] = batch
        self.produced += 1
        return library.ITEM

    def next_batch(self):
        with self.lock:
            if not self.flight:  # otherwise results come first
                self.lock.wait_for(lambda: self.commands or self.jobs or self.closing,
                                   IDLE_SECONDS)
            if self.commands or self.closing:
                return library.ITEM_LAST
            for _ in range(len(self.jobs)):  # in turn, so that a small call passes a large one
                job = self.jobs.popleft()
                batch = job.take()
                if not job.exhausted:
                    self.jobs.append(job)
                if batch is not None:
                    return (job, *batch)
            if self.jobs and not self.flight:  # iterators that have nothing yet
                self.lock.wait(IDLE_SECONDS)
            return library.ITEM_LATER

    def retry(self, job, first, values, error):
        """After an error of a batch, sends its items one by one; an item alone has failed."""
        if len(values) == 1:
            job.deliver(first, [None], {0: error})
            return
        with self.lock:
            job.single.extend(enumerate(values, first))
            if job not in self.jobs:
                self.jobs.appendleft(job)

    def work(self, task, data, size, result):
        if self.rank == 0 and self.dedicated_root:  # every other rank has died
            return NOT_HERE
        done = worker.compute(library.read(data, size), lib.rp_task_attempt(task) > 0)
        return lib.rp_buffer_append(result, done, len(done))

    def consume(self, user, item, error, data, size):
        job, first, values = self.flight.pop(item)
        try:
            if error:
                refused = library.rp_error.from_address(error).task_code == NOT_HERE
                raise (Error("all ranks that compute have died", library.ERR_LOST) if refused
                       else library.as_exception(error))
            seconds, results, failures = pickle.loads(library.read(data, size))
            failures = {i: pickle.loads(each) for i, each in failures.items()}
        except BaseException as problem:  # also a result that cannot be unpickled
            results, failures = None, {0: problem}
        if results is None:
            self.retry(job, first, values, failures.get(0))
        else:
            job.learn(seconds, len(values))
            job.deliver(first, results, failures)
        return 0

    # ---- for pools -------------------------------------------------------------------------------

    def submit(self, queue, entry):
        with self.lock:
            if self.problem is not None:
                raise self.problem
            queue.append(entry)
            self.lock.notify_all()

    def command(self, kind, data, local=None):
        """Has all ranks do it. Raises its error."""
        future = Future()
        self.submit(self.commands, (kind, data, local, future))
        future.result()


def leave():
    """Ends a rank that is not the root. The program's exit functions and `finally` blocks are for
    the root alone."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).exit(0)


# ---- the ranks of this program -------------------------------------------------------------------

engine, launched = None, False


def usable_cores():
    """Cores of this process, by its affinity and the limit of its container."""
    cores = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        return min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such limit
        return cores


def launch(processes=None):
    """Makes this process a rank. Unless a launcher has started it, starts the program again on
    every core, and waits for its end. The first Pool does so, if nothing before it.

    processes: how many ranks compute; one more, the root, runs the script. RANKPOOL_RANKS and the
    option --ranks N, which is removed from sys.argv, take precedence, and count the root too."""
    global launched
    if launched:
        return
    launched = True
    if not lib.rp_launched():
        session = hasattr(sys, "ps1") or sys.flags.interactive
        if session or sys.argv[:1] in ([], [""], ["-"]):  # also a script from standard input
            print("rankpool: an interactive session has a single rank; write a script for more",
                  file=sys.stderr)
            os.environ["RANKPOOL_RANKS"] = "1"  # as intended, so the library need not warn
            return
        slots = {"SLURM_JOB_ID", "PBS_JOBID", "PBS_NODEFILE", "LSB_JOBID", "PE_HOSTFILE"}
        if processes or not slots & set(os.environ):
            os.environ.setdefault("RANKPOOL_RANKS", str((processes or usable_cores()) + 1))
    words = [os.fsencode(word) for word in sys.orig_argv]
    count, own = c_int(len(words)), len(sys.argv) - 1
    argv = (ctypes.c_char_p * (len(words) + 1))(*words, None)
    lib.rp_launch(byref(count), byref(ctypes.cast(argv, ctypes.POINTER(ctypes.c_char_p))))
    # What tasks print does not wait for the end; rank 0 has got the terminal only now.
    if hasattr(sys.stdout, "reconfigure") and (lib.rp_launched_rank() > 0 or os.isatty(1)):
        sys.stdout.reconfigure(line_buffering=True)
    if sys.orig_argv[len(words) - own:] == sys.argv[1:]:
        sys.argv[1:] = [os.fsdecode(word) for word in argv[len(words) - own:count.value]]


def start(processes, survive, dedicated_root):
    """Returns the engine, on the root only."""
    global engine
    if engine is None:
        if threading.current_thread() is not threading.main_thread():
            raise Error("the first Pool must be made by the main thread, in which other ranks stay")
        launch(processes)
        engine = Engine(survive, dedicated_root)
        if engine.rank > 0:
            engine.run()
            leave()
        engine.start()
        return engine
    engine.opened.wait()
    if engine.problem is not None:
        raise engine.problem
    elif engine.rank != 0 or threading.current_thread() is engine.thread:
        raise Error("a task cannot use a pool")
    return engine
