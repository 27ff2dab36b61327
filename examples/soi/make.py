"""Makes soi.csv from the NetCDF file of the PyPI package iris-sample-data (SOI_Darwin.nc).

    pip install iris-sample-data h5py
    python make.py
"""

import csv
import pathlib

import h5py
import iris_sample_data

source = pathlib.Path(iris_sample_data.path) / "SOI_Darwin.nc"
with h5py.File(source) as file:
    values = file["SOI_Darwin"][:]

with open("soi.csv", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["year", "soi"])
    for i, value in enumerate(values):
        # The middle of the month, as a decimal year. -99.9 is a month without a value.
        year = 1866 + (i + 0.5) / 12
        table.writerow([f"{year:.6f}", "" if value < -90 else f"{value:.4f}"])
    # 2013 has no value there; with 2014 there are 24 months to look ahead to.
    for month in range(12):
        table.writerow([f"{2014 + (month + 0.5) / 12:.6f}", ""])
