//! Coasts and borders of Natural Earth (public domain), by way of world-atlas 2.0.2.

/// Lines at 1:110 million and at 1:50 million; `data/make.py` says how they are written.
const WORLD: &[u8] = include_bytes!("../data/outlines_110m.bin");
const REGION: &[u8] = include_bytes!("../data/outlines_50m.bin");
/// Degrees.
const STEP: f64 = 0.005;

/// A line on the globe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outline {
    pub is_border: bool,
    /// Longitude and latitude, degrees.
    pub points: Vec<(f64, f64)>,
}

/// The lines of the world, in more detail where the map shows less than `span` degrees of it.
pub(crate) fn outlines(span: f64) -> Vec<Outline> {
    decode(if span > 70.0 { WORLD } else { REGION })
}

fn decode(mut bytes: &[u8]) -> Vec<Outline> {
    let mut lines = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        bytes = rest;
        let count = number(&mut bytes);
        let (mut x, mut y) = (0, 0);
        let mut points = Vec::with_capacity(count as usize);
        for _ in 0..count {
            x += signed(&mut bytes);
            y += signed(&mut bytes);
            points.push((x as f64 * STEP, y as f64 * STEP));
        }
        lines.push(Outline { is_border: kind == 1, points });
    }
    lines
}

/// Seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    value
}

/// 0, −1, 1, −2 … as 0, 1, 2, 3 …
fn signed(bytes: &mut &[u8]) -> i64 {
    let n = number(bytes);
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_there() {
        for (span, at_least) in [(360.0, 7000), (10.0, 60_000)] {
            let lines = outlines(span);
            let points = || lines.iter().flat_map(|l| l.points.iter());
            assert!(points().count() > at_least);
            assert!(points().all(|p| p.0.abs() <= 180.0 && p.1.abs() <= 90.0));
            // No edge of the map it was made from.
            for line in &lines {
                for pair in line.points.windows(2) {
                    assert!((pair[0].0 - pair[1].0).abs() < 60.0, "{pair:?}");
                }
            }
            // Gibraltar is on a coast, the Pyrenees on a border.
            let near = |lon: f64, lat: f64, border: bool| {
                let mut some = lines.iter().filter(|l| l.is_border == border);
                some.any(|l| l.points.iter().any(|p| (p.0 - lon).hypot(p.1 - lat) < 1.0))
            };
            assert!(near(-5.4, 36.0, false) && near(0.7, 42.7, true));
        }
    }
}
