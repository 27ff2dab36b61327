"""A long series: what every peer is given, and how it is timed."""

import json

from measure import description, peak_memory, report, warm

import numpy as np


def described():
    """Model, times, observations and log parameters: variance, rate, noise variance, and for a
    quasi-periodic model the frequency."""
    given = json.loads(description())
    times = np.arange(given["n"], dtype=float)
    y = np.sin(0.1 * times) + 0.3 * np.sin(12.9898 * times)
    parameters = [1.0, 0.1, 0.1] + ([0.5] if given["model"] == "quasi" else [])
    return given["model"], times, y, np.log(parameters)


def measured(peer, build, note=""):
    """Times `build(model, times, y) -> (log parameters -> value, gradient)`, prints the JSON line."""
    import time

    model, times, y, theta = described()
    before = peak_memory()
    started = time.perf_counter()
    value_and_gradient = build(model, times, y)
    value, gradient = value_and_gradient(theta)
    cold = time.perf_counter() - started

    def shifted(call):
        return value_and_gradient(theta + 1e-3 * np.sin(call + np.arange(theta.size)))

    median, fastest, calls = warm(shifted)
    report(
        peer,
        model=model,
        n=len(times),
        value=float(value),
        gradient=[float(g) for g in gradient],
        note=note,
        cold_seconds=cold,
        warm_seconds=median,
        warm_seconds_min=fastest,
        warm_calls=calls,
        data_memory_bytes=before,
    )
