//! Cholesky factors of matrices of a few dozen rows, and their inverses.
//!
//! Libraries are made for large matrices; at this size loops along rows take a quarter of their time.

/// Replaces S, of which the lower triangle is read, by L with S = L Lᵀ, and writes L⁻¹ into `inverse`;
/// all p × p, row-major. Above the diagonal L is not written, and L⁻¹ is 0.
///
/// # Errors
/// The first pivot that is not positive, or not finite.
#[inline(always)]
pub(super) fn factorize(
    s: &mut [f64],
    inverse: &mut [f64],
    column: &mut [f64],
    p: usize,
) -> Result<(), f64> {
    for j in 0..p {
        let pivot = s[j * p + j];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(pivot);
        }
        let root = pivot.sqrt();
        s[j * p + j] = root;
        for i in j + 1..p {
            s[i * p + j] /= root;
            column[i] = s[i * p + j];
        }
        for i in j + 1..p {
            let (c, row) = (column[i], &mut s[i * p + j + 1..i * p + i + 1]);
            row.iter_mut().zip(&column[j + 1..i + 1]).for_each(|(s, l)| *s -= c * l);
        }
    }
    for i in 0..p {
        let (above, row) = inverse[..(i + 1) * p].split_at_mut(i * p);
        row.fill(0.0);
        for k in 0..i {
            let c = s[i * p + k];
            let known = &above[k * p..k * p + k + 1];
            row.iter_mut().zip(known).for_each(|(x, k)| *x -= c * k);
        }
        let pivot = s[i * p + i].recip();
        row[..i].iter_mut().for_each(|x| *x *= pivot);
        row[i] = pivot;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_times_its_inverse_is_one() {
        for p in [1, 2, 7, 40] {
            let entry = |i: usize, j: usize| {
                let d = i as f64 - j as f64;
                (-0.1 * d * d).exp() + if i == j { 0.3 + 0.01 * i as f64 } else { 0.0 }
            };
            let mut s: Vec<f64> = (0..p * p).map(|c| entry(c / p, c % p)).collect();
            let (mut inverse, mut column) = (vec![f64::NAN; p * p], vec![0.0; p]);
            factorize(&mut s, &mut inverse, &mut column, p).unwrap();
            for i in 0..p {
                for j in 0..=i {
                    let square: f64 = (0..=j).map(|k| s[i * p + k] * s[j * p + k]).sum();
                    assert!((square - entry(i, j)).abs() < 1e-14);
                    let one: f64 = (j..=i).map(|k| s[i * p + k] * inverse[k * p + j]).sum();
                    assert!((one - f64::from(i == j)).abs() < 1e-13);
                }
                assert!(inverse[i * p + i + 1..(i + 1) * p].iter().all(|x| *x == 0.0));
            }
        }
    }

    #[test]
    fn the_pivot_that_fails_is_given() {
        let mut s = vec![1.0, 0.0, 2.0, 3.0];
        assert_eq!(factorize(&mut s, &mut [0.0; 4], &mut [0.0; 2], 2), Err(-1.0));
    }
}
