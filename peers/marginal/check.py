"""Is the hand-written peer right? Against a dense Cholesky, and against finite differences.

    python -m marginal.check
"""

import measure  # noqa: F401  first: sets the number of threads

import json
from functools import reduce

import numpy as np

import problem
from marginal.numpy_by_hand import KERNELS, Marginal


def dense_value(described, log_parameters):
    *lengthscales, amplitude, noise = np.exp(log_parameters)
    factors = []
    for axis, lengthscale in zip(described.axes, lengthscales):
        r = np.abs(np.subtract.outer(axis.coordinates, axis.coordinates))
        k, dk = np.empty_like(r), np.empty_like(r)
        KERNELS[axis.kernel](r, lengthscale, k, dk)
        factors.append(k)
    covariance = amplitude**2 * reduce(np.kron, factors)
    covariance.flat[:: len(covariance) + 1] += noise**2
    root = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(root, described.y.ravel())
    return -0.5 * (whitened @ whitened + described.y.size * np.log(2 * np.pi)) - np.log(root.diagonal()).sum()


def differences(function, x, step):
    """Central differences of order 6."""
    gradient = np.empty_like(x)
    for i in range(x.size):
        e = step * np.eye(x.size)[i]
        f = [function(x + k * e) - function(x - k * e) for k in (1, 2, 3)]
        gradient[i] = (45 * f[0] - 9 * f[1] + f[2]) / (60 * step)
    return gradient


def relative(found, expected):
    return np.max(np.abs(np.subtract(found, expected)) / (np.abs(expected) + 1e-3))


def described(sizes, spacing, kernels, lengthscales):
    axes = [
        {"size": n, "spacing": spacing, "kernel": k, "lengthscale": length}
        for n, k, length in zip(sizes, kernels, lengthscales)
    ]
    return problem.parse(json.dumps({"axes": axes, "amplitude": 1.2, "noise": 0.1, "seed": 7}))


def check_lcg():
    """The draws by doubling are those of the plain recurrence."""
    state, draws = 1, []
    for _ in range(1000):
        state = (state * problem.MULTIPLIER + problem.INCREMENT) % 2**64
        draws.append((state >> 11) * 2.0**-53)
    lcg = problem.Lcg(1)
    assert [*lcg.uniform(7), *lcg.uniform(0), *lcg.uniform(993)] == draws


def main():
    check_lcg()
    worst = 0.0
    for spacing in ("even", "uneven"):
        for kernels in (
            ("matern52", "squared_exponential"),
            ("matern32", "cosine"),
            ("cosine", "matern52"),
            ("squared_exponential", "matern32", "matern52"),
        ):
            for sizes in ((6, 5, 4), (25, 4, 3), (4, 25, 3), (3, 4, 25)):
                lengthscales = [8.0 if k == "cosine" else 1.5 + 0.5 * a for a, k in enumerate(kernels)]
                case = described(sizes[: len(kernels)], spacing, kernels, lengthscales)
                theta = case.log_parameters
                value, gradient = Marginal(case)(theta)
                errors = (
                    relative(value, dense_value(case, theta)),
                    relative(gradient, differences(lambda x: dense_value(case, x), theta, 4e-3)),
                )
                worst = max(worst, *errors)
                print(f"dense {spacing} {kernels} {sizes[:len(kernels)]}: value {errors[0]:.1e}, gradient {errors[1]:.1e}")
    for kernel in ("matern52", "squared_exponential"):
        case = described((150, 200), "uneven", (kernel, kernel), (1.0, 1.5))
        theta, marginal = case.log_parameters, Marginal(case)
        error = relative(marginal(theta)[1], differences(lambda x: marginal(x)[0], theta, 1e-2))
        worst = max(worst, error)
        print(f"differences of its own value, {kernel} 150 x 200: gradient {error:.1e}")
    if not worst < 1e-6:
        raise SystemExit(f"wrong: relative error {worst:.1e}")


if __name__ == "__main__":
    main()
