//! What has to be known at a new place: what the answer is made of, and no more.

use super::*;
use crate::{ForecastOptions, Target, forecast, prior_samples};

fn noisy() -> Model {
    let text = format!(
        "{HEAD}[parameters]\nmu = 'normal(0, 1)'\nhalf = 0.5\n[fields.f]\nx = 'matern32(lengthscale = 1)'\n\
         amplitude = 1\n[likelihood]\nfamily = 'gaussian'\nlocation = 'mu + 2 * half * f * gmst'\n\
         scale = 'sqrt(0.04 * height^2 + 0.01 * both^2)'\n"
    );
    let mut data = data(4, 3, 5);
    data.covariates.iter_mut().for_each(|c| c.values.iter_mut().for_each(|v| *v = v.abs() + 0.1));
    model(&text, data)
}

fn place(model: &Model, take: [&[usize]; 3]) -> Place {
    let axes = model.data.grid.axes().iter().zip(take).map(|(axis, take)| {
        let own = axis.coordinates().iter().map(|c| c.take(take));
        Axis::new(axis.name(), own.collect()).unwrap()
    });
    Place { grid: Grid::new(axes.collect()).unwrap(), covariates: vec![] }
}

/// At points of the data, in any order, covariates along one and two axes are those of the data.
#[test]
fn covariates_are_known_at_points_of_the_data() {
    let m = noisy();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let whole = conditional.on_grid(&conditional.here()).unwrap();
    let take: [&[usize]; 3] = [&[3, 0, 2], &[1], &[4, 2, 0, 1]];
    let place = place(&m, take);
    let part = conditional.on_grid(&place).unwrap();
    let samples = prior_samples(&m, 40, 1).unwrap();
    let options = ForecastOptions { only: vec!["scale".into()], ..ForecastOptions::default() };
    let of = |place: &Place| {
        forecast(&m, &samples, &Target::Grid(place), &options).unwrap().swap_remove(0).mean
    };
    let (all_scales, scales) = (of(&conditional.here()), of(&place));
    for cell in 0..place.grid.len() {
        let index = place.grid.unravel(cell);
        let own: Vec<usize> = index.iter().zip(take).map(|(&i, take)| take[i]).collect();
        let old = m.data.grid.ravel(&own);
        assert!((part.mean[cell] - whole.mean[old]).abs() < 1e-12);
        assert!((part.sd_observation[cell] - whole.sd_observation[old]).abs() < 1e-12);
        assert_eq!(scales[cell], all_scales[old]);
    }
}

#[test]
fn what_nothing_is_made_of_need_not_be_known() {
    let m = noisy();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    // New stations, where neither height nor both is known.
    let there = Place { grid: elsewhere_at_known_times(&m), covariates: vec![] };
    let e = conditional.on_grid(&there).unwrap_err().to_string();
    assert!(e.contains("\"height\"") && e.contains("lat = 60"), "{e}");
    let quiet = conditional.clone().without_noise();
    let found = quiet.on_grid(&there).unwrap();
    assert!(found.sd_observation.is_empty() && found.mean.len() == there.grid.len());
    assert_eq!(quiet.draws_on_grid(&there, 2, 1).unwrap().len(), 2 * there.grid.len());
    let (points, columns) = scattered(&there.grid, &[]);
    assert!(columns.is_empty());
    let gmst = vec![("gmst".to_owned(), vec![0.5; points[0].len()])];
    assert!(conditional.at_points(&points, &gmst).is_err());
    assert!(quiet.at_points(&points, &gmst).unwrap().sd_observation.is_empty());
    let field = conditional.clone().about(m.combination("f * half").unwrap()).unwrap();
    assert!(field.at_points(&points, &[]).is_ok() && field.on_grid(&there).is_ok());
    let samples = prior_samples(&m, 20, 1).unwrap();
    for (only, needs) in [("f", false), ("mean", false), ("location", false), ("scale", true)] {
        let options = ForecastOptions {
            only: vec![only.into()],
            quantiles: vec![0.5],
            ..ForecastOptions::default()
        };
        let found = forecast(&m, &samples, &Target::Grid(&there), &options);
        assert_eq!(found.is_err(), needs, "{only}");
        let found = forecast(&m, &samples, &Target::Points(&points, &gmst), &options);
        assert_eq!(found.is_err(), needs, "{only}");
    }
}

#[test]
fn a_covariate_has_values_that_its_use_admits() {
    let m = noisy();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let mut here = conditional.here();
    let mut height = m.data.covariates[1].clone();
    height.values[2] = -0.1;
    here.covariates = vec![height];
    let e = conditional.on_grid(&here).unwrap_err().to_string();
    assert!(e.contains("\"height\" is -0.1: a known standard deviation cannot"), "{e}");
    assert!(conditional.clone().without_noise().on_grid(&here).is_ok());
    let (points, mut columns) = scattered(&here.grid, &m.data.covariates);
    columns[2].1[7] = -3.0;
    let e = conditional.at_points(&points, &columns).unwrap_err().to_string();
    assert!(e.contains("at point 7, the covariate \"both\" is -3"), "{e}");
    let samples = prior_samples(&m, 5, 1).unwrap();
    let all = ForecastOptions::default();
    for target in [Target::Points(&points, &columns), Target::Grid(&here)] {
        let e = forecast(&m, &samples, &target, &all).unwrap_err().to_string();
        assert!(e.contains("cannot be negative"), "{e}");
    }
}

/// The times of the data at stations that they do not have.
fn elsewhere_at_known_times(m: &Model) -> Grid {
    let axes = m.data.grid.axes();
    let s = vec![
        Coordinate::numbers("lon", vec![0.0, 9.0]),
        Coordinate::numbers("lat", vec![60.0, 61.0]),
    ];
    Grid::new(vec![axes[0].clone(), axes[1].clone(), Axis::new("s", s).unwrap()]).unwrap()
}
