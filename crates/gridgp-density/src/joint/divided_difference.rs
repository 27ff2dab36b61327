//! Sums over pairs that the derivative of a matrix function needs.

/// out\[i, j\] = Σ (α\[l,i,r\] β\[l,j,r\] + α\[l,j,r\] β\[l,i,r\]) / (δ\[l,i,r\] + δ\[l,j,r\]) over l and r, for i and
/// j in the same of `blocks`; the other entries stay as they are. `out` is n × n, row-major.
///
/// The divided difference (√x − √y)/(x − y) is 1/(√x + √y): nothing is lost where x and y come
/// close. α, β and δ ≥ 0 are row-major tensors of shape (left, n, right). Where a sum of two δ is 0,
/// so must be the product above it.
///
/// # Source
/// The theorem of Daleckii and Krein; Higham (2008), Functions of Matrices, theorem 3.11.
pub(super) fn pair_sums(
    alpha: &[f64],
    beta: &[f64],
    delta: &[f64],
    (left, n, right): (usize, usize, usize),
    blocks: &[std::ops::Range<usize>],
    out: &mut [f64],
) {
    // Divisions are most of the work: as wide as the processor has them.
    pulp::Arch::new().dispatch(PairSums {
        alpha,
        beta,
        delta,
        shape: (left, n, right),
        blocks,
        out,
    });
}

struct PairSums<'a> {
    alpha: &'a [f64],
    beta: &'a [f64],
    delta: &'a [f64],
    shape: (usize, usize, usize),
    blocks: &'a [std::ops::Range<usize>],
    out: &'a mut [f64],
}

impl pulp::NullaryFnOnce for PairSums<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { alpha, beta, delta, shape: (left, n, right), blocks, out } = self;
        for block in blocks {
            for i in block.clone() {
                out[i * n..][..n][i..block.end].fill(0.0);
            }
            for l in 0..left {
                let at = |x| row(x, l * n * right, n * right);
                let (alpha, beta, delta) = (at(alpha), at(beta), at(delta));
                for i in block.clone() {
                    let sums = &mut out[i * n..][i..block.end];
                    if right == 1 {
                        let rest = i..block.end;
                        let (a, b, d) = (alpha[i], beta[i], delta[i]);
                        let others = alpha[rest.clone()].iter().zip(&beta[rest.clone()]);
                        for ((sum, (x, y)), e) in sums.iter_mut().zip(others).zip(&delta[rest]) {
                            *sum += (a * y + x * b) / (d + e).max(f64::MIN_POSITIVE);
                        }
                    } else {
                        let (a, b) = (row(alpha, i * right, right), row(beta, i * right, right));
                        let d = row(delta, i * right, right);
                        for (sum, j) in sums.iter_mut().zip(i..) {
                            let (x, y) =
                                (row(alpha, j * right, right), row(beta, j * right, right));
                            *sum += ratios(a, b, d, x, y, row(delta, j * right, right));
                        }
                    }
                }
            }
            for i in block.clone() {
                for j in i + 1..block.end {
                    out[j * n + i] = out[i * n + j];
                }
            }
        }
    }
}

#[inline(always)]
fn row(x: &[f64], from: usize, length: usize) -> &[f64] {
    &x[from..from + length]
}

/// Σ (aᵣ yᵣ + xᵣ bᵣ) / (dᵣ + eᵣ), in eight sums that the processor adds at once.
#[inline(always)]
fn ratios(a: &[f64], b: &[f64], d: &[f64], x: &[f64], y: &[f64], e: &[f64]) -> f64 {
    let n = a.len();
    let (b, d, x, y, e) = (&b[..n], &d[..n], &x[..n], &y[..n], &e[..n]);
    let term = |r: usize| (a[r] * y[r] + x[r] * b[r]) / (d[r] + e[r]).max(f64::MIN_POSITIVE);
    let mut sums = [0.0; 8];
    let whole = n - n % 8;
    for r in (0..whole).step_by(8) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += term(r + k);
        }
    }
    sums.iter().sum::<f64>() + (whole..n).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_sums() {
        for (left, n, right) in [(1, 5, 1), (3, 5, 1), (1, 5, 7), (2, 5, 4)] {
            let tensor = |phase: f64| -> Vec<f64> {
                (0..left * n * right).map(|i| (1.3 * i as f64 + phase).sin()).collect()
            };
            let (alpha, beta) = (tensor(0.1), tensor(0.7));
            let delta: Vec<f64> = tensor(0.4).iter().map(|v| v.abs()).collect();
            let mut out = vec![7.0; n * n];
            pair_sums(&alpha, &beta, &delta, (left, n, right), &[0..2, 3..5], &mut out);
            for i in 0..n {
                for j in 0..n {
                    let inside = (i < 2 && j < 2) || (i >= 3 && j >= 3);
                    let sum: f64 = (0..left * right)
                        .map(|k| {
                            let at = |i: usize| (k / right * n + i) * right + k % right;
                            let (i, j) = (at(i), at(j));
                            (alpha[i] * beta[j] + alpha[j] * beta[i]) / (delta[i] + delta[j])
                        })
                        .sum();
                    let want = if inside { sum } else { 7.0 };
                    assert!((out[i * n + j] - want).abs() < 1e-12 * want.abs().max(1.0), "{i} {j}");
                }
            }
        }
    }

    #[test]
    fn nothing_over_nothing_is_nothing() {
        let mut out = [1.0; 4];
        pair_sums(
            &[0.0; 2],
            &[1.0; 2],
            &[0.0; 2],
            (1, 2, 1),
            std::slice::from_ref(&(0..2)),
            &mut out,
        );
        assert_eq!(out, [0.0; 4]);
    }
}
