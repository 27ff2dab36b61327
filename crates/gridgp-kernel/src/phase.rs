//! Where in its period a number lies.

/// x/p modulo 1, in [−½, ½].
///
/// The remainder is exact, so the phase of a far-away x has no error that grows with x/p.
#[inline]
pub(super) fn phase(x: f64, period: f64) -> f64 {
    let rest = x % period;
    let half = 0.5 * period;
    let near = if rest > half {
        rest - period
    } else if rest < -half {
        rest + period
    } else {
        rest
    };
    near / period
}

#[cfg(test)]
mod tests {
    use super::phase;

    #[test]
    fn whole_periods_do_not_count() {
        assert_eq!(phase(7.0, 4.0), -0.25);
        assert_eq!(phase(-7.0, 4.0), 0.25);
        assert_eq!(phase(1e15 + 0.5, 2.0), 0.25);
        assert_eq!(phase(0.0, 1e-300), 0.0);
        assert_eq!(phase(1.0, 1e300), 1e-300);
        assert!(phase(1.0, 0.0).is_nan());
    }
}
