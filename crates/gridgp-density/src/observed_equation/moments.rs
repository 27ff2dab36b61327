//! Mean and variance of a predictor over fields that are normal.

use super::{Link, ObservedEquation};

impl ObservedEquation {
    /// The fields that enter.
    pub(crate) fn fields(&self) -> impl Iterator<Item = usize> + '_ {
        self.terms.iter().filter_map(|t| t.field.as_ref().map(|(f, _)| *f))
    }

    /// The predictor at the cells, after [`update`](Self::update): with the means of the fields, its
    /// mean.
    pub(crate) fn eta(&self) -> &[f64] {
        &self.eta
    }

    /// The parameter and its derivative at cell i, if the predictor were `eta` there.
    pub(crate) fn seen(&self, i: usize, eta: f64) -> (f64, f64) {
        if let (Some(sign), Some((odds, slope))) = (self.log_odds, self.link.log_odds(eta)) {
            return (sign * odds, sign * slope);
        }
        let m = self.multiplier_at(i);
        if self.link == Link::Identity {
            return (self.shift + m * eta, m);
        }
        let bare = self.link.forward(eta);
        (self.shift + m * bare, m * self.link.derivative(eta, bare))
    }

    /// The variance of the predictor from those of the fields, which are independent.
    pub(crate) fn variance<'f>(
        &self,
        theta: &[f64],
        variances: impl Fn(usize) -> &'f [f64],
        out: &mut [f64],
    ) {
        out.fill(0.0);
        for t in &self.terms {
            let Some((f, index)) = &t.field else { continue };
            let (c, variances) = (t.term.coefficient(theta), variances(*f));
            for (i, (out, &j)) in out.iter_mut().zip(index).enumerate() {
                let weight = c * t.design.as_ref().map_or(1.0, |d| d[i]);
                *out += weight * weight * variances[j as usize];
            }
        }
    }

    /// Adds the derivatives to `theta_bar` and to the adjoints of the fields' variances, from that of
    /// the predictor's variance.
    pub(crate) fn variance_vjp<'f>(
        &self,
        theta: &[f64],
        bar: &[f64],
        variances: impl Fn(usize) -> &'f [f64],
        theta_bar: &mut [f64],
        variance_bars: &mut [Vec<f64>],
    ) {
        for t in &self.terms {
            let Some((f, index)) = &t.field else { continue };
            let c = t.term.coefficient(theta);
            let (variances, f_bar) = (variances(*f), &mut variance_bars[*f]);
            let mut c_bar = 0.0;
            for (i, (&b, &j)) in bar.iter().zip(index).enumerate() {
                let d = t.design.as_ref().map_or(1.0, |d| d[i]);
                let b = d * d * b;
                f_bar[j as usize] += c * c * b;
                c_bar += b * variances[j as usize];
            }
            t.term.coefficient_vjp(theta, 2.0 * c * c_bar, theta_bar);
        }
    }
}
