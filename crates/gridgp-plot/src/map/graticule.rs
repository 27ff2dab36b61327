//! Meridians and parallels, where they are bent.

use super::extent::Extent;
use super::marks::ToPage;
use crate::color::PALE;
use crate::frame::TICK;
use crate::svg::{Anchor, Area, Drawing, Stroke};
use crate::ticks::Kind;

/// Degrees of the lines of a graticule.
fn lines(range: (f64, f64), kind: &Kind) -> Vec<crate::ticks::Tick> {
    kind.ticks(range.0, range.1, 6)
}

pub(super) fn graticule(d: &mut Drawing, e: Extent, to_page: ToPage<'_>) {
    let thin = Stroke::new(PALE, 0.35);
    let between = |(low, high): (f64, f64), i: i32| low + (high - low) * f64::from(i) / 60.0;
    for tick in lines(e.lon, &Kind::Longitude) {
        let lat = (e.lat.0 - 5.0, e.lat.1 + 5.0);
        let points = (0..=60).map(|i| to_page(tick.at, between(lat, i).clamp(-90.0, 90.0)));
        d.curve("meridian", points, thin);
    }
    for tick in lines(e.lat, &Kind::Latitude) {
        let lon = (e.lon.0 - 10.0, e.lon.1 + 10.0);
        d.curve("parallel", (0..=60).map(|i| to_page(between(lon, i), tick.at)), thin);
    }
}

/// Names of meridians where they leave the map below, of parallels where they leave it at the left.
pub(super) fn label_graticule(d: &mut Drawing, e: Extent, inside: Area, to_page: ToPage<'_>) {
    let mut last = f64::NEG_INFINITY;
    for tick in lines(e.lon, &Kind::Longitude) {
        let lat = |i: i32| (e.lat.0 - 5.0 + 0.1 * f64::from(i)).clamp(-90.0, 90.0);
        let below = (0..200).map(|i| to_page(tick.at, lat(i))).find(|p| p.1 <= inside.bottom());
        let Some((x, y)) = below else { continue };
        let half = 0.5 * crate::font::width(&tick.label, TICK);
        let fits = x >= inside.x && x <= inside.right() && x - half > last + 2.0;
        if fits && (y - inside.bottom()).abs() < 3.0 {
            let at = (x, inside.bottom() + TICK + 2.0);
            d.text("x-tick", at, TICK, Anchor::Middle, &tick.label);
            last = x + half;
        }
    }
    for tick in lines(e.lat, &Kind::Latitude) {
        let lon = |i: i32| e.lon.0 - 10.0 + 0.1 * f64::from(i);
        let left = (0..400).map(|i| to_page(lon(i), tick.at)).find(|p| p.0 >= inside.x);
        let Some((x, y)) = left else { continue };
        if y >= inside.y && y <= inside.bottom() && (x - inside.x).abs() < 3.0 {
            let at = (inside.x - 2.0, y + 0.35 * TICK);
            d.text("y-tick", at, TICK, Anchor::End, &tick.label);
        }
    }
}
