//! Observations left out one at a time, against fits without them.

use gridgp_model::spec::Algebra;

use super::algebras::{by, coast, markov, masked, several};
use super::*;
use crate::held_out;

/// One field, and no cell missing but all of one time: a filter for each eigenvector of the sites.
fn whole_times() -> Model {
    let text = format!(
        "{HEAD}[fields.f]\nx = 'matern32()'\nt = 'matern12()'\ns = 'matern52()'\n[likelihood]\n\
         family = 'gaussian'\nlocation = '0.3 + f'\n"
    );
    model(&text, without(data(8, 3, 2), 12..18))
}

#[test]
fn each_observation_is_predicted_by_all_others() {
    let cases = [
        (masked(&[]), Algebra::Spectral),
        (masked(&[13, 22]), Algebra::Complement),
        (masked(&[13, 22]), Algebra::Dense),
        (several(4), Algebra::Dense),
        (several(4), Algebra::Iterative),
        (several(6), Algebra::StateSpace),
        (masked(&[]), Algebra::StateSpace),
        (coast(), Algebra::StateSpace),
        (markov(), Algebra::Sparse),
        (whole_times(), Algebra::StateSpace),
    ];
    for (m, algebra) in cases {
        let theta = medians(&m);
        let other = by(&m, algebra);
        let found = Conditional::new(&other, &theta).unwrap().leave_one_out().unwrap();
        let missing = m.data.response.missing_cells();
        assert_eq!(found.cells.len() + missing.len(), m.data.grid.len());
        let tolerance = if algebra == Algebra::Iterative { 1e-4 } else { 1e-7 };
        for i in (0..found.cells.len()).step_by(5) {
            let cell = found.cells[i];
            let mut one_less = by(&m, Algebra::Dense);
            let all = one_less
                .data
                .response
                .missing
                .get_or_insert_with(|| vec![false; m.data.grid.len()]);
            all[cell] = true;
            let c = Conditional::new(&one_less, &theta).unwrap();
            let moments = c.on_grid(&c.here()).unwrap();
            let (mean, sd) = (moments.mean[cell], moments.sd_observation[cell]);
            let z = (m.data.response.values[cell] - mean) / sd;
            assert!(
                (found.residual[i] - z).abs() < tolerance * z.abs().max(1.0),
                "{algebra:?} {cell}"
            );
            let log_score = -0.5 * (z * z + (2.0 * std::f64::consts::PI).ln()) - sd.ln();
            assert!(
                (found.log_score[i] - log_score).abs() < tolerance * 10.0,
                "{algebra:?} {cell}"
            );
        }
    }
}

/// The score of a normal prediction by a sum over its quantiles.
#[test]
fn the_crps_is_that_of_a_normal() {
    use gridgp_dist::{Distribution as _, Normal};
    let m = by(&masked(&[]), Algebra::Dense);
    let found = Conditional::new(&m, &medians(&m)).unwrap().leave_one_out().unwrap();
    let standard = Normal::new(0.0, 1.0).unwrap();
    for i in 0..3 {
        let z = found.residual[i];
        let sd = (-0.5 * (z * z + (2.0 * std::f64::consts::PI).ln()) - found.log_score[i]).exp();
        // 2 ∫ (quantile score) dp.
        let n = 200_000;
        let score = |p: f64| {
            let q = standard.quantile(p);
            (if z < q { 1.0 - p } else { p }) * (z - q).abs()
        };
        let sum: f64 = (0..n).map(|k| score((f64::from(k) + 0.5) / f64::from(n))).sum();
        assert!((found.crps[i] - sd * 2.0 * sum / f64::from(n)).abs() < 1e-4 * sd);
    }
}

#[test]
fn groups_are_held_out_as_a_whole() {
    let m = by(&masked(&[13, 22]), Algebra::Complement);
    let theta = medians(&m);
    let group: Vec<usize> = (0..m.data.grid.len()).map(|c| c % 3).collect();
    let found = held_out(&m, &theta, &group).unwrap();
    let missing = m.data.response.missing.clone().unwrap();
    assert_eq!(found.cells, (0..missing.len()).filter(|&c| !missing[c]).collect::<Vec<_>>());
    let mut others = by(&m, Algebra::Dense);
    others.data.response.missing =
        Some((0..missing.len()).map(|c| missing[c] || c % 3 == 1).collect());
    let c = Conditional::new(&others, &theta).unwrap();
    let moments = c.on_grid(&c.here()).unwrap();
    for (i, &cell) in found.cells.iter().enumerate().filter(|(_, c)| **c % 3 == 1) {
        let z = (m.data.response.values[cell] - moments.mean[cell]) / moments.sd_observation[cell];
        assert!((found.residual[i] - z).abs() < 1e-7 * z.abs().max(1.0), "{cell}");
    }
    // One observation in each group: left out one at a time.
    let alone = held_out(&m, &theta, &(0..missing.len()).collect::<Vec<_>>()).unwrap();
    let one = Conditional::new(&m, &theta).unwrap().leave_one_out().unwrap();
    let pairs = alone.log_score.iter().zip(&one.log_score);
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
    let all = held_out(&m, &theta, &vec![0; missing.len()]).unwrap_err().to_string();
    assert!(all.contains("nothing is left"), "{all}");
}
