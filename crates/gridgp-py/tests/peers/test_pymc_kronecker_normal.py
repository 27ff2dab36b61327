"""KroneckerNormal against PyMC's, by covariances, roots and eigendecompositions."""

import numpy as np
import pytest
from gridgp.distributions import Factor, KroneckerNormal

pm = pytest.importorskip("pymc")
rng = np.random.default_rng(5)


@pytest.mark.parametrize("form", ["covs", "chols", "evds"])
@pytest.mark.parametrize("sigma", [None, 0.3])
def test_log_densities_agree(form: str, sigma: float | None) -> None:
    if form == "chols" and sigma is not None:
        pytest.skip("PyMC takes no noise with chols")
    a, b = (x @ x.T + np.eye(len(x)) for x in (rng.normal(size=(n, n)) for n in (4, 3)))
    mean = rng.normal(size=12)
    given = {
        "covs": [a, b],
        "chols": [np.linalg.cholesky(a), np.linalg.cholesky(b)],
        "evds": [np.linalg.eigh(a), np.linalg.eigh(b)],
    }[form]
    noise = {} if sigma is None else {"sigma": sigma}
    theirs = pm.KroneckerNormal.dist(mu=mean, **{form: given}, **noise)
    factors = {
        "covs": [a, b],
        "chols": [Factor.cholesky(np.linalg.cholesky(k)) for k in (a, b)],
        "evds": [Factor.eigen(*np.linalg.eigh(k)) for k in (a, b)],
    }[form]
    ours = KroneckerNormal(mean, factors, noise_sd=sigma or 0.0)
    x = rng.normal(size=12)
    np.testing.assert_allclose(ours.logpdf(x), pm.logp(theirs, x).eval(), rtol=1e-9)
