//! Many numbers in few letters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What stands for a missing value.
const MISSING: u16 = u16::MAX;

/// Numbers in steps of a 65534th of their range, as 16 bits each, in base 64.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Encoded {
    /// The lowest value, `None` if all are missing.
    pub range: Option<(f64, f64)>,
    /// Little-endian unsigned numbers; 65535 is missing.
    pub text: String,
}

pub(super) fn encode(values: &[f64]) -> Encoded {
    let range = crate::dimension::extent(values.iter().copied());
    let mut bytes = Vec::with_capacity(2 * values.len());
    for v in values {
        let code = match range {
            Some((low, high)) if v.is_finite() => {
                let share = if high > low { (v - low) / (high - low) } else { 0.0 };
                // Between 0 and 65534.
                (share * f64::from(MISSING - 1)).round() as u16
            }
            _ => MISSING,
        };
        bytes.extend(code.to_le_bytes());
    }
    Encoded { range, text: STANDARD.encode(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(e: &Encoded) -> Vec<f64> {
        let (low, high) = e.range.unwrap_or((0.0, 0.0));
        let bytes = STANDARD.decode(&e.text).unwrap();
        let codes = bytes.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        codes
            .map(|c| match c {
                MISSING => f64::NAN,
                c => low + f64::from(c) / f64::from(MISSING - 1) * (high - low),
            })
            .collect()
    }

    #[test]
    fn numbers_come_back_to_a_step() {
        let values: Vec<f64> = (0..100).map(|i| 20.0 + (f64::from(i) * 0.7).sin()).collect();
        let back = decode(&encode(&values));
        let most = values.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(most <= 0.5 * 2.0 / 65534.0 + 1e-12, "{most}");
    }

    #[test]
    fn constants_and_missing_values_are_kept() {
        let back = decode(&encode(&[3.0, f64::NAN, 3.0]));
        assert_eq!((back[0], back[2]), (3.0, 3.0));
        assert!(back[1].is_nan());
        assert_eq!(encode(&[f64::NAN]).range, None);
        assert_eq!(encode(&[f64::NEG_INFINITY]).text, "//8=");
    }
}
