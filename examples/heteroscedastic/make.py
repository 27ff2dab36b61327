#!/usr/bin/env python3
"""Makes wind.csv: 20 days x 24 hours of wind whose gusts depend on the hour of the day.

    python3 make.py > wind.csv

Normal with mean level + course(hour) + weather(day) and standard deviation exp(s0 + gusts(hour));
the three curves have mean 0 over their axis.
"""

import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from simulate import field, matern52, root  # noqa: E402

LEVEL, BREEZE, CHANGE, MEMORY = 6.0, 1.5, 1.2, 4.0
S0, SWING = 0.0, 0.8

rng = random.Random(3)
days, hours = list(range(1, 21)), list(range(24))
weather = [row[0] for row in field(rng, root(matern52(MEMORY), days), [[1.0]])]
mean = sum(weather) / len(weather)
weather = [CHANGE * (w - mean) for w in weather]
# A sea breeze at four in the afternoon, gusts about noon.
course = [BREEZE * math.sin(2 * math.pi * (hour - 10) / 24) for hour in hours]
gusts = [SWING * math.sin(2 * math.pi * (hour - 6) / 24) for hour in hours]

print("day,hour,wind")
for i, day in enumerate(days):
    for j, hour in enumerate(hours):
        noise = math.exp(S0 + gusts[j]) * rng.gauss(0, 1)
        print(f"{day},{hour},{LEVEL + course[j] + weather[i] + noise:.2f}")
