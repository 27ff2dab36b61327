//! Colors of values, and of lines.
//!
//! Viridis, cividis and magma are even to the eye, keep their order in gray and for people who see
//! fewer colors; the diverging map is of nearly the same lightness on both sides of the middle.

use crate::svg::Color;
use crate::{Error, Result};

/// A map from numbers to colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorMap {
    /// Dark violet over green to yellow.
    Viridis,
    /// Dark blue over gray to yellow, nearly the same for everybody.
    Cividis,
    /// Black over red to pale yellow.
    Magma,
    /// Blue over white to red, for values around zero.
    BlueRed,
}

/// At even steps; from viridis of van der Walt and Smith (CC0).
const VIRIDIS: [u32; 17] = [
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c,
    0x1fa088, 0x28ae80, 0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];

/// From cividis of Nuñez, Anderton and Renslow (2018).
const CIVIDIS: [u32; 33] = [
    0x00224e, 0x00285b, 0x002e6a, 0x053371, 0x1a386f, 0x273e6e, 0x32436d, 0x3b496c, 0x434e6c,
    0x4b546c, 0x535a6d, 0x5a5f6e, 0x61656f, 0x686a71, 0x6f7073, 0x767676, 0x7d7c78, 0x848279,
    0x8c8878, 0x938e78, 0x9b9476, 0xa39a74, 0xaba072, 0xb4a76f, 0xbcae6c, 0xc4b468, 0xcdbb63,
    0xd5c25e, 0xdec958, 0xe7d150, 0xf0d846, 0xf9e03a, 0xfee838,
];

/// From magma of van der Walt and Smith (CC0).
const MAGMA: [u32; 17] = [
    0x000004, 0x0a0822, 0x1d1147, 0x36106b, 0x51127c, 0x6a1c81, 0x832681, 0x9c2e7f, 0xb73779,
    0xd0416f, 0xe75263, 0xf56b5c, 0xfc8961, 0xfea772, 0xfec488, 0xfde2a3, 0xfcfdbf,
];

/// RdBu of ColorBrewer, backwards (Apache 2.0).
const BLUE_RED: [u32; 11] = [
    0x053061, 0x2065ab, 0x4393c3, 0x90c4dd, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf3a481, 0xd6604d,
    0xb1182b, 0x67001f,
];

/// A value that is missing.
pub(crate) const MISSING: Color = Color::hex(0xcccccc);
/// Lettering and frames.
pub(crate) const INK: Color = Color::hex(0x1a1a1a);
/// What stands back: grids, guides.
pub(crate) const PALE: Color = Color::hex(0xb8b8b8);

/// Colors of lines, after Okabe and Ito, who chose them for color-blind readers.
pub(crate) fn line(i: usize) -> Color {
    const LINES: [u32; 7] = [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x4d4d4d];
    Color::hex(LINES[i % LINES.len()])
}

impl ColorMap {
    /// Every map with its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("viridis", Self::Viridis),
        ("cividis", Self::Cividis),
        ("magma", Self::Magma),
        ("blue-red", Self::BlueRed),
    ];

    /// The map called `name`.
    ///
    /// # Errors
    /// There is no such map; the message names those that are.
    pub fn from_name(name: &str) -> Result<Self> {
        let plain = name.to_lowercase().replace('_', "-");
        Self::ALL.iter().find(|(n, _)| *n == plain).map(|(_, map)| *map).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|(n, _)| *n).collect();
            Error::data(format!(
                "there is no color map {name:?}; the color maps are {}",
                known.join(", ")
            ))
        })
    }

    /// Whether its middle means zero.
    pub fn is_diverging(self) -> bool {
        matches!(self, Self::BlueRed)
    }

    fn anchors(self) -> &'static [u32] {
        match self {
            Self::Viridis => &VIRIDIS,
            Self::Cividis => &CIVIDIS,
            Self::Magma => &MAGMA,
            Self::BlueRed => &BLUE_RED,
        }
    }

    /// The color at t, 0 at the lower end and 1 at the upper.
    pub(crate) fn at(self, t: f64) -> Color {
        let anchors = self.anchors();
        let place = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
        let i = (place as usize).min(anchors.len() - 2);
        let (a, b) = (Color::hex(anchors[i]), Color::hex(anchors[i + 1]));
        let share = place - i as f64;
        let mix =
            |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
        Color(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }

    /// All of its corners, for a gradient.
    pub(crate) fn stops(self) -> Vec<(f64, Color)> {
        let anchors = self.anchors();
        let last = (anchors.len() - 1) as f64;
        anchors.iter().enumerate().map(|(i, &c)| (i as f64 / last, Color::hex(c))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L* of CIELAB.
    fn lightness(c: Color) -> f64 {
        let linear = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        let y = 0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2);
        if y > 0.008856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y }
    }

    #[test]
    fn lightness_rises_evenly() {
        for map in [ColorMap::Viridis, ColorMap::Cividis, ColorMap::Magma] {
            let l: Vec<f64> = (0..=20).map(|i| lightness(map.at(f64::from(i) / 20.0))).collect();
            let even = (l[20] - l[0]) / 20.0;
            for pair in l.windows(2) {
                let step = pair[1] - pair[0];
                assert!(step > 0.4 * even && step < 1.6 * even, "{map:?} {step} {even}");
            }
        }
    }

    #[test]
    fn the_diverging_map_is_even_about_the_middle() {
        let map = ColorMap::BlueRed;
        assert_eq!(map.at(0.5), Color::hex(0xf7f7f7));
        for i in 0..10 {
            let t = f64::from(i) / 20.0;
            let (low, high) = (lightness(map.at(t)), lightness(map.at(1.0 - t)));
            assert!((low - high).abs() < 10.0, "at {t}: {low} {high}");
        }
    }

    #[test]
    fn names_and_ends() {
        assert_eq!(ColorMap::from_name("Blue_Red").unwrap(), ColorMap::BlueRed);
        assert!(ColorMap::from_name("jet").unwrap_err().to_string().contains("viridis"));
        assert_eq!(ColorMap::Viridis.at(-1.0), Color::hex(0x440154));
        assert_eq!(ColorMap::Viridis.at(2.0), Color::hex(0xfde725));
    }
}
