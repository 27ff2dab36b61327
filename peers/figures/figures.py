"""Trace, densities and a map of a fit, by ArviZ and cartopy with their defaults; and smaller PNGs.

    figures.py FIT.nc OUTLINES.bin FOLDER    writes trace.png, posterior.png and map.png
    figures.py --shrink A.png B.png ...      reduces each to 256 colors, in place
"""

import sys
import time
import warnings

from PIL import Image


def shrink(files):
    for file in files:
        image = Image.open(file).convert("RGB")
        width = min(image.width, 900)
        image = image.resize((width, round(image.height * width / image.width)), Image.LANCZOS)
        # No dithering: flat areas stay flat.
        image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            file, optimize=True
        )


def outlines(file):
    """The lines of gridgp-plot/data, as `outlines.rs` there reads them."""
    data = open(file, "rb").read()
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed():
        n = number()
        return (n >> 1) ^ -(n & 1)

    while at < len(data):
        border = data[at] == 1
        at += 1
        x = y = 0
        lon, lat = [], []
        for _ in range(number()):
            x += signed()
            y += signed()
            lon.append(x * 0.005)
            lat.append(y * 0.005)
        yield border, lon, lat


def draw(fit, shapes, folder):
    import matplotlib

    matplotlib.use("Agg")
    import arviz as az
    import cartopy.crs as ccrs
    import matplotlib.pyplot as plt

    idata = az.from_netcdf(fit)
    names = ["mu0", "beta0", "sigma", "xi"]

    begun = time.perf_counter()
    az.plot_trace(idata, var_names=names)
    plt.tight_layout()
    plt.savefig(f"{folder}/trace.png", dpi=120)
    print(f"trace {time.perf_counter() - begun:.2f} s")

    begun = time.perf_counter()
    az.plot_posterior(idata, var_names=names, grid=(2, 2))
    plt.tight_layout()
    plt.savefig(f"{folder}/posterior.png", dpi=120)
    print(f"posterior {time.perf_counter() - begun:.2f} s")

    begun = time.perf_counter()
    base = idata.posterior["base"].mean(("chain", "draw"))
    place = idata.observed_data
    axes = plt.figure(figsize=(6, 4.4)).add_subplot(projection=ccrs.PlateCarree())
    axes.set_extent((-10.5, 4.5, 35, 45))
    for border, lon, lat in outlines(shapes):
        axes.plot(
            lon, lat, color="gray" if border else "black", lw=0.5, transform=ccrs.PlateCarree()
        )
    points = axes.scatter(
        place["lon"], place["lat"], c=base, edgecolor="k", transform=ccrs.PlateCarree()
    )
    plt.colorbar(points, label="base")
    axes.gridlines(draw_labels=["left", "bottom"], lw=0.3)
    plt.savefig(f"{folder}/map.png", dpi=120, bbox_inches="tight")
    print(f"map {time.perf_counter() - begun:.2f} s")


warnings.simplefilter("ignore")
if sys.argv[1] == "--shrink":
    shrink(sys.argv[2:])
else:
    draw(*sys.argv[1:])
