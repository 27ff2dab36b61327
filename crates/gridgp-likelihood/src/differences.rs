//! Derivatives of a log density by differences, for the likelihoods that do not write them out.

use super::{DefaultValue, Likelihood, MAX_PARAMETERS};
use gridgp_dist::Domain;

/// A step as a share of the distance over which the log density changes by 1.
const SHARE: f64 = 1.0 / 4096.0;
/// Halvings of a step that leads out of the support.
const HALVINGS: usize = 40;

/// −∂²log p/∂p∂pᵀ by differences of the gradient; P × P.
pub(super) fn information<L: Likelihood + ?Sized>(
    likelihood: &L,
    y: f64,
    p: &[f64],
    out: &mut [f64],
) {
    let n = p.len();
    out.fill(0.0);
    let gradient = |l: &L, p: &[f64], out: &mut [f64]| {
        l.log_prob_gradient(y, p, out);
    };
    // Where the curvature is not this, a first pass says over which distances it changes.
    for _ in 0..2 {
        let reaches = reaches(likelihood, y, p, out);
        let slopes = each_slope(likelihood, y, p, n, reaches, gradient);
        slopes.for_each(|(k, slope)| (0..n).for_each(|j| out[j * n + k] = -slope[j]));
    }
    for i in 0..n {
        for j in 0..i {
            let mean = 0.5 * (out[i * n + j] + out[j * n + i]);
            (out[i * n + j], out[j * n + i]) = (mean, mean);
        }
    }
}

/// ∂³log p/∂p∂p∂p by differences of the observed information; P × P × P.
pub(super) fn third<L: Likelihood + ?Sized>(likelihood: &L, y: f64, p: &[f64], out: &mut [f64]) {
    let n = p.len();
    out.fill(0.0);
    let mut known = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
    likelihood.observed_information(y, p, &mut known[..n * n]);
    let reaches = reaches(likelihood, y, p, &known[..n * n]);
    let information = |l: &L, p: &[f64], out: &mut [f64]| l.observed_information(y, p, out);
    each_slope(likelihood, y, p, n * n, reaches, information)
        .for_each(|(k, slope)| (0..n * n).for_each(|ab| out[ab * n + k] = -slope[ab]));
    // Each entry is known from three differences.
    for a in 0..n {
        for b in 0..=a {
            for c in 0..=b {
                let at = |i: usize, j: usize, k: usize| (i * n + j) * n + k;
                let mean = (out[at(a, b, c)] + out[at(a, c, b)] + out[at(b, c, a)]) / 3.0;
                for (i, j, k) in [(a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)]
                {
                    out[at(i, j, k)] = mean;
                }
            }
        }
    }
}

/// What is differentiated: at most P × P numbers.
type Slope = [f64; MAX_PARAMETERS * MAX_PARAMETERS];

/// ∂/∂p_k of the `size` numbers that `f` writes, for each unknown parameter k: central differences of
/// fourth order.
fn each_slope<'l, L: Likelihood + ?Sized>(
    likelihood: &'l L,
    y: f64,
    p: &'l [f64],
    size: usize,
    reaches: [f64; MAX_PARAMETERS],
    f: impl Fn(&L, &[f64], &mut [f64]) + 'l,
) -> impl Iterator<Item = (usize, Slope)> + 'l {
    let is_free =
        |k: &usize| !matches!(likelihood.parameters()[*k].default, DefaultValue::Known(_));
    let is_possible = likelihood.log_prob(y, p).is_finite();
    (0..p.len()).filter(move |k| is_possible && is_free(k)).map(move |k| {
        let mut at: [f64; MAX_PARAMETERS] = [0.0; MAX_PARAMETERS];
        at[..p.len()].copy_from_slice(p);
        let at = &mut at[..p.len()];
        let mut step = SHARE * reaches[k];
        for _ in 0..HALVINGS {
            let is_inside = |at: &mut [f64], shift: f64| {
                at[k] = p[k] + shift;
                likelihood.log_prob(y, at).is_finite()
            };
            if is_inside(at, 2.0 * step) && is_inside(at, -2.0 * step) {
                break;
            }
            step *= 0.5;
        }
        let (mut slope, mut value): (Slope, Slope) = Default::default();
        for (shift, weight) in [(-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)] {
            at[k] = p[k] + shift * step;
            f(likelihood, at, &mut value[..size]);
            let all = slope.iter_mut().zip(&value);
            all.for_each(|(s, v)| *s += weight / (12.0 * step) * v);
        }
        (k, slope)
    })
}

/// For each parameter the distance over which the log density changes by about 1, by its gradient, its
/// curvature and the `information` that is known, at most the parameter itself where that is positive.
fn reaches<L: Likelihood + ?Sized>(
    likelihood: &L,
    y: f64,
    p: &[f64],
    information: &[f64],
) -> [f64; MAX_PARAMETERS] {
    let n = p.len();
    let mut gradient = [0.0; MAX_PARAMETERS];
    let mut curvature = [0.0; MAX_PARAMETERS * MAX_PARAMETERS];
    likelihood.log_prob_gradient(y, p, &mut gradient[..n]);
    likelihood.curvature(y, p, &mut curvature[..n * n]);
    std::array::from_fn(|k| {
        if k >= n {
            return 0.0;
        }
        let by_slope = gradient[k].abs().recip();
        let at = k * n + k;
        let by_curvature = curvature[at].abs().max(information[at].abs()).sqrt().recip();
        let most = match likelihood.parameters()[k].domain {
            Domain::Real => p[k].abs().max(1.0),
            Domain::Positive => p[k].abs(),
            domain => (p[k] - domain.lower()).min(domain.upper() - p[k]).min(p[k].abs().max(1.0)),
        };
        most.min(by_slope).min(by_curvature)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Family;

    /// What is written out agrees with what is not.
    #[test]
    fn derivatives_that_are_written_out_are_those_of_differences() {
        for (name, family) in Family::ALL {
            if *name == "laplace" {
                continue;
            }
            for example in family.examples() {
                let (p, n) = (example.p, example.p.len());
                for q in [0.02, 0.3, 0.6, 0.97] {
                    let y = family.quantile(q, p);
                    let y = if y.is_finite() { y } else { continue };
                    if !family.log_prob(y, p).is_finite() {
                        continue;
                    }
                    let mut found = [vec![0.0; n * n], vec![0.0; n * n]];
                    family.observed_information(y, p, &mut found[0]);
                    let size = reaches(family, y, p, &found[0]);
                    information(family, y, p, &mut found[1]);
                    for (at, (a, b)) in found[0].iter().zip(&found[1]).enumerate() {
                        let unit = size[at / n] * size[at % n];
                        let is_near = a == b || (a - b).abs() * unit < 1e-8;
                        assert!(is_near, "{name} {p:?} {y}: {found:?}");
                    }
                    let mut found = [vec![0.0; n * n * n], vec![0.0; n * n * n]];
                    family.third_derivatives(y, p, &mut found[0]);
                    third(family, y, p, &mut found[1]);
                    for (at, (a, b)) in found[0].iter().zip(&found[1]).enumerate() {
                        let unit = size[at / n / n] * size[at / n % n] * size[at % n];
                        let is_near = a == b || (a - b).abs() * unit < 1e-8;
                        assert!(is_near, "{name} {p:?} {y}: {found:?}");
                    }
                }
            }
        }
    }

    /// Second differences of the gradient along a line know nothing of the information.
    #[test]
    fn third_derivatives_are_those_of_the_gradient_along_lines() {
        for (name, family) in Family::ALL {
            if *name == "laplace" {
                continue;
            }
            let p = family.examples()[0].p;
            let (n, y) = (p.len(), family.quantile(0.7, p));
            let mut found = vec![0.0; n * n * n];
            family.third_derivatives(y, p, &mut found);
            let mut information = vec![0.0; n * n];
            family.observed_information(y, p, &mut information);
            let size = reaches(family, y, p, &information);
            let is_free =
                |k: usize| !matches!(family.parameters()[k].default, DefaultValue::Known(_));
            let direction: Vec<f64> =
                (0..n).map(|k| if is_free(k) { size[k] / (1.0 + k as f64) } else { 0.0 }).collect();
            let gradient = |t: f64| {
                let at: Vec<f64> = p.iter().zip(&direction).map(|(p, d)| p + t * d).collect();
                let mut g = vec![0.0; n];
                family.log_prob_gradient(y, &at, &mut g);
                g
            };
            let h = 0.01;
            let [a, b, c, d, e] = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|t| gradient(t * h));
            for k in 0..n {
                let want = (16.0 * (b[k] + d[k]) - a[k] - e[k] - 30.0 * c[k]) / (12.0 * h * h);
                let pairs =
                    (0..n * n).map(|ij| direction[ij / n] * direction[ij % n] * found[ij * n + k]);
                let got: f64 = pairs.sum();
                assert!((got - want).abs() * size[k] < 1e-5, "{name} {k}: {got} {want}");
            }
        }
    }
}
