"""Makes reference.rs with ArviZ, from inputs that mod.rs makes as well, bit by bit.

python3 -m venv .venv && .venv/bin/pip install arviz==0.23.4 scipy==1.17.1 numpy==2.4.6
.venv/bin/python reference.py > reference.rs && rustfmt reference.rs
"""

import logging
import math
import warnings

import arviz as az
import numpy as np
import scipy

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
np.seterr(all="ignore")


class Uniform:
    """Knuth's linear congruential generator, the upper 53 of 64 bits."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2.0**53

    def noise(self):
        """Nearly normal: twelve uniform numbers, minus six."""
        total = 0.0
        for _ in range(12):
            total += self.next()
        return total - 6.0


def autoregressive(chains, draws, phi, seed=1):
    uniform = Uniform(seed)
    out = np.empty((chains, draws))
    for c in range(chains):
        x = uniform.noise()
        for d in range(draws):
            x = phi * x + uniform.noise()
            out[c, d] = x
    return out


def ratios(chains, draws):
    """Tails as heavy as those of a Cauchy distribution."""
    uniform = Uniform(7)
    flat = [(uniform.next() - 0.5) / (uniform.next() - 0.5) for _ in range(chains * draws)]
    return np.array(flat).reshape(chains, draws)


def scalars():
    iid = autoregressive(4, 250, 0.0)
    yield "iid", iid
    yield "correlated", autoregressive(4, 250, 0.95)
    yield "antithetic", autoregressive(4, 250, -0.6)
    shifted = iid.copy()
    shifted[0] += 1.0
    yield "shifted", shifted
    spread = iid.copy()
    spread[0] *= 5.0
    yield "spread", spread
    yield "single", autoregressive(1, 1000, 0.5)
    yield "heavy", ratios(4, 250)
    yield "odd", autoregressive(3, 151, 0.3)
    yield "odd_quantiles_on_draws", autoregressive(1, 1001, 0.3)
    yield "odd_heavy", ratios(5, 33)
    yield "ties", np.floor(2.0 * autoregressive(4, 100, 0.5)) / 2.0
    yield "binary", np.where(autoregressive(2, 100, 0.7) > 0.0, 1.0, 0.0)
    yield "far", 1e6 + iid
    yield "four", autoregressive(2, 4, 0.0)
    yield "five", autoregressive(2, 5, 0.0)
    yield "eight", autoregressive(2, 8, 0.0)
    yield "three", autoregressive(2, 3, 0.0)
    yield "constant", np.full((4, 50), 0.1)
    one = iid.copy()
    one[2] = 0.25
    yield "one_constant_chain", one
    nan = iid.copy()
    nan[1, 17] = math.nan
    yield "nan", nan


def statistics(x):
    yield x.mean()
    yield x.std(ddof=1)
    for p in (0.5, 0.05, 0.95):
        yield np.quantile(x, p)
    yield az.ess(x, method="bulk")
    yield az.ess(x, method="tail")
    yield az.rhat(x) if len(x) > 1 else math.nan
    yield az.mcse(x, method="mean")
    yield az.mcse(x, method="sd")
    yield az.ess(x, method="mean")
    yield az.ess(x, method="sd")
    yield az.ess(x, method="quantile", prob=0.3)
    try:
        yield az.mcse(x, method="quantile", prob=0.3)
    except ValueError:
        yield math.nan
    # ArviZ's interval of values with a NaN ends at the NaN.
    yield from az.hdi(x.ravel(), 0.9) if not np.isnan(x).any() else (math.nan, math.nan)


def log_likelihood(draws, cells):
    """Cells are ever more sensitive to the two parameters, the last one is constant."""
    a, b = autoregressive(1, draws, 0.5, 3)[0], autoregressive(1, draws, 0.5, 4)[0]
    out = np.empty((draws, cells))
    for i in range(cells):
        residual = 0.1 * i * a + 0.03 * i * i * b + 0.5
        out[:, i] = -0.5 * (residual * residual) - 1.0
    out[:, cells - 1] = -1.5
    return out


def show(x):
    x = float(x)
    if math.isnan(x):
        return "f64::NAN"
    if math.isinf(x):
        return "f64::INFINITY"
    return repr(x)


print(f"//! Made by reference.py with ArviZ {az.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}.")
print("\n/// Name, chains, draws, and what `judge` says.")
print("pub(super) const SCALARS: &[(&str, usize, usize, [f64; 16])] = &[")
for name, x in scalars():
    values = ", ".join(show(v) for v in statistics(x))
    print(f'("{name}", {x.shape[0]}, {x.shape[1]}, [{values}]),')
print("];")

print("\n/// E-BFMI of the chains of `correlated`.")
energies = autoregressive(4, 250, 0.95)
print(f"pub(super) const BFMI: [f64; 4] = [{', '.join(show(v) for v in az.bfmi(energies))}];")

print("""
/// What `log_likelihood` gives.
pub(super) struct Cells {
    pub draws: usize,
    pub cells: usize,
    pub reff: f64,
    /// elpd, se, p of LOO and of WAIC.
    pub totals: [f64; 6],
    /// LOO and WAIC of each cell, and its shape.
    pub pointwise: [&'static [f64]; 3],
}

pub(super) const CELLS: &[Cells] = &[""")
for draws, cells, reff in [(1000, 12, 0.7), (101, 10, 1.3), (40, 3, 1.0)]:
    ll = log_likelihood(draws, cells)
    data = az.from_dict(
        posterior={"x": np.zeros((1, draws))}, log_likelihood={"y": ll[None, :, :]}
    )
    loo = az.loo(data, pointwise=True, reff=reff)
    waic = az.waic(data, pointwise=True)
    six = [loo.elpd_loo, loo.se, loo.p_loo, waic.elpd_waic, waic.se, waic.p_waic]
    lists = [loo.loo_i.values, waic.waic_i.values, loo.pareto_k.values]
    lists = ", ".join("&[" + ", ".join(show(v) for v in values) + "]" for values in lists)
    totals = ", ".join(show(v) for v in six)
    print(f"Cells {{ draws: {draws}, cells: {cells}, reff: {reff}, totals: [{totals}],")
    print(f"    pointwise: [{lists}] }},")
print("];")
