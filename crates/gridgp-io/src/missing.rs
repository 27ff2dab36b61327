//! What stands for a missing value where the model says so.

use gridgp_grid::Variable;
use gridgp_model::spec::SelValue;

/// The values of `data.missing`.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    numbers: Vec<f64>,
    texts: Vec<String>,
}

impl Missing {
    pub(crate) fn of(values: &[SelValue]) -> Self {
        let mut missing = Self::default();
        for value in values {
            match value {
                SelValue::Number(x) => missing.numbers.push(*x),
                SelValue::Text(text) => {
                    missing.numbers.extend(text.trim().parse::<f64>());
                    missing.texts.push(text.trim().to_owned());
                }
            }
        }
        missing
    }

    pub(crate) fn has_text(&self, text: &str) -> bool {
        self.texts.iter().any(|t| t == text)
    }

    /// Whether a value is one of them, also as it comes back from single precision.
    pub(crate) fn has(&self, value: f64) -> bool {
        self.numbers.iter().any(|&m| value == m || value == f64::from(m as f32))
    }

    /// NaN in place of them.
    pub(crate) fn to_nan(&self, values: &mut [f64]) {
        if !self.numbers.is_empty() {
            values.iter_mut().filter(|v| self.has(**v)).for_each(|v| *v = f64::NAN);
        }
    }

    /// Marks them as missing.
    pub(crate) fn mask(&self, variable: &mut Variable) {
        if !variable.values.iter().any(|&v| self.has(v)) {
            return;
        }
        let n = variable.values.len();
        let mask = variable.missing.get_or_insert_with(|| vec![false; n]);
        for (value, missing) in variable.values.iter_mut().zip(mask) {
            if !*missing && self.has(*value) {
                (*value, *missing) = (0.0, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_texts_and_single_precision() {
        let missing = Missing::of(&[SelValue::Number(-99.9), SelValue::Text("-999".into())]);
        let mut values = [1.0, f64::from(-99.9f32), -99.9, -999.0, -99.0];
        missing.to_nan(&mut values);
        assert_eq!(values.map(f64::is_nan), [false, true, true, true, false]);
        assert!(missing.has_text("-999") && !missing.has_text("-99.9"));
        let mut y = Variable::with_nan_as_missing("y", vec![f64::NAN, -999.0, 2.0]);
        missing.mask(&mut y);
        assert_eq!((y.missing_cells(), y.values), (vec![0, 1], vec![0.0, 0.0, 2.0]));
    }
}
