//! Coasts and borders on a map.

use super::extent::Extent;
use super::marks::ToPage;
use crate::outlines::outlines;
use crate::projection::Plane;
use crate::svg::{Area, Color, Drawing, Stroke, path};

pub(super) fn draw_outlines(
    d: &mut Drawing,
    e: Extent,
    inside: Area,
    plane: &Plane,
    to_page: ToPage<'_>,
) {
    let span = (e.lon.1 - e.lon.0).max(e.lat.1 - e.lat.0);
    let (mut coasts, mut borders) = (String::new(), String::new());
    let gap = (f64::NAN, f64::NAN);
    // A frame that spills over 180° from the middle shows the same coast twice.
    let wide = e.lon.1 - e.lon.0 > 300.0;
    let turns: &[f64] = if wide { &[-360.0, 0.0, 360.0] } else { &[0.0] };
    for line in outlines(span) {
        for turn in turns {
            let mut points: Vec<(f64, f64)> = Vec::new();
            let mut before: Option<f64> = None;
            for &(lon, lat) in &line.points {
                let lon = plane.turned(lon) + turn;
                // Across the back of the map.
                if before.is_some_and(|b| (b - lon).abs() > 180.0) {
                    points.push(gap);
                }
                before = Some(lon);
                points.push(to_page(lon, lat));
            }
            let text = path(nearby(points, inside), false);
            if line.is_border { borders.push_str(&text) } else { coasts.push_str(&text) }
        }
    }
    for (class, text, width, color) in [
        ("borders", borders, 0.35, Color::hex(0x6a6a6a)),
        ("coasts", coasts, 0.55, Color::hex(0x333333)),
    ] {
        if !text.is_empty() {
            d.stroked(class, &text, Stroke::new(color, width));
        }
    }
}

/// A line without what lies far outside of an area; points closer than the pen is wide are one.
fn nearby(points: Vec<(f64, f64)>, area: Area) -> Vec<(f64, f64)> {
    let near = |p: &(f64, f64)| {
        p.0 > area.x - 20.0
            && p.0 < area.right() + 20.0
            && p.1 > area.y - 20.0
            && p.1 < area.bottom() + 20.0
    };
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (i, p) in points.iter().enumerate() {
        let beside = [i.checked_sub(1), Some(i + 1)];
        let kept = near(p) || beside.iter().flatten().any(|&j| points.get(j).is_some_and(near));
        if !kept || !p.0.is_finite() {
            out.push((f64::NAN, f64::NAN));
            continue;
        }
        let close = out.last().is_some_and(|q| (q.0 - p.0).hypot(q.1 - p.1) < 0.15);
        if !close || i + 1 == points.len() {
            out.push(*p);
        }
    }
    out
}
