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
import operator
import sys
from ctypes import byref, c_void_p

from . import library
from .library import lib


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
    call(engine, "rp_map", {"in_": (source, values), "out": (target, out)}, user, chunk, n=n,
         in_size=in_size, out_size=out_size, **{"item" if each else "range": name_of(kernel)})
    return out


def reduce_array(engine, kernel, combine, values, identity, *, user=None, leaf=0):
    """Folds the items by kernel, an rp_range_fn, and the partial results by combine, an
    rp_combine_fn, in a fixed tree: the same bits from any number of ranks. Returns the result, of
    the type of identity: a NumPy array, a ctypes struct or the like."""
    source, n, in_size = memory(values, None)
    result, first = copy.copy(identity), bytes(memoryview(identity).cast("B"))
    target = ctypes.addressof(ctypes.c_char.from_buffer(result))
    call(engine, "rp_reduce", {"in_": (source, values), "result": (target, result)}, user, n=n,
         in_size=in_size, leaf=operator.index(leaf), result_size=len(first), identity=first,
         body=name_of(kernel), combine=name_of(combine))
    return result


def call(engine, function, arrays, user, chunk=0, **members):
    """Has all ranks call a function of the library. Its job has the addresses of arrays on the
    root, and members that travel: numbers, constants as bytes, and names of kernels. The arrays
    come with their addresses, so that they live as long as the command, even if Ctrl-C has ended
    the wait for it."""
    user = None if user is None else bytes(memoryview(user).cast("B"))
    used = [name for name, (address, _) in arrays.items() if address is not None]
    engine.command("arrays", (function, used, user, operator.index(chunk), members), arrays)


def value_of(member):
    if isinstance(member, tuple):
        return address_of(member)
    return ctypes.cast(member, c_void_p) if isinstance(member, bytes) else member


def run(engine, data, arrays):
    """The call, on every rank."""
    function, used, user, chunk, members = data
    found = engine.everywhere("finding the kernels", lambda: {
        name: value_of(member) for name, member in members.items()})
    # Where only the root has arrays, other addresses are not accessed, but must not be NULL.
    nothing = ctypes.create_string_buffer(members.get("result_size", 1))
    addresses = {name: arrays[name][0] if arrays else ctypes.addressof(nothing) for name in used}
    job = getattr(library, function + "_job")(
        options=library.rp_options(user=value_of(user), chunk=chunk), **found, **addresses)
    getattr(lib, function)(engine.pool, byref(job))
