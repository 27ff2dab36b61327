//! The joint density against a dense computation, and its gradient against differences.

mod informed;
mod series;

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_dist::Distribution;
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_kernel::Covariance;
use gridgp_model::spec::{ModelSpec, Source};

use super::*;

/// A 4 × 5 grid of stations and years, two cells missing, with a covariate along the years.
fn data() -> Dataset {
    let station = Axis::new(
        "s",
        vec![
            Coordinate::numbers("lon", vec![0.0, 1.0, 1.5, 3.0]),
            Coordinate::numbers("lat", vec![0.0, 0.3, 1.0, 0.5]),
        ],
    );
    let year = Axis::numbers("t", vec![0.0, 1.0, 2.0, 3.5, 4.0]);
    let grid = Grid::new(vec![station.unwrap(), year.unwrap()]).unwrap();
    let y = (0..20).map(|i| {
        if i == 3 || i == 11 { f64::NAN } else { (1.3 * f64::from(i)).sin() + 0.1 * f64::from(i) }
    });
    let d = Covariate {
        name: "d".into(),
        axes: vec![1],
        values: vec![-1.0, -0.5, 0.1, 0.4, 1.0],
        units: None,
        missing: None,
    };
    Dataset::new(grid, Variable::with_nan_as_missing("y", y.collect()), vec![d]).unwrap()
}

fn model(rest: &str) -> Model {
    let text = format!("[data]\nresponse = 'y'\naxes = {{ s = ['lon', 'lat'], t = 't' }}\n{rest}");
    let source = Source::new("test", text);
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data()).unwrap()
}

/// Fields in location and scale, shared by both, centered, multiplied by a covariate and by a
/// parameter; a kernel of finite rank; a shared hyperparameter.
const RICH: &str = "
[parameters]
mu0 = 'normal(0, 2)'
beta0 = 'normal(0, 1)'
s0 = 'normal(-1, 0.5)'
l = 'log_normal(0, 0.5)'
[fields.base]
s = 'matern32(lengthscale = l)'
center = ['s']
[fields.trend]
amplitude = 'half_normal(1)'
s = 'matern52(lengthscale = l)'
t = 'linear(center = 1.5) + 4 * constant()'
[fields.spread]
amplitude = 'half_normal(0.5)'
t = 'squared_exponential(lengthscale ~ log_normal(0, 0.3))'
center = ['t']
[likelihood]
family = 'gaussian'
location = 'mu0 + base + (beta0 + 2 * trend) * d + s0 * spread'
scale = '0.1 + exp(s0 + spread)'
";

fn point(dim: usize) -> Vec<f64> {
    (0..dim).map(|i| 0.4 * (2.3 * i as f64 + 0.5).sin()).collect()
}

#[test]
fn the_gradient_is_the_derivative() {
    let mut joint = Joint::new(&model(RICH)).unwrap();
    let dim = joint.dim();
    // Parameters; 4 stations; 4 stations x (1 linear + 1 constant); 5 years.
    assert_eq!(dim, joint.parameter_count() + 4 + 4 * 2 + 5);
    let x = point(dim);
    let mut gradient = vec![0.0; dim];
    let value = joint.log_density_gradient(&x, &mut gradient);
    assert!(value.is_finite());
    let mut scratch = vec![0.0; dim];
    for j in 0..dim {
        let mut at = |h: f64| {
            let mut x = x.clone();
            x[j] += h;
            joint.log_density_gradient(&x, &mut scratch)
        };
        let h = 1e-3;
        let first = at(h) - at(-h);
        let second = at(2.0 * h) - at(-2.0 * h);
        let third = at(3.0 * h) - at(-3.0 * h);
        let slope = (45.0 * first - 9.0 * second + third) / (60.0 * h);
        let slack = 1e-8 * slope.abs().max(1.0);
        assert!((gradient[j] - slope).abs() < slack, "{j}: {} for {slope}", gradient[j]);
    }
    // The same x gives the same value, whatever came before.
    assert_eq!(joint.log_density_gradient(&x, &mut scratch), value);
}

#[test]
fn the_value_is_the_sum_of_its_parts() {
    let m = model(RICH);
    let mut joint = Joint::new(&m).unwrap();
    let x = point(joint.dim());
    let theta = m.natural(&x);
    let named = |name: &str| theta[m.position(name).unwrap()];
    let ranges = joint.field_ranges();
    // Each field by its definition.
    let root = |f: usize, a: usize, features: bool| -> Mat<f64> {
        let k = m.fields[f].axes[a].as_ref().unwrap();
        let numbers = k.numbers(&theta);
        let n = k.points.len();
        if features {
            return k.kernel.features(&k.points, &numbers).unwrap();
        }
        let mut gram = Mat::zeros(n, n);
        k.kernel.gram(&k.points, &numbers, gram.as_mut());
        for i in 0..n {
            gram[(i, i)] += 1e-8;
        }
        let l = gram.llt(faer::Side::Lower).unwrap().L().to_owned();
        if k.center {
            Mat::from_fn(n, n, |i, j| l[(i, j)] - (0..n).map(|r| l[(r, j)]).sum::<f64>() / n as f64)
        } else {
            l
        }
    };
    let amplitude = |f: usize| m.fields[f].amplitude.at(&theta);
    let product =
        |l: &Mat<f64>, z: &[f64], i: usize| -> f64 { (0..z.len()).map(|k| l[(i, k)] * z[k]).sum() };
    let (base, spread) = (root(0, 0, false), root(2, 1, false));
    let (trend_s, trend_t) = (root(1, 0, false), root(1, 1, true));
    let d = &m.data.covariates[0].values;
    let mut want = 0.0;
    let cells = joint.cells().to_vec();
    assert_eq!(cells.len(), 18);
    for &cell in &cells {
        let (s, t) = (cell / 5, cell % 5);
        let b = amplitude(0) * product(&base, &x[ranges[0].clone()], s);
        let z = &x[ranges[1].clone()];
        let w = amplitude(1)
            * (0..4)
                .flat_map(|i| (0..2).map(move |k| (i, k)))
                .map(|(i, k)| trend_s[(s, i)] * trend_t[(t, k)] * z[i * 2 + k])
                .sum::<f64>();
        let v = amplitude(2) * product(&spread, &x[ranges[2].clone()], t);
        let location = named("mu0") + b + (named("beta0") + 2.0 * w) * d[t] + named("s0") * v;
        let scale = 0.1 + (named("s0") + v).exp();
        let e = (m.data.response.values[cell] - location) / scale;
        want += -0.5 * e * e - scale.ln() - LN_SQRT_2PI;
    }
    let mut pointwise = vec![0.0; 18];
    joint.log_likelihood(&x, &mut pointwise).unwrap();
    let found: f64 = pointwise.iter().sum();
    assert!((found - want).abs() < 1e-11 * want.abs(), "{found} for {want}");
    for (j, p) in m.parameters.iter().enumerate() {
        want += p.prior.log_prob(theta[j]) + p.transform.log_jacobian(x[j]);
    }
    for z in &x[m.parameters.len()..] {
        want += -0.5 * z * z - LN_SQRT_2PI;
    }
    let found = joint.log_density_gradient(&x, &mut vec![0.0; x.len()]);
    assert!((found - want).abs() < 1e-11 * want.abs(), "{found} for {want}");
}

/// μ(s) + τ(t) has the covariance K_s ⊗ J + J ⊗ K_t, not K_s ⊗ I + I ⊗ K_t.
#[test]
fn an_additive_model_has_the_additive_covariance() {
    let m = model(
        "[fields.mu]\namplitude = 2\ns = 'matern32(lengthscale = 1.5)'\n\
         [fields.tau]\namplitude = 3\nt = 'matern12(lengthscale = 2)'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = 'mu + tau'\nscale = 1\n",
    );
    let mut joint = Joint::new(&m).unwrap();
    let dim = joint.dim();
    assert_eq!(dim, 4 + 5);
    // Column j of the root of the covariance, on the full grid.
    let columns: Vec<Vec<f64>> = (0..dim)
        .map(|j| {
            let mut x = vec![0.0; dim];
            x[j] = 1.0;
            let (_, fields) = joint.fields_at(&x).unwrap();
            (0..20).map(|c| fields[0][c / 5] + fields[1][c % 5]).collect()
        })
        .collect();
    let gram = |f: usize, a: usize, n: usize| {
        let k = m.fields[f].axes[a].as_ref().unwrap();
        let mut gram = Mat::zeros(n, n);
        k.kernel.gram(&k.points, &k.numbers(&[]), gram.as_mut());
        gram
    };
    let (ks, kt) = (gram(0, 0, 4), gram(1, 1, 5));
    for c in 0..20 {
        for d in 0..20 {
            let found: f64 = columns.iter().map(|column| column[c] * column[d]).sum();
            let want = 4.0 * ks[(c / 5, d / 5)] + 9.0 * kt[(c % 5, d % 5)];
            assert!((found - want).abs() < 1e-6, "({c}, {d}): {found} for {want}");
        }
    }
}

#[test]
fn what_cannot_be_evaluated_is_outside() {
    let mut joint = Joint::new(&model(RICH)).unwrap();
    let mut x = point(joint.dim());
    x[3] = 800.0;
    let mut gradient = vec![0.0; x.len()];
    assert_eq!(joint.log_density_gradient(&x, &mut gradient), f64::NEG_INFINITY);
}

#[test]
fn equations_outside_their_domain_are_refused() {
    let refused = |likelihood: &str| {
        let text = format!(
            "[data]\nresponse = 'y'\naxes = {{ s = ['lon', 'lat'], t = 't' }}\n[parameters]\n\
             a = 'normal(0, 1)'\n[fields.f]\nt = 'matern32()'\n[likelihood]\n\
             family = 'gaussian'\nlocation = 'a + f'\n{likelihood}"
        );
        let source = Source::new("test", text);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data()).unwrap_err().to_string()
    };
    for (likelihood, wanted) in [
        ("scale = 'f'", "write exp(…) or softplus(…)"),
        ("scale = 'a'", "admits values outside of"),
        ("scale = 'exp(f) + exp(a)'", "one link"),
        ("scale = 'tanh(a)'", "takes values in"),
        ("scale = 'exp(f) * a'", "only numbers and covariates multiply a link"),
        ("scale = 'exp(f) * d'", "multiplies the scale and is -1 at t = 0"),
        ("scale = 'exp(f) + f'", "only a number is added to a link"),
        ("scale = -1", "cannot be -1"),
        ("scale = 'log(f)'", "log"),
        ("scael = 1", "did you mean \"scale\"?"),
    ] {
        let message = refused(likelihood);
        assert!(message.contains(wanted), "{likelihood}: {message}");
    }
}

#[test]
fn fields_drawn_given_parameters_have_the_exact_conditional() {
    check_drawn_fields(&[]);
}

#[test]
fn fields_drawn_beside_missing_cells_have_the_exact_conditional() {
    check_drawn_fields(&[0, 6, 7, 19]);
}

/// E and Var of the field given θ, from many draws, against the dense conditional.
fn check_drawn_fields(missing: &[usize]) {
    use rand::SeedableRng;
    let text = "[data]\nresponse = 'y'\naxes = { s = ['lon', 'lat'], t = 't' }\n[parameters]\n\
                mu = 'normal(0, 2)'\n[fields.f]\namplitude = 1.3\ncenter = ['s']\n\
                s = 'matern32(lengthscale = 1.5)'\nt = 'matern12(lengthscale = 2)'\n\
                [likelihood]\nfamily = 'gaussian'\nlocation = 'mu + 2 * f * d'\nscale = 0.4\n";
    let source = Source::new("test", text);
    let mut full = data();
    let mut y: Vec<f64> = (0..20).map(|i| (0.7 * f64::from(i)).cos()).collect();
    missing.iter().for_each(|&c| y[c] = f64::NAN);
    full.response = Variable::with_nan_as_missing("y", y);
    let m = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, full).unwrap();
    let mut joint = Joint::new(&m).unwrap();
    let (dim, mu) = (joint.dim(), 0.3);
    let column = |joint: &mut Joint, j: usize| {
        let mut x = vec![0.0; dim];
        x[j] = 1.0;
        let f = joint.fields_at(&x).unwrap().1[0].to_vec();
        let cells = (0..20).filter(|c| !missing.contains(c));
        cells.map(|c| 2.0 * f[c] * m.data.covariates[0].values[c % 5]).collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (1..dim).map(|j| column(&mut joint, j)).collect();
    let seen: Vec<usize> = (0..20).filter(|c| !missing.contains(c)).collect();
    let h = Mat::from_fn(seen.len(), dim - 1, |i, j| columns[j][i]);
    let mut a = &h * h.transpose();
    for i in 0..seen.len() {
        a[(i, i)] += 0.16;
    }
    let residual = Mat::from_fn(seen.len(), 1, |i, _| m.data.response.values[seen[i]] - mu);
    let inverse = Cholesky::new(a.as_ref()).unwrap();
    let mut solved = residual.clone();
    inverse.solve_in_place(solved.as_mut());
    let mean = h.transpose() * &solved;
    let mut explained = h.clone();
    inverse.solve_in_place(explained.as_mut());
    let explained = h.transpose() * explained;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let count = 20_000;
    let (mut sum, mut squares) = (vec![0.0; dim - 1], vec![0.0; dim - 1]);
    let mut x = vec![0.0; dim];
    for _ in 0..count {
        x[0] = m.parameters[0].transform.inverse(mu);
        joint.draw_fields(&mut x, &mut rng).unwrap();
        for (j, z) in x[1..].iter().enumerate() {
            sum[j] += z;
            squares[j] += z * z;
        }
    }
    for j in 0..dim - 1 {
        let n = f64::from(count);
        let (want, variance) = (mean[(j, 0)], 1.0 - explained[(j, j)]);
        let found = sum[j] / n;
        assert!((found - want).abs() < 5.0 * (variance / n).sqrt(), "{j}: {found} for {want}");
        let spread = squares[j] / n - found * found;
        assert!(
            (spread / variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
            "{j}: {spread} {variance}"
        );
    }
}

/// log p(y) = −log(1 + exp(∓η)), or log Φ(±η), where the probability itself is 0 or 1 in `f64`.
#[test]
fn probabilities_at_their_ends_keep_density_and_gradient() {
    use gridgp_dist::special::{ln_normal_cdf, ln_normal_cdf_slope};
    let softplus = |eta: f64| eta.max(0.0) + (-eta.abs()).exp().ln_1p();
    let logistic = |eta: f64| (-softplus(-eta)).exp();
    let grid = Grid::new(vec![Axis::numbers("t", vec![0.0, 1.0, 2.0]).unwrap()]).unwrap();
    let data = Dataset::new(grid, Variable::new("y", vec![0.0, 1.0, 1.0]), vec![]).unwrap();
    for (link, sign) in [("logistic(mu)", 1.0), ("1 - logistic(mu)", -1.0), ("normal_cdf(mu)", 1.0)]
    {
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['t']\n[parameters]\nmu = 'normal(0, 100)'\n\
             [likelihood]\nfamily = 'bernoulli'\nprobability = '{link}'\n"
        );
        let source = Source::new("test", text);
        let spec = ModelSpec::from_toml(&source).unwrap();
        let model = Model::new(spec, &source, data.clone()).unwrap();
        let unit = model.parameters[0].transform.forward(1.0);
        let mut joint = Joint::new(&model).unwrap();
        for mu in [-200.0, -38.0, -8.4, -1.0, 0.0, 2.0, 8.4, 38.0, 600.0] {
            let eta = sign * mu;
            // One 0 and two 1.
            let (value, slope) = if link == "normal_cdf(mu)" {
                let slope = 2.0 * ln_normal_cdf_slope(eta) - ln_normal_cdf_slope(-eta);
                (ln_normal_cdf(-eta) + 2.0 * ln_normal_cdf(eta), slope)
            } else {
                let slope = 2.0 * logistic(-eta) - logistic(eta);
                (-softplus(eta) - 2.0 * softplus(-eta), sign * slope)
            };
            let prior = -0.5 * (mu / 100.0).powi(2) + (unit / 100.0).ln() - LN_SQRT_2PI;
            let mut gradient = [0.0];
            let found = joint.log_density_gradient(&[mu / unit], &mut gradient);
            approx::assert_relative_eq!(found, value + prior, max_relative = 1e-13);
            approx::assert_relative_eq!(gradient[0] / unit, slope - mu / 1e4, max_relative = 1e-12);
        }
    }
}

#[test]
fn whitening_is_the_inverse_of_the_fields() {
    let text = "[fields.f]\ns = 'matern32()'\nt = 'matern12()'\n[fields.g]\nt = 'matern52()'\n\
                [likelihood]\nfamily = 'gaussian'\nlocation = 'f + g'\n";
    for algebra in ["auto", "state_space"] {
        let m = model(&format!("{text}[inference]\nalgebra = '{algebra}'\n"));
        let mut joint = Joint::new(&m).unwrap();
        let (x, count) = (point(joint.dim()), joint.parameter_count());
        let fields: Vec<Vec<f64>> =
            joint.fields_at(&x).unwrap().1.into_iter().map(<[f64]>::to_vec).collect();
        let fields: Vec<&[f64]> = fields.iter().map(Vec::as_slice).collect();
        let mut z = vec![0.0; x.len() - count];
        joint.whiten(&x[..count], &fields, &mut z).unwrap();
        z.iter().zip(&x[count..]).for_each(|(a, b)| assert!((a - b).abs() < 1e-8, "{a} {b}"));
    }
}
