//! Sums of fields from draws: each draw's sum is that of its fields.

use gridgp_grid::{Covariate, Points};

use super::*;
use crate::{ForecastOptions, Quantity, Target, forecast, prior_samples};

const TEXT: &str = "[data]\nresponse = 'y'\naxes = ['s', 't']\ncovariates.w = { along = 't' }\n\
    covariates.idle = { along = 't' }\n[parameters]\nbeta = 'normal(0, 1)'\n\
    [fields.f]\ns = 'matern32()'\nt = 'squared_exponential()'\n[fields.g]\nt = 'matern32()'\n\
    [likelihood]\nfamily = 'poisson'\nrate = 'exp(f + (beta + g) * w)'\n";

fn model() -> Model {
    let axis = |name: &str, n: u32| Axis::numbers(name, (0..n).map(f64::from).collect()).unwrap();
    let grid = Grid::new(vec![axis("s", 4), axis("t", 3)]).unwrap();
    let known = |name: &str| Covariate {
        name: name.into(),
        axes: vec![1],
        values: vec![0.5, -1.0, 2.0],
        units: None,
        missing: None,
    };
    let y = Variable::new("y", (0..12).map(|i| f64::from(i % 5)).collect());
    let data = Dataset::new(grid, y, vec![known("w"), known("idle")]).unwrap();
    let source = Source::new("test", TEXT);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

fn options(only: &[&str]) -> ForecastOptions {
    ForecastOptions {
        quantiles: vec![0.25, 0.5],
        keep_draws: 200,
        only: only.iter().map(|&name| name.to_owned()).collect(),
        seed: 4,
    }
}

/// That `found[2]` is `found[0] + weight * found[1]`, cell by cell, in every draw and in what is said
/// of all draws.
fn check(found: &[Quantity], weight: impl Fn(usize) -> f64, count: usize) {
    let [f, g, sum] = found else { panic!("three quantities") };
    let cells = f.mean.len();
    assert_eq!(sum.draws.len(), count * cells);
    for (i, found) in sum.draws.iter().enumerate() {
        let want = f.draws[i] + weight(i % cells) * g.draws[i];
        assert!((found - want).abs() < 1e-12, "{i}: {found} for {want}");
    }
    for cell in 0..cells {
        let mut of: Vec<f64> = sum.draws.iter().skip(cell).step_by(cells).copied().collect();
        let n = count as f64;
        let mean = of.iter().sum::<f64>() / n;
        let sd = (of.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        assert!((sum.mean[cell] - mean).abs() < 1e-12 && (sum.sd[cell] - sd).abs() < 1e-12);
        of.sort_by(f64::total_cmp);
        for (level, p) in [0.25, 0.5].into_iter().enumerate() {
            let (below, above) = (of[(p * n) as usize - 2], of[(p * n) as usize + 2]);
            let found = sum.quantiles[level * cells + cell];
            assert!((below..=above).contains(&found), "{found} in {below}..{above}");
        }
    }
}

#[test]
fn a_sum_of_fields_is_the_sum_of_their_draws() {
    let m = model();
    let samples = prior_samples(&m, 200, 1).unwrap();
    let times = [0.0, 1.0, 2.0];
    let axes = |s: &[f64]| {
        vec![Axis::numbers("s", s.to_vec()).unwrap(), Axis::numbers("t", times.to_vec()).unwrap()]
    };
    let w = |cell: usize| [0.5, -1.0, 2.0][cell % 3];
    for s in [&[0.0, 1.0, 2.0, 3.0][..], &[0.5, 2.0]] {
        let place = Place { grid: Grid::new(axes(s)).unwrap(), covariates: vec![] };
        let target = Target::Grid(&place);
        let of = |only: &[&str]| forecast(&m, &samples, &target, &options(only)).unwrap();
        check(&of(&["f", "g", "f + g"]), |_| 1.0, 200);
        check(&of(&["f", "g", "f - 2 * g*w"]), |c| -2.0 * w(c), 200);
        // A sum without its fields is the same sum.
        assert_eq!(of(&["g", "f + g"])[1], of(&["f", "g", "f + g"])[2]);
    }
    let points = [Points::line(&[0.0, 2.5, 2.5]), Points::line(&[1.0, 1.0, 7.0])];
    let known = [("w".to_owned(), vec![3.0, 1.0, -1.0])];
    let target = Target::Points(&points, &known);
    let found = forecast(&m, &samples, &target, &options(&["f", "g", "f+g*w"])).unwrap();
    check(&found, |c| known[0].1[c], 200);
}

#[test]
fn what_is_no_sum_of_fields_is_refused() {
    let m = model();
    let samples = prior_samples(&m, 3, 1).unwrap();
    let place = Place { grid: m.data.grid.clone(), covariates: vec![] };
    let said = |only: &str| {
        forecast(&m, &samples, &Target::Grid(&place), &options(&[only])).unwrap_err().to_string()
    };
    for (only, what) in [
        ("nothing", "\"nothing\" is no field"),
        ("f + nothing", "\"nothing\" is no field"),
        ("f * g", "multiplies two fields"),
        ("exp(f)", "not linear"),
        ("f +", "there is no quantity"),
        ("2 * beta", "it has no field"),
        // Nobody has to say what it is at a new place, so it would be taken for 0.
        ("f * idle", "\"idle\" is in no equation"),
    ] {
        let said = said(only);
        assert!(said.contains(what) && said.contains("rate") && said.contains("f + g"), "{said}");
    }
}
