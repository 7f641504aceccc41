"""A function over the items of an array, which stays on the root. These kernels are Python functions
with a C interface; compiled ones, in C or by numba, are called in the same way."""
import array
import ctypes

import rankpool

doubles = ctypes.POINTER(ctypes.c_double)


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, doubles, doubles)
def halve(task, begin, end, values, results):
    for i in range(end - begin):
        results[i] = values[i] / 2
    return 0


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, doubles, doubles)
def sum_up(task, begin, end, values, partial):
    for i in range(end - begin):
        partial[0] += values[i]
    return 0


@ctypes.CFUNCTYPE(ctypes.c_int, doubles, doubles, ctypes.c_void_p)
def add(left, right, user):
    left[0] += right[0]
    return 0


if __name__ == "__main__":
    values = array.array("d", range(10000))
    with rankpool.Pool() as pool:
        pool.map_array(halve, values, out=values)
        total = pool.reduce_array(sum_up, add, values, identity=array.array("d", [0]))
    print(values[:4].tolist(), total[0])
