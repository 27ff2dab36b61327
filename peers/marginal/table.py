"""Runs the marginal-likelihood peers, each in a process of its own, and prints a table.

    python -m marginal.table [--seconds LIMIT] [--peers a,b] [--problems TEXT]

The gradient's error is against numpy_by_hand, which `marginal.check` compares with dense
computations: max over the parameters of |g - g'| / max(|g'|, 1e-6 max |g'|).
"""

import argparse
import json
import subprocess
import sys

PEERS = ("numpy_by_hand", "jax_eigh", "pymc_marginal_kron")
ERA5 = {
    "file": "/work/shared/data/era5_uk_t2m_2019_03.nc",
    "variable": "t2m",
    "axes": [{"kernel": "matern32", "lengthscale": length} for length in (1.0, 2.0, 2.0)],
    "amplitude": 1.0,
    "noise": 0.1,
}


def grid(n, spacing, kernel):
    axes = [{"size": n, "spacing": spacing, "kernel": kernel, "lengthscale": l} for l in (1.0, 1.5)]
    return {"axes": axes, "amplitude": 1.0, "noise": 0.1, "seed": 1}


PROBLEMS = {
    f"{kernel} {spacing} {n} x {n}": grid(n, spacing, kernel)
    for n in (50, 200, 500, 1000)
    for kernel in ("matern52", "squared_exponential")
    for spacing in ("even", "uneven")
}
PROBLEMS["cosine even 50 x 50"] = grid(50, "even", "cosine")
PROBLEMS["era5"] = ERA5


def run(peer, described, seconds):
    """The peer's JSON, or the reason why there is none."""
    command = [sys.executable, "-W", "ignore", "-m", f"marginal.{peer}", json.dumps(described)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"no result in {seconds:.0f} s"
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or [f'exit {done.returncode}'])[-1][:80]}"
    return json.loads(done.stdout)


def gradient_error(found, expected):
    scale = max(map(abs, expected))
    errors = [abs(f - e) / max(abs(e), 1e-6 * scale) for f, e in zip(found, expected)]
    return max(errors) if all(e == e for e in errors) else float("nan")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=300.0)
    arguments.add_argument("--peers", default=",".join(PEERS))
    arguments.add_argument("--problems", default="", help="only those whose name contains this")
    arguments = arguments.parse_args()
    print("| problem | peer | value | gradient error | cold s | warm s (min) | peak MiB | GFLOP/s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, described in PROBLEMS.items():
        if arguments.problems not in name:
            continue
        expected = None
        for peer in arguments.peers.split(","):
            found = run(peer, described, arguments.seconds)
            if isinstance(found, str):
                print(f"| {name} | {peer} | {found} | | | | | |", flush=True)
                continue
            expected = expected or found["gradient"]
            print(
                f"| {name} | {peer} | {found['value']:.8f} | {gradient_error(found['gradient'], expected):.1e}"
                f" | {found['cold_seconds']:.4g} | {found['warm_seconds']:.4g} ({found['warm_seconds_min']:.4g})"
                f" | {found['peak_memory_bytes'] / 2**20:.0f} | {found.get('gemm_gflops', 0.0):.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
