//! Loss curves: what an optimizer made smaller, iteration by iteration.

use crate::dimension::{Dimension, Quantity};
use crate::figure::{Figure, Style};
use crate::series::{Part, Series};
use crate::{Error, Result};

/// A loss by iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// What was made smaller, `"−ELBO"`.
    pub name: String,
    /// Its value at each iteration.
    pub values: Vec<f64>,
}

impl Loss {
    /// The picture: each value, and, where they are many and noisy, their mean over a hundredth of
    /// the iterations. The axis begins where the last nine tenths lie, so that the first steps do
    /// not press the rest against the floor; a note says if values lie outside.
    ///
    /// # Errors
    /// No iteration.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        let n = self.values.len();
        if n == 0 {
            return Err(Error::data("there is no iteration to draw"));
        }
        let every = n.div_ceil(2000);
        let shown: Vec<usize> = (0..n).step_by(every).collect();
        let pick = |v: &[f64]| shown.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let mut parts = Vec::new();
        if n >= 400 {
            let window = n / 100;
            let mut smooth = vec![f64::NAN; n];
            for i in window / 2..n - window / 2 {
                let part = &self.values[i - window / 2..=(i + window / 2).min(n - 1)];
                smooth[i] = part.iter().sum::<f64>() / part.len() as f64;
            }
            parts.push(("each iteration".to_owned(), Part::Draws(vec![pick(&self.values)])));
            parts.push((format!("mean of {}", window + 1), Part::Line(pick(&smooth))));
        } else {
            parts.push((String::new(), Part::Line(self.values.clone())));
        }
        let mut tail: Vec<f64> =
            self.values[n / 10..].iter().copied().filter(|v| v.is_finite()).collect();
        tail.sort_by(f64::total_cmp);
        let mut style = style.clone();
        let mut notes = Vec::new();
        if let (Some(&low), Some(&high), None) = (tail.first(), tail.last(), style.limits) {
            let outside = self.values.iter().filter(|&&v| v > high + 3.0 * (high - low)).count();
            if outside > 0 && high > low {
                let room = 0.1 * (high - low);
                style.limits = Some((low - room, high + room));
                notes.push("the first iterations lie above".to_owned());
            }
        }
        if every > 1 {
            notes.push(format!("one of every {every} iterations is shown"));
        }
        let places = shown.iter().map(|&i| (i + 1) as f64).collect();
        Series {
            x: Dimension::numbers("iteration", places),
            y: Quantity::new(&*self.name, None),
            parts,
            notes,
        }
        .draw(&style)
    }
}
