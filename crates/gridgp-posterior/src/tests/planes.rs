//! Fields over two axes together: every question gives the same answer, on a grid and at points, of cells
//! and of their sums, and from draws.

use gridgp_model::Predictor;

use super::*;

fn plane() -> Model {
    let text = format!(
        "{HEAD}[fields.f]\n'x, t' = 'matern1()'\ns = 'matern12(lon)'\n[fields.g]\nx = 'matern12()'\n\
         t = 'matern12()'\ns = 'matern12(lon)'\n[likelihood]\nfamily = 'gaussian'\nlocation = '0.3 + f + g * \
         gmst'\n"
    );
    model(&text, without(data(5, 4, 3), [3, 17, 18, 30, 31]))
}

#[test]
fn grids_points_sums_and_draws_agree() {
    let m = plane();
    let theta = medians(&m);
    let c = Conditional::new(&m, &theta).unwrap();
    let (here, n) = (c.here(), m.data.grid.len());
    let all = c.on_grid(&here).unwrap();
    let (points, columns) = scattered(&here.grid, &m.data.covariates);
    let scattered = c.at_points(&points, &columns).unwrap();
    let sums = c
        .sums_on_grid(&here, n, |k| (0..n).map(|i| f64::from(u8::from(i == k))).collect())
        .unwrap();
    for i in 0..n {
        for (mean, sd) in [(scattered.mean[i], scattered.sd[i]), (sums.mean[i], sums.sd[i])] {
            assert!((mean - all.mean[i]).abs() < 1e-12, "{i}");
            assert!((sd - all.sd[i]).abs() < 1e-10, "{i}: {sd} {}", all.sd[i]);
        }
    }
    // The variance of a sum over two cells holds their covariance, which draws must have, too.
    let pair: Vec<f64> =
        (0..n).map(|i| if i == 17 { 1.0 } else { f64::from(u8::from(i == 18)) }).collect();
    let sum = c.sums_on_grid(&here, 1, |_| pair.clone()).unwrap();
    let count = 4000;
    for draws in [
        c.draws_on_grid(&here, count, 1).unwrap(),
        c.draws_at_points(&points, &columns, count, 2).unwrap(),
    ] {
        let of = |d: usize| draws[d * n + 17] + draws[d * n + 18];
        let mean = (0..count).map(of).sum::<f64>() / count as f64;
        let sd = ((0..count).map(|d| (of(d) - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
        assert!((mean - sum.mean[0]).abs() < 5.0 * sum.sd[0] / (count as f64).sqrt());
        assert!(
            (sd / sum.sd[0] - 1.0).abs() < 5.0 / (2.0 * count as f64).sqrt(),
            "{sd} {:?}",
            sum.sd
        );
    }
}

#[test]
fn components_add_up_and_an_observation_left_out_is_one_that_is_missing() {
    let m = plane();
    let theta = medians(&m);
    let c = Conditional::new(&m, &theta).unwrap();
    let all = c.on_grid(&c.here()).unwrap();
    let (location, _) = m.gaussian_parts().unwrap();
    let part = |k: usize| {
        let terms = vec![location.random().nth(k).unwrap().1.clone()];
        c.clone().about(Predictor { terms }).unwrap().on_grid(&c.here()).unwrap().mean
    };
    let (f, g) = (part(0), part(1));
    for i in 0..f.len() {
        assert!((0.3 + f[i] + g[i] - all.mean[i]).abs() < 1e-12);
    }
    let found = c.leave_one_out().unwrap();
    for i in (0..found.cells.len()).step_by(9) {
        let mut one_less = m.clone();
        one_less.data.response.missing.as_mut().unwrap()[found.cells[i]] = true;
        let c = Conditional::new(&one_less, &theta).unwrap();
        let moments = c.on_grid(&c.here()).unwrap();
        let cell = found.cells[i];
        let z = (m.data.response.values[cell] - moments.mean[cell]) / moments.sd_observation[cell];
        assert!((found.residual[i] - z).abs() < 1e-8, "{cell}");
    }
}

#[test]
fn what_lies_beyond_or_between_is_refused_where_it_is_not_known() {
    let m = plane();
    let c = Conditional::new(&m, &medians(&m)).unwrap();
    let new = |x: f64, lon: f64| {
        let grid = grid(vec![x], vec![0.0, 1.0], vec![(lon, 40.0)]);
        Place { covariates: covariates(&grid), grid }
    };
    assert!(c.on_grid(&new(0.25, 0.0)).is_ok());
    let e = c.on_grid(&new(-0.1, 0.0)).unwrap_err().to_string();
    assert!(e.contains("\"f\" is known from 0 to 2 along \"x\""), "{e}");
    let e = c.on_grid(&new(0.0, 0.7)).unwrap_err().to_string();
    assert!(e.contains("\"f\" along \"s\" is known at the points of the data alone"), "{e}");
}
