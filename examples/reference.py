#!/usr/bin/env python3
"""Where the numbers in the expect.json of elnino, co2, trend_season and soi come from: the same posteriors
with dense N x N matrices in NumPy and SciPy.

    python3 reference.py elnino|co2|trend_season|soi    # needs numpy and scipy; co2 and soi take minutes

Nothing here is shared with gridgp. The mode is that of the density on the natural scale.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy import linalg, optimize, stats

HERE = Path(__file__).parent
half_normal, normal = stats.halfnorm, stats.norm


def log_normal(mean_log, sd_log):
    return stats.lognorm(s=sd_log, scale=np.exp(mean_log))


def distance(x):
    return np.abs(x[:, None] - x)


def matern12(x, lengthscale):
    return np.exp(-distance(x) / lengthscale)


def matern32(x, lengthscale):
    s = np.sqrt(3) * distance(x) / lengthscale
    return (1 + s) * np.exp(-s)


def matern52(x, lengthscale):
    s = np.sqrt(5) * distance(x) / lengthscale
    return (1 + s + s**2 / 3) * np.exp(-s)


def periodic(x, period, lengthscale):
    return np.exp(-2 * (np.sin(np.pi * distance(x) / period) / lengthscale) ** 2)


def squared_exponential(x, lengthscale):
    return np.exp(-0.5 * (distance(x) / lengthscale) ** 2)


def linear(x, center):
    return np.outer(x - center, x - center)


def elnino(year, month, p):
    years = 1 + p["deviation"] ** 2 * (distance(year) == 0)
    return p["cycle"] ** 2 * np.kron(years, matern32(month, p["smoothness"]))


def co2(year, week, p):
    years = 1 + p["slope"] ** 2 * linear(year, 1980) + p["drift"] ** 2 * matern52(year, p["memory"])
    waves = p["season"] ** 2 * periodic(week, 365.25 / 7, p["shape"])
    weeks = 1 + waves + p["rise"] ** 2 * linear(week, 26.5)
    return p["size"] ** 2 * np.kron(years, weeks)


def trend_season(year, p):
    recurs = periodic(year, 1, p["season.year.lengthscale"])
    fields = {
        "trend": squared_exponential(year, p["trend.year.lengthscale"]),
        "season": recurs * matern52(year, p["season.year.lengthscale_2"]),
        "short": matern32(year, p["short.year.lengthscale"]),
    }
    return sum(p[f"{name}.amplitude"] ** 2 * k for name, k in fields.items())


def soi(year, p):
    wave = np.cos(2 * np.pi * distance(year) / p["swing.year.period"])
    fields = {
        "trend": matern32(year, p["trend.year.lengthscale"]),
        "swing": matern32(year, p["swing.year.lengthscale"]) * wave,
        "short": matern12(year, p["short.year.lengthscale"]),
    }
    return sum(p[f"{name}.amplitude"] ** 2 * k for name, k in fields.items())


# Covariance, table, priors, and a point near the mode, in this order.
MODELS = {
    "elnino": (elnino, "elnino/elnino_sst.csv", {
        "mean": (normal(23, 3), 23.2),
        "cycle": (half_normal(scale=3), 2.0),
        "deviation": (half_normal(scale=1), 0.5),
        "smoothness": (log_normal(np.log(4), 0.7), 4.4),
        "noise": (half_normal(scale=1), 0.2),
    }),
    "co2": (co2, "co2/co2.csv", {
        "mean": (normal(340, 20), 340.2),
        "size": (half_normal(scale=20), 8.2),
        "slope": (half_normal(scale=0.5), 0.048),
        "drift": (half_normal(scale=1), 0.205),
        "memory": (log_normal(np.log(2), 1), 0.71),
        "season": (half_normal(scale=1), 0.18),
        "shape": (log_normal(0, 0.5), 0.89),
        "rise": (half_normal(scale=0.05), 0.0048),
        "noise": (half_normal(scale=1), 0.325),
    }),
    "trend_season": (trend_season, "trend_season/co2_monthly.csv", {
        "mean": (normal(340, 20), 346.0),
        "noise": (half_normal(scale=1), 0.2),
        "trend.amplitude": (half_normal(scale=50), 33.0),
        "trend.year.lengthscale": (log_normal(np.log(30), 0.5), 43.0),
        "season.amplitude": (half_normal(scale=5), 2.1),
        "season.year.lengthscale": (log_normal(0, 0.5), 1.3),
        "season.year.lengthscale_2": (log_normal(np.log(50), 0.7), 105.0),
        "short.amplitude": (half_normal(scale=1), 0.5),
        "short.year.lengthscale": (log_normal(0, 1), 0.8),
    }),
    "soi": (soi, "soi/soi.csv", {
        "mean": (normal(0, 1), 0.0),
        "noise": (half_normal(scale=1), 0.7),
        "trend.amplitude": (half_normal(scale=0.5), 0.1),
        "trend.year.lengthscale": (log_normal(np.log(30), 0.5), 20.0),
        "swing.amplitude": (half_normal(scale=1), 0.6),
        "swing.year.lengthscale": (log_normal(np.log(3), 0.7), 1.3),
        "swing.year.period": (log_normal(np.log(4), 0.3), 3.6),
        "short.amplitude": (half_normal(scale=1), 0.5),
        "short.year.lengthscale": (log_normal(np.log(0.3), 0.7), 0.26),
    }),
}


def main():
    covariance, table, priors = MODELS[sys.argv[1]]
    rows = np.genfromtxt(HERE / table, delimiter=",", skip_header=1)
    axes = [np.unique(column) for column in rows[:, :-1].T]
    seen = np.flatnonzero(~np.isnan(rows[:, -1]))
    y = rows[seen, -1]
    names = list(priors)
    positive = np.array([name != "mean" for name in names])

    def natural(x):
        return dict(zip(names, np.where(positive, np.exp(np.where(positive, x, 0)), x)))

    def log_likelihood(p):
        k = covariance(*axes, p)[np.ix_(seen, seen)]
        k.flat[:: len(k) + 1] += p["noise"] ** 2
        root = linalg.cholesky(k, lower=True, overwrite_a=True, check_finite=False)
        z = linalg.solve_triangular(root, y - p["mean"], lower=True, check_finite=False)
        return -0.5 * (z @ z + len(y) * np.log(2 * np.pi)) - np.log(root.diagonal()).sum()

    def negative_log_posterior(x):
        p = natural(x)
        return -log_likelihood(p) - sum(priors[n][0].logpdf(p[n]) for n in names)

    def gradient(x):
        """Central differences of order 4."""
        g = np.empty_like(x)
        for i, e in enumerate(1e-3 * np.eye(len(x))):
            f = [negative_log_posterior(x + k * e) for k in (1, -1, 2, -2)]
            g[i] = (8 * (f[0] - f[1]) - (f[2] - f[3])) / 12e-3
        return g

    start = np.array([v if n == "mean" else np.log(v) for n, (_, v) in priors.items()])
    found = optimize.minimize(
        negative_log_posterior, start, jac=gradient, method="BFGS", options={"gtol": 1e-5}
    )
    p = natural(found.x)
    print(json.dumps({
        "parameters": {name: float(value) for name, value in p.items()},
        "log_posterior": float(-found.fun),
        "log_marginal_likelihood": float(log_likelihood(p)),
        "largest_derivative": float(np.abs(found.jac).max()),
    }, indent=2))


if __name__ == "__main__":
    main()
