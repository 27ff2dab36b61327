"""Families against scipy.stats."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as st
from gridgp import _core
from gridgp import distributions as d

CONTINUOUS: list[tuple[d.Continuous, Any]] = [
    (d.Gaussian(1.5, 0.7), st.norm(1.5, 0.7)),
    (d.StudentT(1.5, 0.7, 3.2), st.t(3.2, 1.5, 0.7)),
    (d.Laplace(-1.0, 0.4), st.laplace(-1.0, 0.4)),
    (d.LogNormal(0.3, 0.6), st.lognorm(0.6, scale=np.exp(0.3))),
    (d.Gamma(2.0, 3.5), st.gamma(3.5, scale=2.0 / 3.5)),
    (d.Beta(0.3, 7.0), st.beta(2.1, 4.9)),
    (d.GEV(34.5, 1.8, 0.2), st.genextreme(-0.2, 34.5, 1.8)),
    (d.GEV(34.5, 1.8, -0.12), st.genextreme(0.12, 34.5, 1.8)),
    (d.GEV(34.5, 1.8, 0.0), st.genextreme(0.0, 34.5, 1.8)),
    (d.Gumbel(34.5, 1.8), st.gumbel_r(34.5, 1.8)),
    (d.Frechet(34.5, 1.8, 0.25), st.invweibull(4.0, 34.5 - 7.2, 7.2)),
    (d.ReversedWeibull(34.5, 1.8, -0.25), st.weibull_max(4.0, 34.5 + 7.2, 7.2)),
    (d.GeneralizedPareto(1.8, 0.2, 30.0), st.genpareto(0.2, 30.0, 1.8)),
    (d.GeneralizedPareto(1.8, -0.25), st.genpareto(-0.25, 0.0, 1.8)),
]
DISCRETE: list[tuple[d.Discrete, Any]] = [
    (d.Bernoulli(0.3), st.bernoulli(0.3)),
    (d.Binomial(0.3, 12), st.binom(12, 0.3)),
    (d.Poisson(4.5), st.poisson(4.5)),
    (d.NegativeBinomial(4.5, 2.2), st.nbinom(2.2, 2.2 / 6.7)),
]
Q = np.array([1e-4, 0.02, 0.3, 0.5, 0.77, 0.99, 0.9999])


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=[repr(o) for o, _ in CONTINUOUS])
def test_continuous_families(ours: d.Continuous, theirs: Any) -> None:
    y = theirs.ppf(Q)
    close: dict[str, Any] = {"rtol": 1e-9}
    np.testing.assert_allclose(ours.ppf(Q), y, **close)
    np.testing.assert_allclose(ours.logpdf(y), theirs.logpdf(y), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.pdf(y), theirs.pdf(y), rtol=1e-8)
    np.testing.assert_allclose(ours.cdf(y), Q, rtol=1e-8)
    np.testing.assert_allclose(ours.sf(y), 1 - Q, rtol=1e-6)
    np.testing.assert_allclose(ours.isf(1 - Q), y, rtol=1e-6)
    np.testing.assert_allclose(ours.mean(), theirs.mean(), rtol=1e-7)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=1e-7)
    np.testing.assert_allclose(ours.var(), theirs.var(), rtol=1e-7)
    np.testing.assert_allclose(ours.median(), theirs.median(), **close)
    np.testing.assert_allclose(ours.interval(0.9), theirs.interval(0.9), **close)
    draws = ours.rvs(5000, seed=3)
    assert st.kstest(draws, theirs.cdf).pvalue > 1e-3


def test_von_mises_within_a_turn_of_its_location() -> None:
    ours, theirs = d.VonMises(0.4, 2.0), st.vonmises(2.0, loc=0.4)
    y = np.linspace(0.4 - 3.1, 0.4 + 3.1, 9)
    np.testing.assert_allclose(ours.logpdf(y), theirs.logpdf(y), rtol=1e-10)
    np.testing.assert_allclose(ours.cdf(y), theirs.cdf(y), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(ours.ppf(Q), theirs.ppf(Q), rtol=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), DISCRETE, ids=[repr(o) for o, _ in DISCRETE])
def test_discrete_families(ours: d.Discrete, theirs: Any) -> None:
    y = np.unique(theirs.ppf(Q))
    np.testing.assert_allclose(ours.logpmf(y), theirs.logpmf(y), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.pmf(y), theirs.pmf(y), rtol=1e-9)
    np.testing.assert_allclose(ours.cdf(y), theirs.cdf(y), rtol=1e-9)
    np.testing.assert_allclose(ours.sf(y), theirs.sf(y), rtol=1e-6, atol=1e-14)
    np.testing.assert_array_equal(ours.ppf(Q), theirs.ppf(Q))
    np.testing.assert_allclose(ours.mean(), theirs.mean(), rtol=1e-9)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=1e-9)
    draws = ours.rvs(5000, seed=3)
    counts = np.array([np.sum(draws == v) for v in y])
    error = np.sqrt(5000 * theirs.pmf(y) * (1 - theirs.pmf(y)))
    assert np.all(np.abs(counts - 5000 * theirs.pmf(y)) < 5 * error + 1)
    assert ours.logpmf(0.5) == -np.inf


def test_blended_gev_is_the_gev_above() -> None:
    blended, gev = d.BlendedGEV(34.5, 1.8, 0.2), d.GEV(34.5, 1.8, 0.2)
    upper = gev.ppf([0.21, 0.6, 0.999])
    np.testing.assert_allclose(blended.cdf(upper), gev.cdf(upper), rtol=1e-12)
    assert blended.logpdf(10.0) > -np.inf == gev.logpdf(10.0)


def test_the_r_largest_values_have_their_joint_density() -> None:
    y = np.array([39.0, 37.5, 36.2])
    above = np.array([np.finfo(float).max, 39.0, 37.5])
    law = d.RLargest(34.5, 1.8, 0.1, above)
    tau = (1 + 0.1 * (y - 34.5) / 1.8) ** (-1 / 0.1)
    # f = exp(−τ(y_r)) ∏ −τ′(y_k), −τ′ = τ^(1 + ξ)/scale.
    joint = -tau[-1] + np.sum(1.1 * np.log(tau) - np.log(1.8))
    np.testing.assert_allclose(law.logpdf(y).sum(), joint, rtol=1e-12)
    np.testing.assert_allclose(
        d.RLargest(34.5, 1.8, 0.1).logpdf(y), d.GEV(34.5, 1.8, 0.1).logpdf(y)
    )


def test_every_family_has_a_class_with_its_parameters() -> None:
    classes = [getattr(d, name) for name in d.__all__]
    by_family = {c.family: c for c in classes if hasattr(c, "family")}
    for name in _core.family_names():
        _, _, is_discrete, parameters = _core.family_info(name)
        cls = by_family[name]
        assert issubclass(cls, d.Discrete) == is_discrete
        names = list(
            cls(
                **{
                    p: -0.3 if name == "reversed_weibull" and p == "shape" else 0.3
                    for p, _, _ in parameters
                }
            ).parameters
        )
        assert names == [p for p, _, _ in parameters]


def test_far_tails_of_extremes_keep_their_digits() -> None:
    gumbel = d.Gumbel(0.0, 1.0)
    np.testing.assert_allclose(gumbel.sf(50.0), st.gumbel_r.sf(50.0), rtol=1e-12)
    np.testing.assert_allclose(gumbel.isf(1e-20), 20 * np.log(10), rtol=1e-12)
    gev = d.GEV(0.0, 1.0, 0.1)
    np.testing.assert_allclose(gev.sf(gev.isf(1e-12)), 1e-12, rtol=1e-9)


def test_shapes_near_zero_are_smooth() -> None:
    shape = np.array([-1e-9, 0.0, 1e-9])
    y = np.array([30.0, 34.0, 50.0])[:, None]
    values = d.GEV(34.5, 1.8, shape).logpdf(y)
    assert values.shape == (3, 3)
    np.testing.assert_allclose(values[:, 0], values[:, 1], rtol=1e-6)
    np.testing.assert_allclose(values[:, 2], values[:, 1], rtol=1e-6)


def test_arguments_broadcast() -> None:
    location = np.linspace(30, 35, 4)[:, None]
    shape = np.array([-0.1, 0.0, 0.2])
    law = d.GEV(location, 1.8, shape)
    assert law.shape == (4, 3)
    y = np.full((2, 1, 1), 34.0)
    theirs = st.genextreme.logpdf(y, -shape, location, 1.8)
    np.testing.assert_allclose(law.logpdf(y), theirs, rtol=1e-9)
    np.testing.assert_allclose(law.mean(), st.genextreme.mean(-shape, location, 1.8), rtol=1e-8)
    assert law.rvs((5, 4, 3), seed=1).shape == (5, 4, 3)
    assert law.rvs(seed=1).shape == (4, 3)
    assert d.Poisson(2.0).rvs(seed=1).shape == ()
    with pytest.raises(ValueError, match="does not broadcast to the size"):
        law.rvs(3, seed=1)
    with pytest.raises(ValueError, match="broadcast"):
        d.GEV(np.zeros(2), 1.0, np.zeros(3))


def test_many_numbers_are_those_of_few() -> None:
    law = d.GEV(34.5, 1.8, 0.1)
    y = law.rvs(100_000, seed=2)
    np.testing.assert_array_equal(law.logpdf(y)[::997], law.logpdf(y[::997]))
    np.testing.assert_array_equal(y, law.rvs(100_000, seed=2))
    assert not np.array_equal(y, law.rvs(100_000, seed=3))


def test_gradient_is_that_of_differences() -> None:
    parameters = {"location": 34.5, "scale": 1.8, "shape": 0.1}
    y = np.array([33.0, 36.0, 41.0])
    value, slopes = d.GEV(**parameters).log_prob_gradient(y)
    np.testing.assert_array_equal(value, d.GEV(**parameters).logpdf(y))
    step = 1e-6
    for name, slope in slopes.items():
        up = d.GEV(**(parameters | {name: parameters[name] + step})).logpdf(y)
        down = d.GEV(**(parameters | {name: parameters[name] - step})).logpdf(y)
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-6, atol=1e-8)


def test_outside_of_the_support() -> None:
    assert d.GEV(0.0, 1.0, 0.5).logpdf(-3.0) == -np.inf
    assert d.GeneralizedPareto(1.0, 0.1).logpdf(-0.1) == -np.inf
    np.testing.assert_array_equal(d.Gamma(1.0, 2.0).pdf([-1.0, np.nan]), [0.0, np.nan])
    assert np.isnan(d.GEV(0.0, 1.0, 0.1).ppf(1.1))
    np.testing.assert_allclose(d.GEV(0.0, 1.0, -0.5).ppf([0.0, 1.0]), [-np.inf, 2.0])


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: d.GEV(0.0, -1.0, 0.1), r"the scale of gev is -1; it must lie in \(0, inf\)"),
        (lambda: d.GEV(0.0, [1.0, 0.0], 0.1), "scale of gev is 0 at position 1"),
        (lambda: d.Frechet(0.0, 1.0, -0.1), "shape of frechet"),
        (lambda: d.Bernoulli(1.5), "probability of bernoulli"),
        (lambda: d.Gaussian(np.inf, 1.0), "location of gaussian is inf"),
    ],
)
def test_mistakes_are_explained(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()


def test_tails_keep_their_digits_in_every_family() -> None:
    laws = [
        (d.Gaussian(1.0, 2.0), st.norm(1.0, 2.0)),
        (d.StudentT(0.0, 1.0, 4.0), st.t(4.0)),
        (d.Laplace(0.0, 1.0), st.laplace()),
        (d.LogNormal(0.0, 0.5), st.lognorm(0.5)),
        (d.Gamma(3.0, 2.0), st.gamma(2.0, scale=1.5)),
        (d.Gumbel(0.0, 1.0), st.gumbel_r()),
        (d.GeneralizedPareto(1.0, 0.2), st.genpareto(0.2)),
    ]
    q = np.array([1e-5, 1e-17, 1e-100])
    for ours, theirs in laws:
        np.testing.assert_allclose(ours.isf(q), theirs.isf(q), rtol=1e-8, err_msg=repr(ours))
        np.testing.assert_allclose(ours.sf(ours.isf(q)), q, rtol=1e-10, err_msg=repr(ours))
        np.testing.assert_allclose(np.exp(ours.logsf(ours.isf(q))), q, rtol=1e-10)
    far = d.Gaussian(0.0, 1.0)
    np.testing.assert_allclose(far.sf(9.0), st.norm.sf(9.0), rtol=1e-12)
    np.testing.assert_allclose(far.logsf(50.0), st.norm.logsf(50.0), rtol=1e-12)
    np.testing.assert_allclose(far.logcdf(-50.0), st.norm.logcdf(-50.0), rtol=1e-12)
    counts = d.Poisson(2.5)
    np.testing.assert_allclose(counts.sf(40), st.poisson.sf(40, 2.5), rtol=1e-10)


def test_the_bound_of_the_r_largest_counts_in_both_tails() -> None:
    law = d.RLargest(34.5, 1.8, 0.1, upper=[36.0, 38.0, np.finfo(float).max])
    y = np.array([35.0, 37.9, 50.0])
    np.testing.assert_allclose(law.sf(y), 1 - law.cdf(y), rtol=1e-9)
    np.testing.assert_allclose(law.isf(law.sf(y)), y, rtol=1e-12)
    np.testing.assert_array_equal(law.sf([36.0, 39.0, np.inf]), 0.0)
    np.testing.assert_allclose(law.isf(0.0), [36.0, 38.0, np.inf])


def test_nan_gives_nan() -> None:
    for name in _core.family_names():
        _, _, _, parameters = _core.family_info(name)
        cls = next(c for c in map(d.__dict__.get, d.__all__) if getattr(c, "family", "") == name)
        values = {p: 0.3 for p, _, _ in parameters}
        if name == "reversed_weibull":
            values["shape"] = -0.3
        if "trials" in values:
            values["trials"] = 3.0
        laws = [(cls(**values), np.nan)] + [(cls(**values | {p: np.nan}), 0.0) for p in values]
        for law, y in laws:
            for f in (law.log_prob, law.cdf, law.sf, law.ppf, law.isf, law.logcdf, law.logsf):
                assert np.isnan(f(y)), f"{law!r} {f}"
            value, slopes = law.log_prob_gradient(y)
            assert np.isnan(value) and all(np.isnan(s) for s in slopes.values())
    normal = d.KroneckerNormal(0.0, [np.eye(2)], noise_sd=1.0)
    assert np.isnan(normal.logpdf([0.0, np.nan]))
