#!/usr/bin/env python3
"""Makes co2_monthly.csv, monthly means, from the weekly values of ../co2/co2.csv.

    python3 make.py > co2_monthly.csv

Week w of a year there is the Saturday among its days 7w - 6 to 7w. A month is the mean of its
Saturdays, at least two; one with fewer stays, empty. Its time is its middle, in years: January 1990 is
1990 + 1/24.
"""

import csv
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

SATURDAY = 5

months = defaultdict(list)
with open(Path(__file__).parent / "../co2/co2.csv", newline="") as file:
    for row in csv.DictReader(file):
        first = date(int(row["year"]), 1, 1) + timedelta(days=7 * int(row["week"]) - 7)
        day = first + timedelta(days=(SATURDAY - first.weekday()) % 7)
        values = months[day.year, day.month]
        if row["co2"]:
            values.append(float(row["co2"]))

full = [month for month, values in months.items() if len(values) > 1]
first, last = min(full), max(full)
print("year,co2")
for (year, month), values in sorted(months.items()):
    if first <= (year, month) <= last:
        mean = f"{sum(values) / len(values):.3f}" if len(values) > 1 else ""
        print(f"{year + (month - 0.5) / 12:.6f},{mean}")
