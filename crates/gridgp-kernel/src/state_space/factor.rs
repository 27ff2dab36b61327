//! The factors that a block of states is a product of.

/// A stationary Markov process whose first state has variance 1, in states without a unit.
///
/// x(t + δ) = A(δ) x(t) + q with q ~ N(0, Q(δ)), and x ~ N(0, P) at any time; A(δ) = exp(F u) with
/// u = rate · δ. Derivatives of a function are divided by powers of the rate, so P and F are numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Factor {
    /// Matérn with ν = order − ½: the function and its first derivatives; rate √(2ν)/ℓ.
    Matern {
        /// 1, 2 or 3, the number of states.
        order: usize,
        /// √(2ν)/ℓ.
        rate: f64,
    },
    /// A wave of unknown amplitude and phase, two states; rate 2π/p.
    Rotation {
        /// 2π/p.
        rate: f64,
    },
    /// Independent values: nothing is left after any step but 0.
    White,
}

/// Beyond that e⁻ᵘ u² is 0.
const FAR: f64 = 1e3;

impl Factor {
    /// The number of states.
    pub fn size(self) -> usize {
        match self {
            Self::Matern { order, .. } => order,
            Self::Rotation { .. } => 2,
            Self::White => 1,
        }
    }

    /// u per step; 0 where no number enters.
    pub fn rate(self) -> f64 {
        match self {
            Self::Matern { rate, .. } | Self::Rotation { rate } => rate,
            Self::White => 0.0,
        }
    }

    /// P, row-major.
    pub fn stationary(self) -> &'static [f64] {
        const THIRD: f64 = 1.0 / 3.0;
        match self {
            Self::Matern { order: 3, .. } => &[1.0, 0.0, -THIRD, 0.0, THIRD, 0.0, -THIRD, 0.0, 1.0],
            Self::Matern { order: 2, .. } | Self::Rotation { .. } => &[1.0, 0.0, 0.0, 1.0],
            Self::Matern { .. } | Self::White => &[1.0],
        }
    }

    /// F, row-major: ∂A/∂rate = δ F A.
    pub fn generator(self) -> &'static [f64] {
        match self {
            Self::Matern { order: 3, .. } => &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, -1.0, -3.0, -3.0],
            Self::Matern { order: 2, .. } => &[0.0, 1.0, -1.0, -2.0],
            Self::Matern { .. } => &[-1.0],
            Self::Rotation { .. } => &[0.0, -1.0, 1.0, 0.0],
            Self::White => &[0.0],
        }
    }

    /// A(δ), row-major.
    pub fn transition(self, step: f64, out: &mut [f64]) {
        match self {
            Self::Matern { order, rate } => {
                let u = (rate * step).min(FAR);
                let e = (-u).exp();
                match order {
                    3 => {
                        let h = 0.5 * u * u;
                        out.copy_from_slice(&[
                            e * (1.0 + u + h),
                            e * (u + u * u),
                            e * h,
                            -e * h,
                            e * (1.0 + u - u * u),
                            e * (u - h),
                            e * (h - u),
                            e * (u * u - 3.0 * u),
                            e * (1.0 - 2.0 * u + h),
                        ]);
                    }
                    2 => out.copy_from_slice(&[e * (1.0 + u), e * u, -e * u, e * (1.0 - u)]),
                    _ => out[0] = e,
                }
            }
            Self::Rotation { rate } => {
                let (sin, cos) = (rate * step).sin_cos();
                out.copy_from_slice(&[cos, -sin, sin, cos]);
            }
            Self::White => out[0] = if step == 0.0 { 1.0 } else { 0.0 },
        }
    }

    /// Q(δ) = P − A P Aᵀ, row-major, to the last digits of each entry however short the step is.
    pub fn noise(self, step: f64, out: &mut [f64]) {
        match self {
            Self::Matern { order, rate } => {
                let u = (rate * step).min(FAR);
                match order {
                    3 => {
                        let [g0, g1, g2, g3, g4] = moments::<5>(u);
                        let q = 16.0 / 3.0;
                        let (q11, q12) = (0.25 * q * g4, q * (0.5 * g3 - 0.25 * g4));
                        let (q13, q22) =
                            (q * (0.5 * g2 - g3 + 0.25 * g4), q * (g2 - g3 + 0.25 * g4));
                        let q23 = q * (g1 - 2.5 * g2 + 1.5 * g3 - 0.25 * g4);
                        let q33 = q * (g0 - 4.0 * g1 + 5.0 * g2 - 2.0 * g3 + 0.25 * g4);
                        out.copy_from_slice(&[q11, q12, q13, q12, q22, q23, q13, q23, q33]);
                    }
                    2 => {
                        let [g0, g1, g2] = moments::<3>(u);
                        let (q12, q22) = (4.0 * (g1 - g2), 4.0 * (g0 - 2.0 * g1 + g2));
                        out.copy_from_slice(&[4.0 * g2, q12, q12, q22]);
                    }
                    _ => out[0] = -(-2.0 * u).exp_m1(),
                }
            }
            Self::Rotation { .. } => out.fill(0.0),
            Self::White => out[0] = if step == 0.0 { 0.0 } else { 1.0 },
        }
    }

    /// ∂Q/∂u, row-major.
    pub fn noise_slope(self, step: f64, out: &mut [f64]) {
        let Self::Matern { order, rate } = self else {
            out.fill(0.0);
            return;
        };
        let u = (rate * step).min(FAR);
        let e = (-u).exp();
        // q b bᵀ, with b the last column of A.
        let (q, b) = match order {
            3 => {
                let h = 0.5 * u * u;
                (16.0 / 3.0, [e * h, e * (u - h), e * (1.0 - 2.0 * u + h)])
            }
            2 => (4.0, [e * u, e * (1.0 - u), 0.0]),
            _ => (2.0, [e, 0.0, 0.0]),
        };
        for i in 0..order {
            for j in 0..order {
                out[i * order + j] = q * b[i] * b[j];
            }
        }
    }
}

/// ∫₀ᵘ vᵏ e⁻²ᵛ dv for k < N, each to the last digits.
fn moments<const N: usize>(u: f64) -> [f64; N] {
    let mut g = [0.0; N];
    let e = (-2.0 * u).exp();
    if u > 1.5 {
        // Upwards: the last term is never nearly all of it.
        g[0] = 0.5 * (1.0 - e);
        let mut power = e;
        for k in 1..N {
            power *= u;
            g[k] = 0.5 * (k as f64 * g[k - 1] - power);
        }
        return g;
    }
    // The last one as a series of positive terms, then downwards.
    let last = N - 1;
    let (mut term, mut sum, mut k) = (1.0 / N as f64, 0.0, N as f64);
    while term > 1e-18 * sum {
        sum += term;
        k += 1.0;
        term *= 2.0 * u / k;
    }
    let mut power = e * u.powi(last as i32);
    g[last] = power * u * sum;
    for k in (1..N).rev() {
        g[k - 1] = (2.0 * g[k] + power) / k as f64;
        if k > 1 {
            power = e * u.powi(k as i32 - 1);
        }
    }
    g
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Factor> {
        let matern = |order| Factor::Matern { order, rate: 1.3 };
        vec![matern(1), matern(2), matern(3), Factor::Rotation { rate: 2.1 }, Factor::White]
    }

    fn product(a: &[f64], b: &[f64], m: usize) -> Vec<f64> {
        let entry = |i: usize| (0..m).map(|k| a[i / m * m + k] * b[k * m + i % m]).sum();
        (0..m * m).map(entry).collect()
    }

    fn transposed(a: &[f64], m: usize) -> Vec<f64> {
        (0..m * m).map(|i| a[i % m * m + i / m]).collect()
    }

    #[test]
    fn noise_is_what_the_transition_loses() {
        for factor in all() {
            let m = factor.size();
            for step in [0.0, 1e-4, 0.03, 0.4, 1.1, 1.2, 3.0, 50.0, 1e300] {
                let (mut a, mut q) = (vec![0.0; m * m], vec![0.0; m * m]);
                factor.transition(step, &mut a);
                factor.noise(step, &mut q);
                let kept = product(&product(&a, factor.stationary(), m), &transposed(&a, m), m);
                for ((q, p), k) in q.iter().zip(factor.stationary()).zip(kept) {
                    assert!((q - (p - k)).abs() < 4e-15, "{factor:?} {step}: {q} and {}", p - k);
                }
            }
        }
    }

    #[test]
    fn noise_of_short_steps_keeps_its_digits() {
        // Leading terms of the series in u.
        let u: f64 = 1e-4;
        let mut q = [0.0; 9];
        Factor::Matern { order: 3, rate: 1.0 }.noise(u, &mut q);
        let first = 16.0 / 3.0 * u.powi(5) / 20.0;
        assert!((q[0] / (first * (1.0 - 5.0 / 3.0 * u)) - 1.0).abs() < 1e-7, "{}", q[0]);
        let mut q = [0.0; 4];
        Factor::Matern { order: 2, rate: 1.0 }.noise(u, &mut q);
        assert!((q[0] / (4.0 / 3.0 * u.powi(3) * (1.0 - 1.5 * u)) - 1.0).abs() < 1e-7, "{}", q[0]);
    }

    #[test]
    fn moments_agree_where_the_methods_meet() {
        let (below, above) = (moments::<5>(1.5), moments::<5>(1.5 + 1e-15));
        for (a, b) in below.iter().zip(above) {
            assert!((a / b - 1.0).abs() < 2e-14, "{a} {b}");
        }
    }

    #[test]
    fn slopes() {
        for factor in all() {
            let (m, step, h) = (factor.size(), 0.7, 1e-5);
            let moved = |by: f64| match factor {
                Factor::Matern { order, rate } => Factor::Matern { order, rate: rate + by },
                Factor::Rotation { rate } => Factor::Rotation { rate: rate + by },
                Factor::White => Factor::White,
            };
            let at = |by: f64, noise: bool| {
                let mut out = vec![0.0; m * m];
                if noise {
                    moved(by).noise(step, &mut out);
                } else {
                    moved(by).transition(step, &mut out);
                }
                out
            };
            let (mut a, mut slope) = (vec![0.0; m * m], vec![0.0; m * m]);
            factor.transition(step, &mut a);
            factor.noise_slope(step, &mut slope);
            let a_slope = product(factor.generator(), &a, m);
            for (noise, slope) in [(false, a_slope), (true, slope)] {
                let (low, high) = (at(-h, noise), at(h, noise));
                for i in 0..m * m {
                    let difference = (high[i] - low[i]) / (2.0 * h);
                    assert!((difference - step * slope[i]).abs() < 1e-9, "{factor:?} {noise} {i}");
                }
            }
        }
    }
}
