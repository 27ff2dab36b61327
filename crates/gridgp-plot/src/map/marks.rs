//! Values on a map: cells and points.

use std::collections::BTreeMap;

use crate::cells::Cells;
use crate::color::MISSING;
use crate::color_scale::ColorScale;
use crate::projection::Plane;
use crate::svg::{Color, Drawing, Stroke, path};

/// From longitude and latitude to the page.
pub(super) type ToPage<'a> = &'a dyn Fn(f64, f64) -> (f64, f64);

pub(super) fn draw_cells(
    d: &mut Drawing,
    cells: &Cells,
    values: &[f64],
    scale: &ColorScale,
    to_page: ToPage<'_>,
) {
    let mut paths: BTreeMap<[u8; 4], (Color, String)> = BTreeMap::new();
    let (ex, ey) = (&cells.x.edges, &cells.y.edges);
    for row in 0..cells.y.len() {
        for column in 0..cells.x.len() {
            let value = values[row * cells.x.len() + column];
            let color = scale.at(value);
            let (w, e, s, n) = (ex[column], ex[column + 1], ey[row], ey[row + 1]);
            // Long cells are bent, as the parallels are.
            let steps = (((e - w) / 5.0).ceil() as usize).clamp(1, 12);
            let along = |i: usize| w + (e - w) * i as f64 / steps as f64;
            let ring: Vec<(f64, f64)> = (0..=steps)
                .map(|i| to_page(along(i), s))
                .chain((0..=steps).rev().map(|i| to_page(along(i), n)))
                .collect();
            if ring.iter().any(|p| !p.0.is_finite()) {
                continue;
            }
            let key = [u8::from(!value.is_finite()), color.0, color.1, color.2];
            let entry = paths.entry(key).or_insert_with(|| (color, String::new()));
            entry.1.push_str(&path(ring, true));
        }
    }
    for (key, (color, text)) in &paths {
        let class = if key[0] == 1 { "cells missing" } else { "cells" };
        d.filled(class, text, *color, 1.0);
        // Without it the paper shines through between neighbors.
        d.stroked("seam", text, Stroke::new(*color, 0.2));
    }
}

pub(super) fn draw_points(
    d: &mut Drawing,
    (lon, lat): (&[f64], &[f64]),
    values: &[f64],
    scale: &ColorScale,
    plane: &Plane,
    to_page: ToPage<'_>,
) {
    let radius = (9.0 / (lon.len() as f64).powf(0.25)).clamp(0.9, 3.2);
    let edge = Stroke::new(crate::color::INK, if radius > 1.5 { 0.4 } else { 0.2 });
    let mut order: Vec<usize> = (0..lon.len()).collect();
    // What is there lies above what is missing.
    order.sort_by_key(|&i| values[i].is_finite());
    for i in order {
        let at = to_page(plane.turned(lon[i]), lat[i]);
        if !at.0.is_finite() {
            continue;
        }
        if values[i].is_finite() {
            d.circle("point", at, radius, Some(scale.at(values[i])), Some(edge));
        } else {
            d.circle("point missing", at, radius, Some(MISSING), Some(edge));
        }
    }
}
