#!/usr/bin/env python3
"""Makes occupancy.csv: was a frog heard at night, on 24 x 20 squares of a marsh?

    python3 make.py > occupancy.csv

1 with probability logistic(mu + f), 0 otherwise; about one square in six was not visited.
"""

import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from simulate import field, matern52, root  # noqa: E402

MU, ETA, REACH = 0.3, 2.0, 400.0

rng = random.Random(2)
norths = [100 * i for i in range(24)]
easts = [100 * i for i in range(20)]
f = field(rng, root(matern52(REACH), norths), root(matern52(REACH), easts))

print("north,east,heard")
for i, north in enumerate(norths):
    for j, east in enumerate(easts):
        heard = int(rng.random() < 1 / (1 + math.exp(-MU - ETA * f[i][j])))
        print(f"{north},{east},{'NA' if rng.random() < 1 / 6 else heard}")
