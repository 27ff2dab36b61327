//! Both tails of every family, as far out as `f64` goes and beyond, and what is asked about NaN.

use super::{Family, Likelihood};

/// A line of a table: family, y, parameters, then lists of numbers.
fn rows(table: &str) -> impl Iterator<Item = (Family, f64, Vec<f64>, Vec<Vec<f64>>)> {
    table.lines().map(|line| {
        let mut words = line.split(' ');
        let family = Family::from_name(words.next().unwrap()).unwrap();
        let mut numbers =
            words.map(|word| word.split(',').map(|v| v.parse().unwrap()).collect::<Vec<f64>>());
        let (y, p) = (numbers.next().unwrap()[0], numbers.next().unwrap());
        (family, y, p, numbers.collect())
    })
}

fn same(found: f64, expected: f64, relative: f64) -> bool {
    found == expected || (found - expected).abs() <= relative * expected.abs()
}

/// Logarithms of both tails from 60-digit arithmetic (mpmath): erfc, incomplete gamma and beta
/// functions by series and continued fractions, von Mises by quadrature.
#[test]
fn logarithms_of_tails_meet_reference() {
    let mut failures = Vec::new();
    for (family, y, p, values) in rows(include_str!("reference/tails.txt")) {
        let (lower, upper) = family.log_tails(y, &p);
        let plain = (family.cdf(y, &p), family.sf(y, &p));
        for (what, found, expected, slack) in [
            ("log cdf", lower, values[0][0], 1e-12),
            ("log sf", upper, values[1][0], 1e-12),
            ("cdf", plain.0, values[0][0].exp(), 1e-11),
            ("sf", plain.1, values[1][0].exp(), 1e-11),
        ] {
            // A logarithm near 0 is as good as the tail; below the normal numbers digits end.
            let tiny = if what.starts_with("log") { 0.0 } else { 1e-306 };
            if !same(found, expected, slack) && (found - expected).abs() > tiny {
                let name = family.name();
                failures.push(format!("{name}({y:e}; {p:?}): {what} {found:e}, not {expected:e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Log densities with their gradients at parameters and observations of extreme sizes, from 90-digit
/// arithmetic (mpmath) with differences.
#[test]
fn extreme_densities_meet_reference() {
    let mut failures = Vec::new();
    for (family, y, p, values) in rows(include_str!("reference/extremes.txt")) {
        let (expected, slopes) = (values[0][0], &values[1]);
        let mut gradient = vec![f64::NAN; p.len()];
        let found = family.log_prob_gradient(y, &p, &mut gradient);
        let name = family.name();
        if (found - expected).abs() > 1e-12 * expected.abs().max(1.0) {
            failures.push(format!("{name}({y:e}; {p:?}): {found:e}, not {expected:e}"));
        }
        for (j, (found, expected)) in gradient.iter().zip(slopes).enumerate() {
            // What a derivative can cancel to: one over the size of its parameter.
            let size = expected.abs().max(1e-3 / p[j].abs().max(1e-300)).min(1e300);
            if (found - expected).abs() > 1e-9 * size {
                failures.push(format!(
                    "{name}({y:e}; {p:?}): derivative {j} {found:e}, not {expected:e}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

const TAILS: [f64; 8] = [0.3, 0.01, 1e-5, 1e-10, 1e-17, 1e-50, 1e-150, 1e-300];

/// Those whose levels are numbers: the end of a circle is its beginning.
fn tails_of(family: &Family) -> &'static [f64] {
    if family.is_angle() { &TAILS[..4] } else { &TAILS }
}

/// `isf` and `quantile` meet `sf` and `cdf` within a few roundings of y, in both tails.
#[test]
fn quantiles_invert_both_tails() {
    for (name, family) in Family::ALL {
        for p in family.examples().iter().map(|e| e.p) {
            let size = p.iter().filter(|v| v.abs() < 1e300).fold(0.0, |m, v| v.abs().max(m));
            for &q in tails_of(family) {
                let (low, high) = (family.quantile(q, p), family.isf(q, p));
                if family.is_discrete() {
                    let before = |y: f64| y - 1.0;
                    assert!(family.cdf(low, p) >= q && family.cdf(before(low), p) < q, "{name}");
                    assert!(family.sf(high, p) <= q && family.sf(before(high), p) > q, "{name}");
                    continue;
                }
                // Levels beyond the largest number, or nearer to 0 than the smallest.
                if high == f64::INFINITY || low.abs() < 1e-306 {
                    let beyond = family.sf(f64::MAX, p) > q || family.cdf(1e-306, p) > q;
                    assert!(beyond, "{name} {p:?}: {low:e}, {high:e} at {q:e}");
                    continue;
                }
                // Relative where the lower end is 0; else numbers are as good as the parameters.
                let step = |y: f64| match family.quantile(0.0, p) {
                    0.0 => 1e-13 * y * y.ln().abs().max(1.0),
                    _ => 1e-13 * size.max(y.abs()),
                };
                let between = |a: f64, b: f64| a <= q * (1.0 + 1e-10) && b >= q * (1.0 - 1e-10);
                let (a, b) = (family.sf(high + step(high), p), family.sf(high - step(high), p));
                assert!(between(a, b), "{name} {p:?}: isf({q:e}) is {high:e}, sf {a:e} to {b:e}");
                let (a, b) = (family.cdf(low - step(low), p), family.cdf(low + step(low), p));
                assert!(between(a, b), "{name} {p:?}: quantile({q:e}) is {low:e}, {a:e} to {b:e}");
            }
            assert_eq!(family.isf(0.0, p), family.quantile(1.0, p), "{name} {p:?}");
            assert_eq!(family.isf(1.0, p), family.quantile(0.0, p), "{name} {p:?}");
            for q in [-0.1, 1.1] {
                assert!(family.isf(q, p).is_nan(), "{name} {p:?}");
            }
        }
    }
}

/// From end to end: probabilities fall, add to 1 and have the logarithms that `log_tails` gives.
#[test]
fn tails_are_monotone_and_add_to_one() {
    for (name, family) in Family::ALL {
        for p in family.examples().iter().map(|e| e.p) {
            let tails = tails_of(family);
            let up = tails.iter().map(|&q| family.quantile(q, p));
            let mut ladder: Vec<f64> = up.chain(tails.iter().map(|&q| family.isf(q, p))).collect();
            ladder.sort_by(f64::total_cmp);
            ladder.dedup();
            let mut last = f64::NEG_INFINITY;
            for &y in &ladder {
                let (cdf, sf) = (family.cdf(y, p), family.sf(y, p));
                let at = format!("{name} {p:?} at {y:e}: {cdf:e}, {sf:e}");
                assert!((cdf + sf - 1.0).abs() < 1e-14, "{at}");
                let (lower, upper) = family.log_tails(y, p);
                assert!(lower <= 0.0 && upper <= 0.0, "{at}");
                for (log, plain) in [(lower, cdf), (upper, sf)] {
                    assert!(plain < 1e-290 || same(log.exp(), plain, 1e-11), "{at}, log {log}");
                }
                // Both are infinite beyond an end.
                let falls = lower - upper < last - 1e-9 * last.abs();
                assert!(!falls, "{at}");
                last = lower - upper;
            }
        }
    }
}

#[test]
fn what_is_asked_about_nan_is_nan() {
    for (name, family) in Family::ALL {
        let good = family.examples()[0].p;
        let y = family.quantile(0.4, good);
        let mut cases = vec![(f64::NAN, good.to_vec())];
        for j in 0..good.len() {
            let mut p = good.to_vec();
            p[j] = f64::NAN;
            cases.push((y, p));
        }
        for (i, (y, p)) in cases.iter().enumerate() {
            let (y, p) = (*y, &p[..]);
            let log = family.log_tails(y, p);
            let q = if i == 0 { f64::NAN } else { 0.4 };
            let found = [
                family.log_prob(y, p),
                family.cdf(y, p),
                family.sf(y, p),
                log.0,
                log.1,
                family.quantile(q, p),
                family.isf(q, p),
            ];
            assert!(found.iter().all(|v| v.is_nan()), "{name} at {y}, {p:?}: {found:?}");
            if i > 0 {
                let moments = [family.mean(p), family.sd(p)];
                assert!(moments.iter().all(|v| v.is_nan()), "{name} {p:?}: {moments:?}");
            }
            let mut gradient = vec![f64::NAN; p.len()];
            let value = family.log_prob_gradient(y, p, &mut gradient);
            assert_eq!(value, f64::NEG_INFINITY, "{name}: engines are told that it is impossible");
            assert!(gradient.iter().all(|g| *g == 0.0), "{name}: {gradient:?}");
        }
    }
}
