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
    """Where other ranks find it: library and symbol, or module and variable."""
    for owner in (getattr(kernel, "_objects", None) or {}).values():
        if isinstance(owner, ctypes.CDLL):
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
    call(engine, "rp_map", {"item" if each else "range": kernel}, {"user": user},
         dict(n=n, in_size=in_size, out_size=out_size), dict(in_=source, out=target), chunk)
    return out


def reduce_array(engine, kernel, combine, values, identity, *, user=None, leaf=0):
    """Folds the items by kernel, an rp_range_fn, and the partial results by combine, an
    rp_combine_fn, in a fixed tree: the same bits from any number of ranks. Returns the result, of
    the type of identity: a NumPy array, a ctypes struct or the like."""
    source, n, in_size = memory(values, None)
    result = copy.copy(identity)
    target, _, _ = memory(memoryview(result).cast("B"), None)
    call(engine, "rp_reduce", {"body": kernel, "combine": combine},
         {"user": user, "identity": identity},
         dict(n=n, in_size=in_size, leaf=leaf, result_size=memoryview(identity).nbytes),
         dict(in_=source, result=target))
    return result


def call(engine, function, kernels, constants, sizes, arrays, chunk=0):
    """Has all ranks call a function of the library. Of its job kernels travel by name, constants
    as bytes, and arrays, which are addresses on the root, not at all."""
    kernels = {member: name_of(kernel) for member, kernel in kernels.items()}
    constants = {member: bytes(memoryview(value).cast("B"))
                 for member, value in constants.items() if value is not None}
    used = [member for member in arrays if member != "in_" or sizes["in_size"]]
    engine.command("arrays", (function, kernels, constants, sizes, used, chunk), arrays)


def run(engine, data, arrays):
    """The call, on every rank. Returns its error, or None."""
    function, kernels, constants, sizes, used, chunk = data
    problem = None
    try:
        kernels = {member: address_of(name) for member, name in kernels.items()}
    except BaseException as error:  # also of a module that calls sys.exit()
        problem = f"rank {engine.rank} does not find a kernel: {worker.text_of(error)}"
        if engine.rank != 0:
            worker.show(error, problem)
    if not engine.everybody(problem is None):
        return Error(problem or "a rank does not find a kernel; its message is on stderr")
    # Where only the root has arrays, other addresses are not accessed, but must not be NULL.
    nothing = ctypes.create_string_buffer(sizes.get("result_size", 1))
    elsewhere = dict.fromkeys(used, ctypes.addressof(nothing))
    addresses = {member: ctypes.cast(value, c_void_p) for member, value in constants.items()}
    options = library.rp_options(user=addresses.pop("user", None), chunk=chunk)
    job = getattr(library, function + "_job")(
        options=options, **kernels, **addresses, **sizes, **{**elsewhere, **(arrays or {})})
    try:
        getattr(lib, function)(engine.pool, byref(job))
    except (Error, KeyboardInterrupt) as error:
        return error
    return None
