//! What a model believes before the data: kernels, and draws of its fields, at draws of its prior.

use faer::Mat;
use gridgp_dist::Distribution;
use gridgp_grid::{Axis, Points};
use gridgp_kernel::Covariance;
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::dimension::{Dimension, Quantity};
use crate::figure::{Figure, Style};
use crate::frame::{self, LABEL};
use crate::series::{Part, Series};
use crate::svg::{Anchor, Area, Drawing};
use crate::{Error, Result, font};

/// A field along one of its axes.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorField {
    /// `f along month`.
    pub name: String,
    /// The kernel as written.
    pub kernel: String,
    /// Where the field was drawn.
    pub x: Dimension,
    /// The covariance with the middle of the axis, a list a draw of the parameters.
    pub covariances: Vec<Vec<f64>>,
    /// One draw of the field for each draw of the parameters.
    pub draws: Vec<Vec<f64>>,
    /// Its unit.
    pub units: Option<String>,
}

/// Kernels and draws of fields under the prior: for each field and axis the covariance with the
/// middle of the axis, and random functions along it.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorPlot {
    /// The fields along their axes.
    pub fields: Vec<PriorField>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Points of a picture along an axis.
const POINTS: usize = 121;

impl PriorPlot {
    /// Draws `count` times from the prior of a model's parameters, and a function from each field
    /// along each of its axes at each draw: amplitude · N(0, K).
    ///
    /// An axis whose points have several coordinates, or names, is shown at the points of the
    /// data, by number.
    ///
    /// # Errors
    /// A model without fields.
    pub fn of(model: &Model, count: usize, seed: u64) -> Result<Self> {
        if model.fields.is_empty() {
            return Err(Error::data("the model has no random field, so there is nothing to draw"));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let thetas: Vec<Vec<f64>> = (0..count.max(1))
            .map(|_| model.parameters.iter().map(|p| p.prior.sample(&mut rng)).collect())
            .collect();
        let scale = model.standardization.1;
        let mut fields = Vec::new();
        for field in &model.fields {
            for (axis, kernel) in model.data.grid.axes().iter().zip(&field.axes) {
                let Some(kernel) = kernel else { continue };
                let (x, points) = places(axis, &kernel.points);
                let n = points.len();
                let (mut covariances, mut draws) = (Vec::new(), Vec::new());
                for theta in &thetas {
                    let amplitude = field.amplitude.at(theta) * scale;
                    let mut gram = Mat::zeros(n, n);
                    kernel.kernel.gram(&points, &kernel.numbers(theta), gram.as_mut());
                    let variance = amplitude * amplitude;
                    covariances.push((0..n).map(|i| variance * gram[(n / 2, i)]).collect());
                    draws.push(draw(&gram, amplitude, &mut rng));
                }
                fields.push(PriorField {
                    name: format!("{} along {}", field.name, axis.name()),
                    kernel: kernel.text.clone(),
                    x,
                    covariances,
                    draws,
                    units: model.data.response.units.clone(),
                });
            }
        }
        let notes = vec![format!("{} draws of the parameters from their priors", thetas.len())];
        Ok(Self { fields, notes })
    }

    /// The picture: a row for each field and axis, kernels at the left, functions at the right.
    ///
    /// # Errors
    /// No field, or fields whose columns are not as long as their axis.
    pub fn draw(&self, style: &Style) -> Result<Figure> {
        if self.fields.is_empty() {
            return Err(Error::data("there is no field to draw"));
        }
        let rows = self.fields.len() as f64;
        let (width, height) = style.size((40.0 * rows + 6.0).min(240.0))?;
        let mut d = Drawing::new(width, height);
        let page = Area { x: 0.0, y: 0.0, width, height }.shrink(2.0, 1.0, 2.0, 1.0);
        let page = frame::headed(&mut d, style.title.as_deref(), page);
        let page = frame::noted(&mut d, &self.notes, page);
        let row = page.height / rows;
        for (i, field) in self.fields.iter().enumerate() {
            let area = Area { y: page.y + i as f64 * row, height: row, ..page };
            let text =
                font::fit(&format!("{}: {}", field.name, field.kernel), LABEL, area.width - 8.0);
            d.text(
                "panel-title",
                (area.x + 4.0, area.y + LABEL + 2.0),
                LABEL,
                Anchor::Start,
                &text,
            );
            let area = area.shrink(0.0, LABEL + 3.0, 0.0, 2.0);
            let half = Area { width: 0.5 * area.width, ..area };
            for (area, name, units, draws) in [
                (half, "covariance", None, &field.covariances),
                (Area { x: half.right(), ..half }, "draws", field.units.as_deref(), &field.draws),
            ] {
                let series = Series {
                    x: field.x.clone(),
                    y: Quantity::new(name, units),
                    parts: vec![(String::new(), Part::Draws(draws.clone()))],
                    notes: vec![],
                };
                series.draw_in(&mut d, area, None)?;
            }
        }
        let title = style.title.clone().unwrap_or_else(|| "draws from the prior".into());
        Ok(Figure::new(d, &title))
    }
}

/// Where a kernel is shown: evenly along an axis of numbers, else at the points of the data.
fn places(axis: &Axis, points: &Points) -> (Dimension, Points) {
    let dimension = Dimension::of_axis(axis);
    let one = points.dims() == 1 && !axis.has_labels() && axis.coordinates().len() == 1;
    let range = crate::dimension::extent(points.column(0));
    match (one, range) {
        (true, Some((low, high))) if high > low && axis.len() < POINTS => {
            let at = |i: usize| low + (high - low) * i as f64 / (POINTS - 1) as f64;
            let values: Vec<f64> = (0..POINTS).map(at).collect();
            let points = Points::line(&values);
            (Dimension { values, ..dimension }, points)
        }
        _ => {
            // Enough of a long axis to see how a function looks.
            let every = axis.len().div_ceil(2 * POINTS);
            let kept: Vec<usize> = (0..axis.len()).step_by(every).collect();
            let rows = kept.iter().flat_map(|&i| points.row(i).iter().copied()).collect();
            let values = kept.iter().map(|&i| dimension.values[i]).collect();
            (Dimension { values, ..dimension }, Points::new(rows, points.dims()))
        }
    }
}

/// amplitude · Lz with K = LLᵀ, by a Cholesky factorization that stops where K has no more rank.
fn draw(gram: &Mat<f64>, amplitude: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    use rand::RngExt;
    let n = gram.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| gram[(i, i)]).collect();
    let largest = rest.iter().fold(0.0f64, |m, v| m.max(*v));
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut out = vec![0.0; n];
    while columns.len() < n {
        let pivot = (0..n).max_by(|&a, &b| rest[a].total_cmp(&rest[b])).unwrap_or(0);
        if rest[pivot].is_nan() || rest[pivot] <= 1e-12 * largest {
            break;
        }
        let root = rest[pivot].sqrt();
        let column: Vec<f64> = (0..n)
            .map(|i| {
                let known: f64 = columns.iter().map(|c| c[i] * c[pivot]).sum();
                (gram[(i, pivot)] - known) / root
            })
            .collect();
        let z: f64 = rng.sample(StandardNormal);
        for i in 0..n {
            out[i] += amplitude * column[i] * z;
            rest[i] -= column[i] * column[i];
        }
        rest[pivot] = 0.0;
        columns.push(column);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_covariance_of_the_kernel() {
        let gram = Mat::from_fn(3, 3, |i, j| (-((i as f64 - j as f64) / 2.0).powi(2)).exp());
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let draws: Vec<Vec<f64>> = (0..40_000).map(|_| draw(&gram, 2.0, &mut rng)).collect();
        for i in 0..3 {
            for j in 0..3 {
                let mean = draws.iter().map(|d| d[i] * d[j]).sum::<f64>() / 40_000.0;
                assert!((mean - 4.0 * gram[(i, j)]).abs() < 0.12, "{i} {j} {mean}");
            }
        }
        // Of rank one: every draw is a multiple of the same column.
        let flat = Mat::from_fn(3, 3, |_, _| 1.0);
        let d = draw(&flat, 1.0, &mut rng);
        assert_eq!((d[0], d[1]), (d[1], d[2]));
    }
}
