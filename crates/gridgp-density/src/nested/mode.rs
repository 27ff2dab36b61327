//! The mode of the fields given the parameters, by Newton's method.

use gridgp_grid::Result;

use super::{NestedLaplace, Which, about_fields, no_mode};

/// Most Newton iterations.
const MOST: usize = 100;
/// Halvings of a step, and how much longer than Newton's one may be where observations are not concave.
const HALVINGS: usize = 40;
const FARTHEST: f64 = 1e6;
/// The decrement √(gᵀP⁻¹g), in posterior standard deviations of all unknowns together, after whose step
/// the search ends: that step squares it, where P is that of the observed information.
pub(super) const CLOSE: f64 = 1e-5;
/// A decrement after whose step P is what it was.
const SAME: f64 = 1e-10;
/// What rounding may change in the objective, as a share of it: at most, and where precisions are large and
/// their products cancel.
const ROUNDING: f64 = 1e-13;
const LAST: f64 = 1e-8;

impl NestedLaplace {
    /// Finds the mode at θ, from that of the last θ or from 0; then P is factorized there, and information
    /// and gradient are those of the mode. The result is log p(y | x̂) + log p(x̂) without its constant.
    pub(super) fn find_mode(&mut self, theta: &[f64]) -> Result<f64> {
        self.observed.theta.copy_from_slice(theta);
        self.states.update(theta)?;
        self.slopes.update(&self.observed, self.values.len());
        let mut gradient = vec![0.0; self.x.len()];
        let mut at = self.objective(&self.x.clone(), &mut gradient);
        if !at.is_finite() {
            if !self.make_possible() {
                return Err(no_mode("no fields were found at which all observations are possible"));
            }
            at = self.objective(&self.x.clone(), &mut gradient);
        }
        for _ in 0..MOST {
            self.newton += 1;
            // Where P is positive definite as it is, the search ends quadratically.
            self.look(Which::Observed);
            let is_concave = self.states.factorize(&self.information).is_ok();
            if !is_concave {
                self.look(Which::Semidefinite);
                self.states.factorize(&self.information)?;
            }
            let mut slope = vec![0.0; gradient.len()];
            self.pull_back(&mut slope);
            slope.iter_mut().zip(&gradient).for_each(|(s, g)| *s += g);
            let mut step = slope.clone();
            self.states.solve(&mut step);
            let decrement: f64 = slope.iter().zip(&step).map(|(s, d)| s * d).sum();
            if !decrement.is_finite() {
                return Err(no_mode("a Newton step leaves the range of numbers"));
            }
            let is_close = is_concave && decrement < self.close * self.close;
            // A last step raises the objective by less than rounding changes it.
            let slack = if is_close { LAST } else { ROUNDING } * at.abs();
            let mut share = 1.0;
            let mut next = Vec::new();
            let mut value = f64::NEG_INFINITY;
            for _ in 0..HALVINGS {
                next = self.x.iter().zip(&step).map(|(x, d)| x + share * d).collect();
                value = self.objective(&next, &mut gradient);
                if value >= at + 1e-4 * share * decrement - slack {
                    break;
                }
                share *= 0.5;
            }
            // The curvature of outliers says little about how far they are to go.
            while !is_concave && share < FARTHEST {
                let farther: Vec<f64> =
                    self.x.iter().zip(&step).map(|(x, d)| x + 2.0 * share * d).collect();
                let there = self.objective(&farther, &mut gradient);
                if there <= value || !there.is_finite() {
                    value = self.objective(&next, &mut gradient);
                    break;
                }
                (next, value, share) = (farther, there, 2.0 * share);
            }
            if value < at - slack || !value.is_finite() {
                return Err(no_mode("no step along Newton's direction raises the density"));
            }
            (self.x, at) = (next, value);
            if is_close && share == 1.0 {
                self.look(Which::Observed);
                if decrement > SAME * SAME {
                    self.states.factorize(&self.information)?;
                }
                return Ok(at);
            }
        }
        Err(no_mode(&format!("{MOST} Newton iterations were not enough")))
    }

    /// log p(y | x) + log p(x) without its constant; the derivative of the latter is written to
    /// `gradient`, and the values of fields and equations become those of x.
    pub(super) fn objective(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let Self { observed, states, values, .. } = self;
        states.values(x, values);
        observed.move_equations(|f| &values[f]);
        let likelihood = observed.log_likelihood();
        if !likelihood.is_finite() {
            return f64::NEG_INFINITY;
        }
        gradient.fill(0.0);
        let value = likelihood + states.prior(x, gradient);
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    }

    /// What the observations say of the fields at the present equations.
    fn look(&mut self, which: Which) {
        let Self { observed, slopes, information, gradient, .. } = self;
        about_fields(observed, slopes, which, information, gradient);
    }

    /// The derivative of log p(y | x) with respect to x.
    pub(super) fn pull_back(&mut self, out: &mut [f64]) {
        let fields = self.values.len();
        let bars = &mut self.observed.field_bars;
        bars.iter_mut().for_each(|b| b.fill(0.0));
        for (i, own) in self.gradient.chunks_exact(fields.max(1)).enumerate() {
            for (f, g) in own.iter().enumerate() {
                bars[f][self.positions[f][i] as usize] += g;
            }
        }
        self.states.pull_back(bars, out);
    }
}
