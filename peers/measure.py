"""How every peer is timed: threads, cold and warm calls, peak memory, one JSON line.

Import this before NumPy, JAX or PyTorch: thread counts are read when those load.
"""

import json
import os
import sys
import time

THREADS = int(os.environ.get("PEER_THREADS", "2"))
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
# XLA has no such variable: it counts the cores that it may run on.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

CALLS = int(os.environ.get("PEER_CALLS", "5"))
SECONDS = float(os.environ.get("PEER_SECONDS", "2"))


def description():
    """The JSON description of the problem: the first argument, or standard input."""
    return sys.argv[1] if len(sys.argv) > 1 else sys.stdin.read()


def peak_memory():
    """Largest resident set of this process so far, in bytes (VmHWM)."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM line in /proc/self/status")


def warm(call):
    """Median and minimum seconds of call(1), call(2) ...: `CALLS` calls, or more for `SECONDS`."""
    times = []
    started = time.perf_counter()
    while len(times) < CALLS or time.perf_counter() - started < SECONDS:
        before = time.perf_counter()
        call(len(times) + 1)
        times.append(time.perf_counter() - before)
    times.sort()
    return times[len(times) // 2], times[0], len(times)


def marginal(peer, build):
    """Times `build(problem) -> (log_parameters -> value, gradient)` and prints the JSON line.

    Cold is from the data in memory to the first value and gradient: set-up, tracing, compiling,
    one evaluation; not the start of the interpreter and not the imports.
    """
    import numpy as np

    import problem

    described = problem.parse(description())
    before = peak_memory()
    started = time.perf_counter()
    value_and_gradient = build(described)
    theta = described.log_parameters
    value, gradient = value_and_gradient(theta)
    cold = time.perf_counter() - started
    value, gradient = float(value), [float(g) for g in gradient]

    def shifted(call):
        # Other parameters in each call, so that no result can be remembered.
        return value_and_gradient(theta + 1e-3 * np.sin(call + np.arange(theta.size)))

    median, fastest, calls = warm(shifted)
    report(
        peer,
        n=[axis.coordinates.size for axis in described.axes],
        value=value,
        gradient=gradient,
        cold_seconds=cold,
        warm_seconds=median,
        warm_seconds_min=fastest,
        warm_calls=calls,
        data_memory_bytes=before,
    )


def report(peer, **measured):
    """Prints one JSON line."""
    measured["peak_memory_bytes"] = peak_memory()
    if peer.startswith("numpy"):
        measured["gemm_gflops"] = gemm_gflops()
    print(json.dumps({"peer": peer, "threads": THREADS, **measured}))


def gemm_gflops(n=1500, repeats=5):
    """Best rate of an n x n double-precision product in NumPy's BLAS; after the memory is read."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    a, b, out = np.full((n, n), 0.5), np.full((n, n), 0.25), np.empty((n, n))
    best = float("inf")
    with threadpool_limits(THREADS):
        for _ in range(repeats):
            started = time.perf_counter()
            np.matmul(a, b, out=out)
            best = min(best, time.perf_counter() - started)
    return 2e-9 * n**3 / best
