"""Gaussian fields and counts from a seed, with nothing but Python's own library.

For the `make.py` of the examples with simulated data.
"""

import math


def matern52(lengthscale):
    """The kernel (1 + s + s^2/3) exp(-s), s = sqrt(5) r / lengthscale."""

    def k(x, y):
        s = math.sqrt(5) * abs(x - y) / lengthscale
        return (1 + s + s * s / 3) * math.exp(-s)

    return k


def periodic(period, lengthscale):
    """The kernel exp(-2 sin^2(pi r / period) / lengthscale^2)."""
    return lambda x, y: math.exp(-2 * (math.sin(math.pi * (x - y) / period) / lengthscale) ** 2)


def root(k, points, jitter=1e-8):
    """The Cholesky factor of the matrix k(x, y) + jitter I over the points."""
    n = len(points)
    factor = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = k(points[i], points[j]) - sum(factor[i][m] * factor[j][m] for m in range(j))
            factor[i][j] = math.sqrt(rest + jitter) if i == j else rest / factor[j][j]
    return factor


def field(rng, first, second):
    """A draw with covariance (first first') x (second second'): rows of the first axis."""
    z = [[rng.gauss(0, 1) for _ in second[0]] for _ in first[0]]
    half = [[sum(row[m] * b[m] for m in range(len(row))) for b in second] for row in z]
    return [[sum(a[m] * half[m][j] for m in range(len(half))) for j in range(len(second))] for a in first]


def poisson(rng, rate):
    """A Poisson count: how many waiting times of mean 1 / rate fit into 1."""
    count, passed = 0, rng.expovariate(1)
    while passed < rate:
        count, passed = count + 1, passed + rng.expovariate(1)
    return count
