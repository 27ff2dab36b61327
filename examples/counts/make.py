#!/usr/bin/env python3
"""Makes counts.csv: birds on 24 x 24 squares of 1 km, watched for unequal times.

    python3 make.py > counts.csv

`birds` is Poisson with rate hours * exp(mu + f); `flocks` has the same rate and the variance of a
negative binomial, rate + rate^2 / concentration.
"""

import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from simulate import field, matern52, poisson, root  # noqa: E402

MU, ETA, REACH, CONCENTRATION = 1.5, 0.8, 2.5, 2.0

rng = random.Random(1)
km = [i + 0.5 for i in range(24)]
along = root(matern52(REACH), km)
f = field(rng, along, along)

print("north,east,hours,birds,flocks")
for i, north in enumerate(km):
    for j, east in enumerate(km):
        hours = round(math.exp(rng.uniform(math.log(0.5), math.log(4))), 2)
        rate = hours * math.exp(MU + ETA * f[i][j])
        flocks = poisson(rng, rate * rng.gammavariate(CONCENTRATION, 1 / CONCENTRATION))
        print(f"{north},{east},{hours},{poisson(rng, rate)},{flocks}")
