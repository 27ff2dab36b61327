//! Unknowns of fields that follow some of the parameters.

/// u = v + Σⱼ (xⱼ − aⱼ) sⱼ over some parameters j: linear, with determinant 1.
///
/// An intercept and the mean of a smooth field are one quantity in two unknowns: what one gains the
/// other must lose, along a ridge as long as the prior is wide. If sⱼ is how the most likely u goes
/// with xⱼ, v does not go with it.
#[derive(Debug, Clone)]
pub(super) struct Shear {
    /// j and aⱼ.
    anchors: Vec<(usize, f64)>,
    /// sⱼ, one after the other.
    slopes: Vec<f64>,
}

/// Products with the Hessian for each parameter, at most.
const STEPS: usize = 20;
/// The residual, as a share of the right-hand side, at which slopes are good enough.
const ENOUGH: f64 = 0.02;
/// How far gradients are from each other, in the unknowns, which are of order 1.
const APART: f64 = 1e-3;

impl Shear {
    /// With the slopes at a mode x, by conjugate gradients on H s = ∂²/∂u∂xⱼ log p, H = −∂²/∂u² log p.
    ///
    /// `gradient` is that of the log density with respect to all unknowns, of which those of the
    /// fields begin at `count`; false where there is none. A parameter whose slope cannot be found
    /// is left out.
    pub(super) fn at(
        x: &[f64],
        count: usize,
        parameters: impl Iterator<Item = usize>,
        mut gradient: impl FnMut(&[f64], &mut [f64]) -> bool,
    ) -> Self {
        let (mut place, mut up, mut down) = (x.to_vec(), vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut shear = Self { anchors: vec![], slopes: vec![] };
        // The change of the fields' part of the gradient along a direction.
        let mut bend = |direction: &[f64], out: &mut [f64]| -> Option<()> {
            let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
            let step = APART / longest;
            for (sign, slot) in [(step, &mut up), (-step, &mut down)] {
                let moved = place.iter_mut().zip(x).zip(direction);
                moved.for_each(|((p, x), d)| *p = x + sign * d);
                gradient(&place, slot).then_some(())?;
            }
            for ((o, up), down) in out.iter_mut().zip(&up[count..]).zip(&down[count..]) {
                *o = (up - down) / (2.0 * step);
            }
            Some(())
        };
        for j in parameters {
            let mut direction = vec![0.0; x.len()];
            direction[j] = 1.0;
            let mut rest = vec![0.0; x.len() - count];
            if bend(&direction, &mut rest).is_none() {
                continue;
            }
            direction[j] = 0.0;
            let wanted = dot(&rest, &rest);
            let (mut size, mut slope) = (wanted, vec![0.0; rest.len()]);
            let mut product = rest.clone();
            direction[count..].copy_from_slice(&rest);
            for _ in 0..STEPS {
                if size <= ENOUGH * ENOUGH * wanted || bend(&direction, &mut product).is_none() {
                    break;
                }
                // `product` is that with −H.
                let curvature = -dot(&direction[count..], &product);
                if curvature.is_nan() || curvature <= 0.0 {
                    break;
                }
                let step = size / curvature;
                for i in 0..rest.len() {
                    slope[i] += step * direction[count + i];
                    rest[i] += step * product[i];
                }
                let next = dot(&rest, &rest);
                for (d, r) in direction[count..].iter_mut().zip(&rest) {
                    *d = r + next / size * *d;
                }
                size = next;
            }
            if size <= 0.25 * wanted && slope.iter().all(|s| s.is_finite()) {
                shear.anchors.push((j, x[j]));
                shear.slopes.extend(slope);
            }
        }
        shear
    }

    /// u from v: adds what belongs to the parameters x; with −1 in place of 1, v from u.
    pub(super) fn add(&self, x: &[f64], sign: f64, u: &mut [f64]) {
        for (&(j, anchor), slope) in self.anchors.iter().zip(self.slopes.chunks_exact(u.len())) {
            let shift = sign * (x[j] - anchor);
            u.iter_mut().zip(slope).for_each(|(u, s)| *u += shift * s);
        }
    }

    /// Adds the derivatives with respect to the parameters, from those with respect to u.
    pub(super) fn pull_back(&self, u_bar: &[f64], x_bar: &mut [f64]) {
        for (&(j, _), slope) in self.anchors.iter().zip(self.slopes.chunks_exact(u_bar.len())) {
            x_bar[j] += dot(u_bar, slope);
        }
    }

    /// All of its numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.anchors.iter().flat_map(|&(j, a)| [j as f64, a]).chain(self.slopes.iter().copied())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log p = −½ (u − 3 x₁ e)ᵀ diag(h) (u − 3 x₁ e) with e all ones: u follows x₁ by 3.
    #[test]
    fn a_ridge_is_found_and_removed() {
        let h = [0.5, 1.0, 4.0];
        let x = [0.2, -0.1, 0.4, 0.5, 0.6];
        let gradient = |x: &[f64], g: &mut [f64]| {
            g[0] = -x[0];
            g[1] = 0.0;
            for i in 0..3 {
                let off = x[2 + i] - 3.0 * x[1];
                g[2 + i] = -h[i] * off;
                g[1] += 3.0 * h[i] * off;
            }
            true
        };
        let shear = Shear::at(&x, 2, [1].into_iter(), gradient);
        let mut u = [0.0; 3];
        shear.add(&[0.2, 0.9], 1.0, &mut u);
        u.iter().for_each(|u| assert!((u - 3.0).abs() < 0.1, "{u}"));
        shear.add(&[0.2, 0.9], -1.0, &mut u);
        u.iter().for_each(|u| assert!(u.abs() < 1e-14, "{u}"));
        let mut x_bar = [0.0; 2];
        shear.pull_back(&[1.0, 2.0, -1.0], &mut x_bar);
        assert!(x_bar[0] == 0.0 && (x_bar[1] - 6.0).abs() < 0.3, "{x_bar:?}");
    }

    #[test]
    fn what_has_no_slope_is_left_out() {
        let shear = Shear::at(&[0.0, 1.0], 1, [0].into_iter(), |_, _| false);
        assert_eq!(shear.numbers().count(), 0);
        // Not a maximum in u.
        let shear = Shear::at(&[0.0, 1.0], 1, [0].into_iter(), |x, g| {
            (g[0], g[1]) = (x[1], x[0] + x[1]);
            true
        });
        assert_eq!(shear.numbers().count(), 0);
    }
}
