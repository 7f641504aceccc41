"""What a rank does with a batch: unpickles the function and its values, calls, pickles the results.
"""
import functools
import pickle
import signal
import sys
import time
import traceback
from multiprocessing.pool import ExceptionWithTraceback, MaybeEncodingError

dumps = functools.partial(pickle.dumps, protocol=pickle.HIGHEST_PROTOCOL)
find = functools.lru_cache(maxsize=8)(pickle.loads)  # the function that these bytes are

# What is called with each item of a batch: mostly the function itself, since another call around it
# would take as long as a small function.
CALLS = {
    "one": lambda function: function,
    "star": lambda function: lambda value: function(*value),
    "keywords": lambda function: lambda value: function(*value[0], **value[1]),
    "fold": lambda function: functools.partial(functools.reduce, function),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
in_task = False


def handle_signal(number, frame):
    """Ctrl-C, SIGTERM and SIGUSR1 end the task that runs, so that the job need not wait for it.
    The library handles them too, and ends the job in good order."""
    global in_task
    if in_task:
        in_task = False
        raise KeyboardInterrupt


def handle_signals():
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, handle_signal)


def text_of(error):
    try:
        return repr(error)
    except BaseException:
        return type(error).__name__


def show(error, *where):
    """Prints where it was, and the traceback, unless stderr is gone."""
    try:
        if where:
            print("rankpool:", *where, file=sys.stderr)
        traceback.print_exception(error)
        sys.stderr.flush()
    except BaseException:
        pass


def unsendable(problem, value):
    try:
        return MaybeEncodingError(problem, value)
    except BaseException:  # of a __repr__
        return MaybeEncodingError(type(problem), type(value))


def dump_failure(error):
    """An exception as bytes that can be unpickled for sure, with its traceback as the cause."""
    wrapped = ExceptionWithTraceback(error, error.__traceback__)
    try:
        data = dumps(wrapped)
        pickle.loads(data)
        return data
    except BaseException as problem:
        return dumps(unsendable(problem, wrapped.tb))


def dump_results(seconds, results, failures):
    try:
        return dumps((seconds, results, failures))
    except BaseException:
        for i, result in enumerate(results):
            try:
                dumps(result)
            except BaseException as problem:
                results[i], failures[i] = None, dump_failure(unsendable(problem, result))
        return dumps((seconds, results, failures))


def compute_each(call, values):
    global in_task
    results, failures = [], {}
    for value in values:
        try:
            results.append(call(value))
        except BaseException as error:  # also sys.exit(), which must not end the rank
            failures[len(results)] = dump_failure(error)
            results.append(None)
    in_task = False
    return results, failures


def compute(data, again):
    """Computes a batch. Returns, pickled, the seconds it took, its results, and its failures by
    index. Without results the root sends the items one by one: if the batch cannot be unpickled,
    or was computed by a rank that died, since only one of its items is guilty."""
    global in_task
    try:
        function, kind, values = pickle.loads(data)
        if again and len(values) > 1:
            return dumps((0.0, None, {}))
        function = find(function)
        begun, in_task = time.perf_counter(), True
        results, failures = compute_each(CALLS[kind](function), values)
        return dump_results(time.perf_counter() - begun, results, failures)
    except BaseException as error:
        return dumps((0.0, None, {0: dump_failure(error)}))
