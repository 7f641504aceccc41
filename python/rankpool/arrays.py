"""Compiled kernels over arrays, which no rank copies as a whole: the ranks of the root's node read
and write the root's memory in pieces, other nodes get batches (rp_map() and rp_reduce()).

An array is an object with a contiguous buffer that can be written, or a NumPy array; its items are
those of the first axis. A kernel is a function of a library loaded by ctypes, or a global variable
of a module: a CFUNCTYPE, a numba cfunc, an address. By that name each rank finds its own. Its type
is rp_range_fn, in C

    int kernel(rp_task *task, rp_range range, const void *in, void *out);

or, with each=True, rp_item_fn. numba has no structs by value; on x86-64 and AArch64 the range is
two integers, begin and end: "int32(voidptr, int64, int64, CPointer(double), CPointer(double))".
"""
import copy
import ctypes
import importlib
import sys
from ctypes import byref, c_void_p

from . import library, worker
from .library import Error, lib


def memory(array, count):
    """Address, number of items and bytes per item; of a number of items, as many without data."""
    if isinstance(array, int):
        return None, array, 0
    buffer = memoryview(array)
    if not buffer.c_contiguous or buffer.ndim == 0 or count not in (None, len(buffer)):
        raise ValueError("give contiguous arrays, with as many results as items")
    if hasattr(array, "__array_interface__"):
        address = array.__array_interface__["data"][0]
    else:
        address = ctypes.addressof(ctypes.c_char.from_buffer(array)) if buffer.nbytes else None
    return address, len(buffer), buffer.nbytes // len(buffer) if len(buffer) else buffer.itemsize


def name_of(kernel):
    owner = next((each for each in (getattr(kernel, "_objects", None) or {}).values()
                  if isinstance(each, ctypes.CDLL)), None)
    if owner is not None:
        return owner._name, kernel.__name__, True
    for module in ("__main__", *list(sys.modules)):
        for name, value in list(getattr(sys.modules[module], "__dict__", {}).items()):
            if value is kernel:
                return module, name, False
    raise ValueError(f"{kernel!r} has no name by which other ranks find it: load it from a library "
                     "by ctypes, or make it a global variable of a module")


def address_of(name):
    where, name, in_library = name
    kernel = getattr(ctypes.CDLL(where) if in_library else importlib.import_module(where), name)
    address = getattr(kernel, "address", kernel)  # numba's
    return address if isinstance(address, int) else ctypes.cast(address, c_void_p).value


def map_array(engine, kernel, values, out=None, *, each=False, user=None, chunk=0):
    """out[i] = kernel(values[i]) for every item. Returns out; by default a new NumPy array like
    values. It may be values itself.

    values: an array, or the number of items if they have no input. user: bytes for each rank, at
    rp_task_user(). chunk: the least number of items of a call."""
    if out is None:
        out = importlib.import_module("numpy").empty_like(values)
    source, n, in_size = memory(values, None)
    target, _, out_size = memory(out, n)
    if memoryview(out).readonly:
        raise ValueError("the results need an array that can be written")
    call(engine, "rp_map", {"item" if each else "range": name_of(kernel)}, user,
         dict(n=n, in_size=in_size, out_size=out_size), dict(in_=source, out=target), chunk=chunk)
    return out


def reduce_array(engine, kernel, combine, values, identity, *, user=None, leaf=0):
    """Folds the items by kernel, an rp_range_fn, and the partial results by combine, an
    rp_combine_fn, in a fixed tree: the same bits from any number of ranks. Returns the result, of
    the type of identity: a NumPy array, a ctypes struct or the like."""
    source, n, in_size = memory(values, None)
    result, first = copy.copy(identity), bytes(memoryview(identity).cast("B"))
    call(engine, "rp_reduce", {"body": name_of(kernel), "combine": name_of(combine)}, user,
         dict(n=n, in_size=in_size, leaf=leaf, result_size=len(first)),
         dict(in_=source, result=ctypes.addressof(ctypes.c_char.from_buffer(result))), first)
    return result


def call(engine, function, kernels, user, sizes, root, first=b"", chunk=0):
    user = None if user is None else bytes(memoryview(user).cast("B"))
    engine.command("arrays", (function, kernels, user, sizes, first, chunk), root)


def run(engine, data, root):
    """The call, on every rank. Returns True, or the root's error."""
    function, kernels, user, sizes, first, chunk = data
    problem, found = None, {}
    try:
        found = {member: address_of(name) for member, name in kernels.items()}
    except BaseException as error:  # also of a module that calls sys.exit()
        problem = Error(f"rank {engine.rank} does not find a kernel: {worker.text_of(error)}")
        if engine.rank != 0:
            worker.say(str(problem))
    if not engine.everybody(problem is None):
        return problem or Error("a rank does not find a kernel; its message is on stderr")
    nothing = ctypes.create_string_buffer(sizes.get("result_size", 1))
    here = ctypes.addressof(nothing)  # where the root has arrays: not accessed, but not NULL
    addresses = {"in_": here if sizes["in_size"] else None, **(root or {})}
    options = library.rp_options(
        user=user and ctypes.cast(ctypes.c_char_p(user), c_void_p), chunk=chunk)
    if function == "rp_map":
        job = library.rp_map_job(options=options, **found, **sizes, **{"out": here, **addresses})
    else:
        job = library.rp_reduce_job(
            options=options, identity=ctypes.cast(ctypes.c_char_p(first), c_void_p), **found,
            **sizes, **{"result": here, **addresses})
    status = getattr(lib, function)(engine.pool, byref(job))
    return True if status == library.OK else library.last_error(engine.pool)
