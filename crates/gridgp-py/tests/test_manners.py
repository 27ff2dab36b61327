"""Ctrl-C, progress, warnings, pickles: a fit behaves as Python programs expect."""

from __future__ import annotations

import copy
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gridgp as gp


def test_fits_pickle_copy_and_save(drawn: gp.Fit, mode: gp.Fit, tmp_path: Path) -> None:
    for fit in (drawn, mode):
        fit.save(tmp_path / "fit.nc")
        copies = [
            pickle.loads(pickle.dumps(fit)),
            copy.deepcopy(fit),
            gp.load(tmp_path / "fit.nc"),
            gp.load(str(tmp_path / "fit.nc")),
        ]
        for again in copies:
            assert again.details == fit.details
            xr.testing.assert_identical(again.predict(), fit.predict())
            assert again.model == fit.model
    with pytest.raises(FileNotFoundError, match="no.nc"):
        gp.load(tmp_path / "no.nc")
    (tmp_path / "no.nc").write_text("nothing")
    with pytest.raises(ValueError, match="no.nc"):
        gp.load(tmp_path / "no.nc")


def test_a_fit_that_another_program_saved(drawn: gp.Fit, tmp_path: Path) -> None:
    drawn.save(tmp_path / "fit.nc")
    with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as read:
        tree = read.load()
    tree.to_netcdf(tmp_path / "same.nc", engine="h5netcdf")
    xr.testing.assert_identical(gp.load(tmp_path / "same.nc").predict(), drawn.predict())
    tree["unconstrained_posterior"]["x"][0, 0, 0] += 1e-9
    tree.to_netcdf(tmp_path / "changed.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="verify=False") as refused:
        gp.load(tmp_path / "changed.nc")
    assert 'the group "unconstrained_posterior" does not match the checksum' in str(refused.value)
    again = gp.load(tmp_path / "changed.nc", verify=False)
    assert again.details == drawn.details


def test_a_fit_prints(drawn: gp.Fit, mode: gp.Fit) -> None:
    assert "by nuts, seed 3" in repr(drawn) and "r_hat" in repr(drawn)
    assert "by map, seed 0" in repr(mode) and "r_hat" not in repr(mode)
    assert "<table" in drawn._repr_html_()
    assert "sst[year, month]" in mode.describe()
    assert list(drawn.draws.data_vars)[:2]
    assert drawn.draws["f"].sizes == {"chain": 2, "draw": 60, "x": 6, "t": 5}


def test_few_draws_warn(small: gp.Model, counts: xr.Dataset) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit = small.fit(counts, draws=20, tune=50, progress=False)
    assert all(w.category is gp.FitWarning for w in told)
    assert [str(w.message) for w in told] == fit.warnings
    assert any("few effective draws" in w for w in fit.warnings)
    # The line that called `fit` is the one that is shown.
    assert all(w.filename == __file__ for w in told)


def test_progress_is_told(small: gp.Model, counts: xr.Dataset) -> None:
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        small.fit(counts, draws=1500, progress=seen.append)
    sampling = [s for s in seen if s["stage"] == "sample"]
    assert sampling and sampling[-1]["total"] == 1600
    assert all(len(s["done"]) == 2 for s in sampling)


def test_bars_show(small: gp.Model, counts: xr.Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small.fit(counts, draws=1500)
    assert "chain 1" in capsys.readouterr().err


def test_an_error_in_the_callback_ends_the_fit(small: gp.Model, counts: xr.Dataset) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        small.fit(counts, draws=100_000, progress=fail)


def test_the_gil_is_released(small: gp.Model, counts: xr.Dataset) -> None:
    ticks = []
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        small.fit(counts, draws=500, progress=False)
    seconds = time.perf_counter() - begun
    done.set()
    thread.join()
    # With the GIL held there would be none.
    assert len(ticks) > 20 * min(seconds, 1)


INTERRUPTED = """
import os, signal, sys, threading, time, warnings
sys.path.insert(0, {tests!r})
import numpy as np, xarray as xr
import gridgp
from conftest import SMALL

y = np.array([(c * 7 + c * c) % 6 for c in range(30)], dtype=float).reshape(6, 5)
data = xr.Dataset({{"y": (("x", "t"), y), "w": ("t", np.arange(5.0))}},
                  coords={{"x": np.arange(6.0), "t": np.arange(5.0)}})
sent = []
def watch(seen):
    if seen["stage"] == "sample" and min(seen["done"]) > {enough} and not sent:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
warnings.simplefilter("always")
model = gridgp.Model.from_toml(SMALL)
with warnings.catch_warnings(record=True) as told:
    try:
        fit = model.fit(data, draws=200_000, progress=watch)
        print("kept", fit.details["draws"], fit.details["interrupted"])
        print(any("interrupted" in str(w.message) for w in told))
    except KeyboardInterrupt:
        print("raised")
print("seconds", time.perf_counter() - sent[0])
"""


@pytest.mark.parametrize(("enough", "outcome"), [(300, "kept"), (-1, "raised")])
def test_ctrl_c_keeps_the_draws(enough: int, outcome: str) -> None:
    code = INTERRUPTED.format(tests=str(Path(__file__).parent), enough=enough)
    if outcome == "raised":
        # While both chains tune there is nothing to keep.
        code = code.replace("draws=200_000", "draws=200_000, tune=100_000")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.split("\n")
    assert lines[0].startswith(outcome), ran.stdout
    if outcome == "kept":
        assert int(lines[0].split()[1]) > 100 and lines[0].endswith("True")
        assert lines[1] == "True"


def test_ctrl_c_keeps_the_best_point() -> None:
    code = """
import os, signal, warnings
import numpy as np, xarray as xr
import gridgp

# Evaluations of some milliseconds, of which there are many.
x = np.linspace(0, 10, 400)
y = xr.DataArray(np.sin(3 * x) + np.cos(19 * x), coords={"x": x})
model = gridgp.Model.from_dict({
    "data": {"response": "y", "axes": ["x"]},
    "fields": {"f": {"x": "matern32()"}, "g": {"x": "matern52()"}, "h": {"x": "matern12()"}},
    "likelihood": {"family": "gaussian", "location": "f + g + h", "scale": "half_normal(1)"},
    "inference": {"starts": 40},
})
sent = []
def watch(seen):
    if "iteration" in seen["text"] and not sent:
        sent.append(seen["text"])
        os.kill(os.getpid(), signal.SIGINT)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    fit = model.fit(y, progress=watch)
print(sent[0])
print(fit.details["interrupted"], fit.details["converged"])
print(any("was stopped" in str(w.message) for w in told))
print(sorted(fit.predict(only=["f"])))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.split("\n")
    assert "log posterior" in lines[0] and lines[1:4] == ["True False", "True", "['f', 'f_sd']"]


def test_importing_is_light() -> None:
    code = (
        "import sys, gridgp; "
        "print([m for m in ('xarray', 'pandas', 'tqdm', 'scipy', 'arviz') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_draws_can_be_logged_and_resumed(
    small: gp.Model, counts: xr.Dataset, tmp_path: Path
) -> None:
    log = tmp_path / "draws.log"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = small.fit(counts, seed=3, progress=False, log=log)
    assert not log.exists()
    assert fit.details["draws"] == 60


def test_the_prior_answers_the_same_calls(small: gp.Model, counts: xr.Dataset) -> None:
    prior = small.prior(counts, draws=50, seed=1)
    assert prior.method == "prior" and prior.draws.sizes["draw"] == 50
    assert prior.predict()["mean"].dims == ("x", "t")
    assert prior.sample_posterior_predictive()["y"].sizes["draw"] == 50
    assert {"prior", "prior_predictive"} <= set(prior.to_datatree())
    assert abs(float(prior.summary().loc["base", "mean"]) - 1) < 0.6
    again = small.prior(counts, draws=50, seed=1)
    xr.testing.assert_equal(again.draws, prior.draws)


def test_new_observations(drawn: gp.Fit) -> None:
    kept = drawn.sample_posterior_predictive()
    made = drawn.sample_posterior_predictive(seed=drawn.seed)
    xr.testing.assert_equal(kept["y"], made["y"])
    later = drawn.sample_posterior_predictive(t=[7.0], w=[2.0], seed=1)
    assert later["y"].dims == ("chain", "draw", "x", "t") and later.sizes["t"] == 1
    values = later["y"].values
    assert bool((values >= 0).all()) and bool((values == np.round(values)).all())


def test_a_mode_has_no_draws(mode: gp.Fit) -> None:
    with pytest.raises(ValueError, match='no draws.*fit with method="nuts"'):
        mode.sample_posterior_predictive()
    with pytest.raises(ValueError, match="no draws"):
        mode.log_likelihood()


def test_signals_have_their_handler_back() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
