"""The shared library by ctypes: its structs, its functions, and where it is."""
import ctypes
import os
from ctypes import CFUNCTYPE, c_char_p, c_int, c_int64, c_size_t, c_void_p

OK, ERR_ARGUMENT, ERR_TASK, ERR_LOST, ERR_INTERRUPTED = 0, 1, 5, 6, 8
ITEM_LAST, ITEM, ITEM_LATER = 0, 1, 2
ON_RANKS, SCHEDULE_DYNAMIC, ON_FAILURE_CONTINUE = 2, 2, 1

PRODUCE = CFUNCTYPE(c_int, c_void_p, c_void_p)
WORK = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p)
CONSUME = CFUNCTYPE(c_int, c_void_p, c_int64, c_void_p, c_void_p, c_size_t)
ITEM_FN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)

TYPES = {"int": c_int, "int64": c_int64, "uint64": ctypes.c_uint64, "size": c_size_t,
         "double": ctypes.c_double, "bool": ctypes.c_bool, "char": ctypes.c_char,
         "string": c_char_p, "pointer": c_void_p}


def struct(name, members):
    """A struct of the headers, from a text of its members: "type name name; type name ..."."""
    fields = []
    for line in members.split(";"):
        kind, *names = line.split()
        kind, _, length = kind.partition("*")
        fields += [(each, TYPES[kind] * int(length) if length else TYPES[kind]) for each in names]
    TYPES[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
    return TYPES[name]


# As in rankpool/*.h; tests/python/layout.py compares sizes and offsets. `in` is no name in Python.
rp_error = struct("rp_error", """int status task_code rank signal; int64 item; char*64 host;
    char*512 text""")
rp_config = struct("rp_config", """int root node_size thread_level; double heartbeat_timeout;
    bool handle_signals; double walltime_seconds watchdog_seconds; bool survive_deaths check;
    string checkpoint; int resume; double checkpoint_seconds; uint64 fingerprint;
    uint64*6 reserved""")
rp_options = struct("rp_options", """pointer user; int schedule; int64 chunk;
    double call_overhead expected_seconds; int on_failure; pointer item_status; uint64 seed;
    int retries; int64 max_failures; double item_seconds; string name unit; uint64*9 reserved""")
rp_stream_job = struct("rp_stream_job", """pointer produce work consume;
    bool unordered dedicated_root; int64 window_items window_bytes expected_items;
    rp_options options""")
rp_map_job = struct("rp_map_job", """int64 n; pointer item range in_; size in_size; int in_place;
    pointer out; size out_size; int out_place; rp_options options""")
rp_reduce_job = struct("rp_reduce_job", """int64 n leaf; pointer body combine identity in_;
    size in_size; int in_place; pointer out; size out_size; int out_place; pointer result;
    size result_size; rp_options options""")

# Result, name and arguments. Those that return a status raise it as an exception.
FUNCTIONS = """
    int rp_launch pointer pointer;  bool rp_launched;  int rp_launched_rank
    int rp_open pointer pointer;  int rp_close pointer;  pointer rp_last_error pointer
    int rp_rank pointer;  int rp_ranks pointer;  int rp_agree pointer int pointer
    status rp_stream pointer pointer;  status rp_map pointer pointer
    status rp_reduce pointer pointer
    int rp_buffer_append pointer string size;  int rp_task_attempt pointer;  string rp_version"""


class Error(RuntimeError):
    """An error of the pool itself; those of tasks come back as they are. status: an rp_status."""

    __module__ = "rankpool"

    def __init__(self, text, status=0):
        super().__init__(text)
        self.status = status


def as_exception(address):
    """Of an rp_error."""
    error = rp_error.from_address(address)
    if error.status == ERR_INTERRUPTED:
        return KeyboardInterrupt()
    text = error.text.decode(errors="replace")
    where = f" (rank {error.rank} on {error.host.decode(errors='replace')})"
    return Error(text + (where if error.item >= 0 and error.rank >= 0 else ""), error.status)


def raise_status(status, function, arguments):
    if status != OK:
        raise as_exception(lib.rp_last_error(arguments[0]))


def load():
    """Loads the library: the one that RANKPOOL_LIBRARY names; else the one in LIBDIR, if this
    module is in LIBDIR/pythonX.Y/site-packages/rankpool; else the one that the loader finds."""
    name = "librankpool.so.0"
    above = os.path.dirname(os.path.abspath(__file__)) + "/../../../"
    path = os.environ.get("RANKPOOL_LIBRARY") or (
        above + name if os.path.exists(above + name) else name)
    try:
        library = ctypes.CDLL(path)
    except OSError as problem:
        raise ImportError(f"rankpool: cannot load its library: {problem}; install it, or set "
                          "RANKPOOL_LIBRARY to its path") from None
    for prototype in FUNCTIONS.replace(";", "\n").strip().split("\n"):
        result, name, *arguments = prototype.split()
        function = getattr(library, name)
        function.argtypes = [TYPES[each] for each in arguments]
        if result == "status":
            function.errcheck = raise_status
        else:
            function.restype = TYPES[result]
    return library


lib = load()
view = ctypes.pythonapi.PyMemoryView_FromMemory
view.restype, view.argtypes = ctypes.py_object, [c_void_p, ctypes.c_ssize_t, c_int]


def read(address, size):
    """Bytes of the library, without a copy: valid as long as they are."""
    return view(address, size, 0x100) if size else b""
