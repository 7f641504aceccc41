"""Ctrl-C ends tasks that last, and reaches the script as KeyboardInterrupt. With an argument this
is the script; without, it starts that and interrupts it."""
import signal
import subprocess
import sys
import time

import rankpool


def nap(x):
    time.sleep(1000)


def interrupt(status, *arguments):
    process = subprocess.Popen([sys.executable, __file__, *arguments], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert out.startswith("interrupted\n"), out + errors  # MPICH's mpirun adds lines about signals
    assert process.returncode == status, (process.returncode, errors)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        interrupt(0, "return")
        interrupt(-signal.SIGINT, "raise")
    else:
        with rankpool.Pool(processes=2) as pool:
            try:
                result = pool.map_async(nap, range(5))
                print("ready", flush=True)
                result.get()
            except KeyboardInterrupt:
                print("interrupted", flush=True)
                if sys.argv[1] == "raise":
                    raise
