#!/usr/bin/env python3
"""Makes co2.csv, a grid of years x weeks with gaps, from the weekly Mauna Loa record.

    python3 make.py mauna_loa_co2_weekly.csv > co2.csv

The record has one value for each Saturday from 1958-03-29 to 2001-12-29, some of them missing. Week
w of a year holds its days 7w - 6 to 7w; each has exactly one Saturday. Left out is week 53, one or
two days long, since most years have no Saturday in it. Weeks without a value stay, empty.
"""

import csv
import sys
from collections import defaultdict
from datetime import date

WEEKS = range(1, 53)

years = defaultdict(dict)
with open(sys.argv[1], newline="") as file:
    for day, ppm in list(csv.reader(file))[1:]:
        day = date.fromisoformat(day)
        week = (day.timetuple().tm_yday - 1) // 7 + 1
        if ppm:
            years[day.year][week] = ppm

print("year,week,co2")
for year, weeks in years.items():
    for week in WEEKS:
        print(f"{year},{week},{weeks.get(week, '')}")
