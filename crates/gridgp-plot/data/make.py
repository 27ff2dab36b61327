"""Makes the data files of gridgp-plot. Run in this folder; needs Python with fonttools.

    npm pack world-atlas@2.0.2 && npm pack @expo-google-fonts/arimo@0.4.3
    mkdir atlas font
    tar xzf world-atlas-2.0.2.tgz -C atlas && tar xzf expo-google-fonts-arimo-0.4.3.tgz -C font
    python make.py atlas/package font/package

outlines_110m.bin, outlines_50m.bin: lines of Natural Earth in steps of 0.005 degrees. A line is
one byte (0 coast, 1 border), the number of its points, and for each point the differences of
longitude and latitude to the point before (the first to 0). Numbers are variable-length, seven
bits a byte, the lowest first; signed ones are zigzag-encoded.
"""

import json
import sys

STEP = 0.005


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    return varint(2 * n if n >= 0 else -2 * n - 1)


def rings(geometry):
    if geometry["type"] == "Polygon":
        return geometry["arcs"]
    if geometry["type"] == "MultiPolygon":
        return [ring for polygon in geometry["arcs"] for ring in polygon]
    return []


def outlines(path):
    world = json.load(open(path))
    (sx, sy), (tx, ty) = world["transform"]["scale"], world["transform"]["translate"]
    uses = [0] * len(world["arcs"])
    for geometry in world["objects"]["countries"]["geometries"]:
        for ring in rings(geometry):
            for arc in ring:
                uses[arc if arc >= 0 else ~arc] += 1
    out = bytearray()
    for arc, used in zip(world["arcs"], uses):
        if not used:
            continue
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            point = (round((x * sx + tx) / STEP), round((y * sy + ty) / STEP))
            if not points or points[-1] != point:
                points.append(point)
        # The map was cut at 180 degrees and at the South Pole: those edges are no coasts.
        edge = round(180 / STEP)
        lines, line = [], []
        for point in points:
            if line:
                a, b = line[-1], point
                cut = abs(a[0]) >= edge - 1 and abs(b[0]) >= edge - 1
                if cut or abs(a[0] - b[0]) > edge or a[1] < -89.9 / STEP or b[1] < -89.9 / STEP:
                    lines.append(line)
                    line = []
            line.append(point)
        lines.append(line)
        for line in lines:
            if len(line) < 2:
                continue
            out += bytes([used > 1]) + varint(len(line))
            before = (0, 0)
            for point in line:
                out += zigzag(point[0] - before[0]) + zigzag(point[1] - before[1])
                before = point
    return bytes(out)


def font(source, target):
    from fontTools import subset

    ranges = "U+0020-024F,U+0370-03FF,U+0400-045F,U+1E00-1EFF,U+2010-2027,U+2030-203A,U+2044,"
    ranges += "U+2070-209C,U+20AC,U+2113,U+2116,U+2122,U+2126,U+212B,U+2150-215F,U+2190-2195,"
    ranges += "U+2200-2265"
    arguments = [source, f"--unicodes={ranges}", "--no-hinting", "--desubroutinize"]
    subset.main(arguments + ["--layout-features=kern,mark,mkmk", f"--output-file={target}"])


atlas, arimo = sys.argv[1:]
for scale in ["110m", "50m"]:
    with open(f"outlines_{scale}.bin", "wb") as file:
        file.write(outlines(f"{atlas}/countries-{scale}.json"))
font(f"{arimo}/400Regular/Arimo_400Regular.ttf", "Arimo-subset.ttf")
