"""The problems that all peers solve: coordinates and data from a JSON description.

See `marginal/README.md` for the format and for the formulas, which are simple
enough to repeat in another language to the last bits.
"""

import json
from dataclasses import dataclass

import numpy as np

MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407


class Lcg:
    """s <- s * MULTIPLIER + INCREMENT mod 2^64; a draw is (s >> 11) * 2^-53, after the step."""

    def __init__(self, seed):
        self.state = seed % 2**64

    def uniform(self, count):
        """The next `count` draws from [0, 1), by doubling instead of a loop."""
        if count == 0:
            return np.empty(0)
        states = np.empty(count, dtype=np.uint64)
        states[0] = (self.state * MULTIPLIER + INCREMENT) % 2**64
        a, c, filled = MULTIPLIER, INCREMENT, 1  # `filled` steps at once are s -> a s + c
        while filled < count:
            more = min(filled, count - filled)
            states[filled : filled + more] = states[:more] * np.uint64(a) + np.uint64(c)
            a, c = a * a % 2**64, (a * c + c) % 2**64
            filled += more
        self.state = int(states[-1])
        return (states >> np.uint64(11)) * 2.0**-53


@dataclass
class Axis:
    coordinates: np.ndarray
    even: bool
    kernel: str
    lengthscale: float  # the period, for cosine


@dataclass
class Problem:
    axes: list[Axis]
    y: np.ndarray  # shape = sizes of the axes, last axis fastest
    amplitude: float
    noise: float

    @property
    def log_parameters(self):
        """Logs of the lengthscales in axis order, the amplitude, the noise sd."""
        lengthscales = [axis.lengthscale for axis in self.axes]
        return np.log([*lengthscales, self.amplitude, self.noise])


def parse(text):
    """The problem described by a JSON text."""
    described = json.loads(text)
    source = _from_file if "file" in described else _from_seed
    coordinates, y = source(described)
    axes = [
        Axis(x, _is_even(x), a["kernel"], a["lengthscale"])
        for x, a in zip(coordinates, described["axes"], strict=True)
    ]
    return Problem(axes, y, described["amplitude"], described["noise"])


def _is_even(x):
    steps = np.diff(x)
    return bool(np.allclose(steps, steps[0], rtol=1e-9, atol=0))


def _from_seed(described):
    lcg = Lcg(described["seed"])
    coordinates = [_coordinates(a["size"], a.get("spacing", "even"), lcg) for a in described["axes"]]
    d = len(coordinates)
    product, total = np.ones((1,) * d), np.zeros((1,) * d)
    for a, x in enumerate(coordinates):
        x = x.reshape([-1 if b == a else 1 for b in range(d)])
        product = product * np.sin(0.7 * (a + 1) * x + 0.3)
        total = total + (0.4 + 0.3 * a) * x
    y = product + 0.5 * np.cos(total)
    y += described["noise"] * np.sqrt(12.0) * (lcg.uniform(y.size) - 0.5).reshape(y.shape)
    return coordinates, y


def _coordinates(size, spacing, lcg):
    """`size` points from 0 to 10."""
    if spacing == "even":
        return 10.0 * np.arange(size) / (size - 1)
    if spacing != "uneven":
        raise ValueError(f"spacing {spacing!r} is neither 'even' nor 'uneven'")
    x = np.concatenate([[0.0], np.cumsum(0.5 + lcg.uniform(size - 1))])
    return 10.0 * x / x[-1]


def _from_file(described):
    """A NetCDF variable, standardized by its own mean and sd; time axes in days from the first."""
    import netCDF4

    with netCDF4.Dataset(described["file"]) as dataset:
        dataset.set_auto_mask(False)
        variable = dataset[described["variable"]]
        y = variable[:].astype(np.float64)
        coordinates = []
        for name in variable.dimensions:
            x = dataset[name][:].astype(np.float64)
            if dataset[name].units.startswith("seconds since"):
                x = (x - x[0]) / 86400.0
            coordinates.append(x)
    y -= y.mean()
    y /= y.std()
    return coordinates, y
