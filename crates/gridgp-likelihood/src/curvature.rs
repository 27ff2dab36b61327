//! The choice between the observed and the expected information.

/// The lower triangle of a symmetric P × P matrix, row by row: [h₀₀, h₁₀, h₁₁, h₂₀, h₂₁, h₂₂].
type Triangle<'a> = &'a [f64];

/// Which of them is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The observed one, also where it is indefinite.
    Observed,
    /// The observed one where it is positive semidefinite, else the expected one.
    Semidefinite,
}

impl Which {
    /// Writes the one that is wanted, as [`observed_or`].
    pub(super) fn write<const T: usize>(
        self,
        out: &mut [f64],
        observed: [f64; T],
        expected: impl FnOnce() -> [f64; T],
    ) {
        match self {
            Self::Observed => write(out, &observed),
            Self::Semidefinite => observed_or(out, observed, expected),
        }
    }
}

/// Writes `observed` to the first rows and columns of `out` if it is positive semidefinite, else
/// what `expected` gives; the rest, of known parameters, is 0.
fn observed_or<const T: usize>(
    out: &mut [f64],
    observed: [f64; T],
    expected: impl FnOnce() -> [f64; T],
) {
    let chosen = if is_semidefinite(&observed) { observed } else { expected() };
    write(out, &chosen);
}

/// Writes a triangle to the first rows and columns of `out`, and 0 to the rest.
pub(super) fn write(out: &mut [f64], triangle: Triangle<'_>) {
    let n = out.len().isqrt();
    out.fill(0.0);
    let (mut i, mut j) = (0, 0);
    for &v in triangle {
        // Overflow far outside of any data: no curvature rather than a NaN.
        let v = if v.is_finite() { v } else { 0.0 };
        out[i * n + j] = v;
        out[j * n + i] = v;
        (i, j) = if j == i { (i + 1, 0) } else { (i, j + 1) };
    }
}

/// Whether every pivot of a Cholesky factorization is positive, or 0 with a row of zeros.
fn is_semidefinite(triangle: Triangle<'_>) -> bool {
    let mut l = [0.0; 6];
    let (mut i, mut start) = (0, 0);
    while start < triangle.len() {
        for j in 0..=i {
            let row = j * (j + 1) / 2;
            let inner: f64 = (0..j).map(|k| l[start + k] * l[row + k]).sum();
            let rest = triangle[start + j] - inner;
            if j < i {
                let pivot: f64 = l[row + j];
                if pivot > 0.0 {
                    l[start + j] = rest / pivot;
                } else if rest != 0.0 {
                    return false;
                }
            } else if rest >= 0.0 {
                l[start + j] = rest.sqrt();
            } else {
                return false;
            }
        }
        i += 1;
        start += i;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semidefinite_is_told_from_indefinite() {
        assert!(is_semidefinite(&[0.0]) && is_semidefinite(&[2.0]) && !is_semidefinite(&[-1e-300]));
        assert!(is_semidefinite(&[1.0, 1.0, 1.0]) && !is_semidefinite(&[1.0, 1.1, 1.0]));
        assert!(is_semidefinite(&[0.0, 0.0, 1.0]) && !is_semidefinite(&[0.0, 0.1, 1.0]));
        assert!(is_semidefinite(&[2.0, -1.0, 2.0, 0.0, -1.0, 2.0]));
        assert!(!is_semidefinite(&[1.0, 0.9, 1.0, 0.9, -0.9, 1.0]));
        assert!(!is_semidefinite(&[f64::NAN, 0.0, 1.0]));
    }

    #[test]
    fn triangles_fill_the_first_rows() {
        let mut out = [f64::NAN; 9];
        observed_or(&mut out, [1.0, 2.0, 1.0], || [3.0, 4.0, 6.0]);
        assert_eq!(out, [3.0, 4.0, 0.0, 4.0, 6.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
