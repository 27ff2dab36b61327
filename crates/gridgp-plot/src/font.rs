//! The font: Arimo, whose letters are as wide as those of Arial and Helvetica.
//!
//! PNG and PDF are drawn with the copy in this crate, so they look the same on every machine. SVG
//! names the family, and a viewer without Arimo takes Arial or Helvetica, which fit exactly.

use std::sync::OnceLock;

/// Latin, Greek, Cyrillic and mathematical signs of Arimo 1.341 (SIL Open Font License 1.1).
pub(crate) const BYTES: &[u8] = include_bytes!("../data/Arimo-subset.ttf");

/// As SVG names it.
pub(crate) const FAMILY: &str = "Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif";

/// The width of a text whose letters are `size` high, in the unit of `size`.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    static FACE: OnceLock<ttf_parser::Face<'static>> = OnceLock::new();
    let face = FACE.get_or_init(|| ttf_parser::Face::parse(BYTES, 0).expect("the font is whole"));
    let units: u32 = text
        .chars()
        .map(|c| {
            let glyph = face.glyph_index(c).unwrap_or_default();
            u32::from(face.glyph_hor_advance(glyph).unwrap_or(1024))
        })
        .sum();
    f64::from(units) * size / f64::from(face.units_per_em())
}

/// As many letters of a text as fit, with … at the end if some do not.
pub(crate) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.len() > 1 {
        letters.pop();
        let shorter: String = letters.iter().chain(['…'].iter()).collect();
        if width(&shorter, size) <= room {
            return shorter;
        }
    }
    "…".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial: a digit is 1139/2048 wide, a space 569/2048.
        assert!((width("0123456789", 2048.0) - 11390.0).abs() < 1.0);
        assert!((width(" ", 2048.0) - 569.0).abs() < 1.0);
        assert_eq!(fit("longitude", 8.0, 100.0), "longitude");
        assert!(fit("longitude", 8.0, 20.0).ends_with('…'));
    }

    #[test]
    fn signs_of_science_are_there() {
        let face = ttf_parser::Face::parse(BYTES, 0).unwrap();
        for c in "−°²³⁻¹·×±≤≥∞√∂∑σθμℓéñçßřł€Ж→½".chars() {
            assert!(face.glyph_index(c).is_some(), "{c}");
        }
    }
}
