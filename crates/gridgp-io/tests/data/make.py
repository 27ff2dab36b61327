"""Makes the NetCDF files beside it, with Python's netCDF4 and h5py: python make.py

Values follow from positions, so that the tests can say what to expect without a table.
"""

import h5py
import netCDF4
import numpy as np

# Packed 16-bit integers, dimensions in another order than the models use, a latitude that
# descends, and variables on some of the dimensions.
with netCDF4.Dataset("packed.nc", "w") as f:
    for name, size in [("member", 2), ("time", 4), ("lat", 3), ("lon", 5)]:
        f.createDimension(name, None if name == "time" else size)
    time = f.createVariable("time", "i4", ("time",))
    time.units = "hours since 1900-01-01 00:00:00.0"
    time.calendar = "gregorian"
    time[:] = 1043136 + 12 * np.arange(4)  # from 2019-01-01
    lat = f.createVariable("lat", "f4", ("lat",))
    lat.units = "degrees_north"
    lat[:] = [52.0, 51.5, 51.0]
    lon = f.createVariable("lon", "f4", ("lon",))
    lon.units = "degrees_east"
    lon[:] = np.arange(5) - 2.0
    region = f.createVariable("region", str, ("lat",))
    region[:] = np.array(["north", "north", "south"], dtype=object)
    t2m = f.createVariable(
        "t2m", "i2", ("member", "time", "lat", "lon"),
        zlib=True, shuffle=True, chunksizes=(1, 3, 2, 4), fill_value=-32767,
    )
    t2m.units, t2m.long_name = "K", "2 metre temperature"
    t2m.scale_factor, t2m.add_offset = 0.5, 270.0
    t2m.valid_max = np.int16(1000)
    t2m.set_auto_maskandscale(False)
    stored = (
        100 * np.arange(2)[:, None, None, None] + 20 * np.arange(4)[:, None, None]
        + 5 * np.arange(3)[:, None] + np.arange(5)
    ).astype("i2")
    stored[0, 1, 2, 3] = -32767
    stored[0, 3, 0, 0] = 1001
    t2m[:] = stored
    height = f.createVariable("height", "f4", ("lon", "lat"), fill_value=np.float32(1e20))
    height.units = "m"
    height[:] = 10.0 * np.arange(5)[:, None] + np.arange(3)
    broken = f.createVariable("broken", "f4", ("lat",), fill_value=np.float32(1e20))
    broken[:2] = 1.0
    gmst = f.createVariable("gmst", "f8", ("time",))
    gmst[:] = [1.0, 2.0, 3.0, 6.0]
    f.createVariable("curved", "f4", ("lat", "lon"))[:] = 0.0
    f.createVariable("number", "f8", ())[...] = 1.0
    f.createVariable("lost", "f4", ("lat", "lon"))[:] = np.ma.masked_all((3, 5))

# The classic format: text as characters, another calendar, missing_value.
with netCDF4.Dataset("classic.nc", "w", format="NETCDF3_CLASSIC") as f:
    f.createDimension("station", 3)
    f.createDimension("length", 8)
    f.createDimension("time", None)
    name = f.createVariable("name", "S1", ("station", "length"))
    name[:] = netCDF4.stringtochar(np.array(["Porto", "Lisboa", "Faro"], dtype="S8"))
    f.createVariable("lon", "f8", ("station",))[:] = [-8.6, -9.1, -7.9]
    f.createVariable("lat", "f8", ("station",))[:] = [41.1, 38.7, 37.0]
    time = f.createVariable("time", "f8", ("time",))
    time.units, time.calendar = "days since 2000-02-28", "noleap"
    time[:] = [0.0, 1.0]
    tmax = f.createVariable("tmax", "f4", ("time", "station"))
    tmax.missing_value = np.float32(-999.0)
    tmax[:] = [[1.0, 2.0, 3.0], [4.0, -999.0, 6.0]]
    unsigned = f.createVariable("unsigned", "i1", ("station",))
    unsigned.setncattr("_Unsigned", "true")
    unsigned.set_auto_maskandscale(False)
    unsigned[:] = np.array([1, -1, -128], dtype="i1")

# Groups that see the dimensions and coordinates outside of them.
with netCDF4.Dataset("groups.nc", "w") as f:
    f.createDimension("x", 3)
    f.createVariable("x", "f8", ("x",))[:] = [0.5, 1.0, 4.0]
    g = f.createGroup("forecast").createGroup("hourly")
    g.createDimension("y", 2)
    g.createVariable("z", "f8", ("y", "x"))[:] = np.arange(6).reshape(2, 3)

# What no reader should follow or allocate; netCDF4 does not write it.
with h5py.File("cycle.nc", "w") as f:
    f["x"] = np.arange(3.0)
    inner = f.create_group("a/b")
    inner["up"] = f["a"]
with h5py.File("fan.nc", "w") as f:
    f["x"] = np.arange(3.0)
    inner = f
    for _ in range(20):
        outer, inner = inner, inner.create_group("a")
        outer["b"] = inner
with h5py.File("hollow.nc", "w") as f:
    f["y"] = np.arange(3.0)
    f.create_dataset("x", (1 << 27,), "f8", chunks=(1 << 10,))
with h5py.File("lzf.nc", "w") as f:
    f.create_dataset("x", data=np.arange(300.0), chunks=(300,), compression="lzf")
