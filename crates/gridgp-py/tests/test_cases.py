"""Scripts of ``../shared/cases``, each of which went wrong once: a test a script, with its name.

The scripts print what comes out, or write files for the program; what is right stands there, in
README.md and in the ``expected.txt`` of a case, and is asserted here. That no script is without a test is
held by ``cases.rs`` of the command line.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import ROOT

import gridgp as gp

CASES = ROOT.parent / "shared/cases"
GRIDGP = os.environ.get("GRIDGP_BIN")

pytestmark = pytest.mark.skipif(not CASES.exists(), reason=f"{CASES} is not there")
needs_program = pytest.mark.skipif(
    GRIDGP is None, reason="GRIDGP_BIN names no program; `cargo xtask python` sets it"
)

Script = Callable[[], tuple[list[str], dict[str, Any]]]


@pytest.fixture
def script(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Script:
    """Runs the script that the test is named after; its lines and its variables."""
    path = CASES / "python" / (request.node.name.removeprefix("test_") + ".py")

    def run() -> tuple[list[str], dict[str, Any]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            variables = runpy.run_path(str(path))
        return capsys.readouterr().out.splitlines(), variables

    return run


def test_cftime_shift(script: Script) -> None:
    lines, found = script()
    assert [line.split()[0] for line in lines] == ["noleap", "360_day"]
    for line in lines:
        calendar, own, asked, means, again = re.fullmatch(
            r"(\w+) (\S+ \S+) (\S+ \S+) data .* own (\[.*\]) asked (\[.*\])", line
        ).groups()  # type: ignore[union-attr]
        assert own == asked == "2000-01-01 00:00:00"
        assert means == again, calendar
    for prediction in (found["own"], found["asked"]):
        np.testing.assert_array_equal(prediction["time"], found["t"])
        assert prediction["time"].dt.calendar == "360_day"


def test_draws_change_mean(script: Script) -> None:
    lines, found = script()
    moments = {line.split(" ", 1)[1] for line in lines}
    assert len(lines) == 4 and len(moments) == 1, lines
    assert found["p"].sizes["draw"] == 400


def test_flat_dataframe(script: Script) -> None:
    lines, _ = script()
    assert lines == ["ok"] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("method", ["map", "nuts"])
def test_fork(method: str) -> None:
    command = [sys.executable, str(CASES / "python/fork.py"), method, method]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert f"parent {method} child {method} ok 4" in ran.stdout, ran.stderr


def test_labels_lost(script: Script) -> None:
    lines, found = script()
    for places in (found["fit"].predict(), found["fit"].draws["b"]):
        assert list(places["station"].values) == list("abcdef")
        for name in ("lon", "lat"):
            np.testing.assert_array_equal(places[name], found["y"][name])
            assert places[name].dims == ("station",)
    assert not any("Error" in line for line in lines), lines


def test_numpy_ints(script: Script) -> None:
    lines, _ = script()
    assert len(lines) == 4 and all(line.endswith(" ok") for line in lines), lines


def test_only_ignored(script: Script) -> None:
    # The second of its predictions asks for what there is not.
    with pytest.raises(ValueError, match='no quantity "nonsense"'):
        script()


def test_panic(script: Script) -> None:
    lines, _ = script()
    assert lines[0].startswith("ok chains = 0: it must be"), lines


def test_return_level_broadcast(script: Script) -> None:
    lines, found = script()
    levels = found["extremes"].return_level(found["loc"], 1.0, 0.1, period=[10.0, 100.0])
    assert dict(levels.sizes) == {"station": 2, "period": 2}
    assert "period" in lines[0] and "station" in lines[0]
    one = found["extremes"].return_level(found["loc"], 1.0, 0.1, period=100.0)
    np.testing.assert_array_equal(levels.sel(period=100.0), one)


def test_scalar_covariate(script: Script) -> None:
    lines, _ = script()
    assert len(lines) == 3 and len(set(lines)) == 1 and lines[0].startswith("ok "), lines


def test_time_roundtrip(script: Script) -> None:
    lines, _ = script()
    counts = re.findall(r"\w+ (\d+) cells left in .*?: (\d+) ", "\n".join(lines))
    assert len(counts) == 12 and all(asked == left for asked, left in counts), counts


@pytest.fixture
def made(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of the case that the test is named after; the test works there."""
    script = CASES / "files" / (request.node.name.removeprefix("test_") + ".py")
    for file in (script, script.with_name("_case.py")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))
    runpy.run_path(str(tmp_path / script.name))
    folder = tmp_path / script.stem
    monkeypatch.chdir(folder)
    return folder


def gridgp(arguments: str) -> tuple[str, str]:
    """What the program prints, and what it says beside."""
    assert GRIDGP is not None
    ran = subprocess.run([GRIDGP, *arguments.split()], capture_output=True, text=True)
    assert ran.returncode == 0, f"gridgp {arguments}: {ran.stderr}"
    return ran.stdout, ran.stderr


def starter(data: str) -> tuple[str, str]:
    """What `check` prints and says of the model that `init` proposes."""
    Path("m.toml").unlink(missing_ok=True)
    gridgp(f"init {data} -o m.toml")
    return gridgp("check m.toml")


def cells(table: str) -> xr.Dataset:
    """A table of predictions on its grid of latitudes and places."""
    return pd.read_csv(table).set_index(["lat", "x"]).to_xarray()


@needs_program
def test_case_03_dates_not_iso(made: Path) -> None:
    points = {"month": 60, "german": 112, "us": 112, "wrf": 24, "dst": 95}
    for name, count in points.items():
        if name == "dst":
            # Summer time from midnight on: an hour occurs twice, which is said.
            with pytest.raises(AssertionError, match="lines 73 and 74 are both for"):
                starter(f"{name}.csv")
        else:
            starter(f"{name}.csv")
        proposed = Path("m.toml").read_text()
        assert "white()" not in proposed
        assert re.search(rf"# \w+: {count} points; .* days since 1970-01-01", proposed), proposed
    starter("decimal_comma.csv")
    proposed = Path("m.toml").read_text()
    assert "white()" not in proposed and "lat from 40.5 to 45.5" in proposed, proposed


@needs_program
def test_case_04_dates_as_integers(made: Path) -> None:
    for data, last in {
        "yyyymmdd.csv": "2019-04-28",
        "yyyymm.csv": "2004-12-01",
        "absolute.nc": "2004-12-15",
    }.items():
        starter(data)
        proposed = Path("m.toml").read_text()
        assert f"to {last} days since 1970-01-01" in proposed, proposed


@needs_program
def test_case_06_sentinels(made: Path) -> None:
    printed, said = starter("minus.csv")
    assert "144 cells, none missing" in printed
    assert "-99.9 in 6 places" in said and "add missing = [-99.9] to [data]" in said
    model = Path("m.toml").read_text().replace("[data]", "[data]\nmissing = [-99.9]", 1)
    Path("m.toml").write_text(model)
    printed, said = gridgp("check m.toml")
    assert "144 cells, 6 missing" in printed and said == ""
    for data, missing in {
        "excel.csv": "144 cells, 6 missing",
        "dash.csv": "144 cells, 6 missing",
        "angle.csv": "144 cells, 6 missing",
        "text_attribute.nc": "48 cells, 2 missing",
    }.items():
        printed, said = starter(data)
        assert missing in printed and said == "", data


def missing_cells(fit: gp.Fit, response: str) -> int:
    values = fit._core.tree()["groups"]["observed_data"]["variables"][response][1]
    return int(np.isnan(np.asarray(values, dtype=float)).sum())


@needs_program
def test_case_08_valid_range(made: Path) -> None:
    printed, _ = gridgp("check packed.toml")
    assert "48 cells, 1 missing" in printed
    with xr.open_dataset("packed.nc") as opened:
        model = gp.Model.from_toml("packed.toml")
        assert missing_cells(model.fit(opened["sst"], progress=False), "sst") == 1
    # netCDF4 gives the range of the other file the type of the stored numbers, and so their unit: it
    # leaves nothing, and the message says why. With the type of the scale it is in degrees.
    with pytest.raises(AssertionError, match="excluded by its attribute valid_range"):
        gridgp("check unpacked.toml")
    with xr.open_dataset("unpacked.nc", mask_and_scale=False) as opened:
        opened["sst"].attrs["valid_range"] = np.array([-2.0, 45.0])
        opened.load().to_netcdf("degrees.nc")
    printed, _ = gridgp("check unpacked.toml --data degrees.nc")
    assert "48 cells, 1 missing" in printed


@needs_program
def test_case_09_unsigned_default_fill(made: Path) -> None:
    for stored in ("u2", "u4", "i2", "f4"):
        printed, _ = gridgp(f"check {stored}.toml")
        assert "210 cells, 140 missing" in printed, stored


@needs_program
def test_case_11_float32_coordinates(made: Path) -> None:
    assert "5 x 4 = 20 cells" in gridgp("check range.toml")[0]
    assert "2 x 4 = 8 cells" in gridgp("check list.toml")[0]
    gridgp("fit model.toml -q -o fit.nc")
    gridgp("predict fit.nc -q --at lat=0:0.6:7,x=0 -o at.csv")
    gridgp("predict fit.nc -q -o own.csv")
    at, own = cells("at.csv"), cells("own.csv")
    # As xarray aligns them: every latitude is found.
    both = at["mean"] - own["mean"]
    assert both.sizes == {"lat": 7, "x": 1}
    np.testing.assert_allclose(both, 0, atol=1e-12)


def test_case_13_units_that_xarray_refuses(made: Path) -> None:
    lines = tried()
    assert len(lines) == 6 and all(line.split()[1] == "ok" for line in lines), lines


@needs_program
def test_case_14_covariate_missing_on_land(made: Path) -> None:
    assert "72 cells, 9 missing" in gridgp("check model.toml")[0]
    gridgp("fit model.toml -q -o fit.nc")
    parameters = json.loads(gridgp("summary fit.nc --json")[0])["parameters"]
    assert abs(parameters["beta"]["estimate"] + 1) < 0.1
    gridgp("predict fit.nc -q -o p.nc")
    with xr.open_dataset("p.nc") as predicted, xr.open_dataset("sea.nc") as sea:
        np.testing.assert_array_equal(predicted["mean"].isnull(), sea["depth"].isnull())


@needs_program
def test_case_15_cells_without_effort(made: Path) -> None:
    def fitted(name: str) -> xr.DataArray:
        gridgp(f"fit {name}.toml -q -o {name}.fit.nc")
        return gp.load(f"{name}.fit.nc").draws["mu"]

    binomial = fitted("binomial")
    np.testing.assert_array_equal(binomial, fitted("binomial_nan"))
    # The truth is log 2.
    assert abs(float(fitted("poisson").mean()) - np.log(2)) < 0.3


def test_case_16_cfgrib_step(made: Path) -> None:
    lines = tried()
    assert lines[0].startswith("step comes back as timedelta64["), lines
    assert lines[1] == "anomaly 60", lines
    assert len(lines) == 5 and not any("Error" in line for line in lines), lines


def tried() -> list[str]:
    """What the `try.py` of a case prints."""
    command = [sys.executable, "-W", "ignore", "try.py"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()
