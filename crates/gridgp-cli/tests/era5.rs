//! A million cells of real data, against numbers made elsewhere.

use std::ops::ControlFlow;
use std::path::PathBuf;

use gridgp_density::Marginal;
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};

const MODEL: &str = "[data]\nresponse = 't2m'\nstandardize = true\n\
                     axes = { time = { units = 'days' }, latitude = 'latitude', longitude = 'longitude' }\n\
                     [parameters]\nlt = 'half_normal(5)'\nll = 'half_normal(5)'\nlg = 'half_normal(5)'\n\
                     amplitude = 'half_normal(2)'\nsigma = 'half_normal(1)'\n\
                     [fields.f]\namplitude = 'amplitude'\ntime = 'matern32(lengthscale = lt)'\n\
                     latitude = 'matern32(lengthscale = ll)'\nlongitude = 'matern32(lengthscale = lg)'\n\
                     [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 'sigma'\n\
                     [inference]\nstarts = 1\n";

fn model() -> Option<Model> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/era5_uk_t2m_2019_03.nc");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    let source = Source::new("era5", MODEL);
    let spec = ModelSpec::from_toml(&source).unwrap();
    let data = gridgp_io::read(&path, &spec.data).unwrap();
    assert_eq!(data.grid.shape(), [744, 33, 49]);
    Some(Model::new(spec, &source, data).unwrap())
}

#[test]
fn likelihood_and_gradient() {
    let Some(model) = model() else { return };
    let mut gradient = vec![0.0; 5];
    let theta = [1.0, 2.0, 2.0, 1.0, 0.1];
    let value = Marginal::new(&model).unwrap().log_prob_vjp(&theta, &mut gradient).unwrap();
    assert!((value.log_prob / 569_204.396_276_65 - 1.0).abs() < 1e-9, "{}", value.log_prob);
    // With respect to the logarithms; the variance is the amplitude squared.
    let want = [-776_946.967, -642_107.035, -387_568.454, 2.0 * 303_351.468, 217_552.846];
    for j in 0..5 {
        let got = gradient[j] * theta[j];
        // Every digit that the reference prints: three decimals, doubled for the amplitude.
        let printed = if j == 3 { 1e-3 } else { 5e-4 };
        assert!((got - want[j]).abs() <= printed, "{got} but {}", want[j]);
    }
}

#[test]
fn the_fit_reaches_the_mode() {
    let Some(model) = model() else { return };
    let map = gridgp_infer::map(&model, &|_| ControlFlow::Continue(())).unwrap();
    assert!(map.optimum.converged && map.log_marginal_likelihood > 2_122_653.28, "{map:?}");
}
