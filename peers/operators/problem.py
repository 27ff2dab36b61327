"""The operator problems: factors, right-hand sides, and how a peer is measured on one.

    {"operation": "kronecker_solve", "n": 100, "seed": 1}

Operations: kronecker_solve, kronecker_log_det, kronecker_matvec (A (x) B, factors n x n),
sum_solve (A1 (x) B1 + A2 (x) B2), toeplitz_matvec (n x n). See `README.md` for the formulas.
"""

import measure  # first: sets the number of threads

import json
import time

import numpy as np

from problem import Lcg

LENGTHSCALES = (1.0, 2.0, 0.5, 3.0)


class Case:
    """The inputs of one operation: `matrices` (or one Toeplitz column) and `v`."""

    def __init__(self, described):
        self.operation, n = described["operation"], described["n"]
        lcg = Lcg(described["seed"])
        if self.operation == "toeplitz_matvec":
            column = np.exp(-10.0 * np.arange(n) / n)
            column[0] += 0.1
            self.matrices, self.v = [column], lcg.uniform(n) - 0.5
        else:
            count = 4 if self.operation == "sum_solve" else 2
            self.matrices = [_factor(n, length, lcg) for length in LENGTHSCALES[:count]]
            self.v = lcg.uniform(n * n) - 0.5

    def shifted(self, call):
        """The same with slightly different matrices, so that nothing can be remembered."""
        return [m * (1.0 + 1e-3 * np.sin(call + i)) for i, m in enumerate(self.matrices)]


def _factor(n, lengthscale, lcg):
    steps = 0.5 + lcg.uniform(n - 1)
    x = np.concatenate([[0.0], np.cumsum(steps)])
    x *= 10.0 / x[-1]
    matrix = np.exp(-np.abs(np.subtract.outer(x, x)) / lengthscale)
    matrix.flat[:: n + 1] += 0.1
    return matrix


def measured(peer, prepare):
    """Times `prepare(case, matrices, v) -> result` from given matrices: factorizations included."""
    described = json.loads(measure.description())
    case = Case(described)
    started = time.perf_counter()
    result = np.asarray(prepare(case.operation, case.matrices, case.v))
    cold = time.perf_counter() - started
    weights = np.cos(np.arange(result.size))
    # The changed matrices are made outside the clock.
    times, total = [], 0.0
    while len(times) < measure.CALLS or total < measure.SECONDS:
        matrices = case.shifted(len(times) + 1)
        started = time.perf_counter()
        prepare(case.operation, matrices, case.v)
        times.append(time.perf_counter() - started)
        total += times[-1]
    times.sort()
    measure.report(
        peer,
        operation=case.operation,
        n=described["n"],
        value=float(result.ravel() @ weights),
        norm=float(np.linalg.norm(result)),
        cold_seconds=cold,
        warm_seconds=times[len(times) // 2],
        warm_seconds_min=times[0],
        warm_calls=len(times),
    )
