//! The joint density in informed unknowns: the same posterior, and round where it should be.

use gridgp_model::spec::Density;

use super::*;
use crate::{LogPosterior, Marginal};

/// Fields on two axes at once: centered on one, on both, mirrored, of finite rank, fixed.
const PLANES: &str = "
[parameters]
sigma = 'half_normal(1)'
l = 'log_normal(0, 0.5)'
[fields.f]
amplitude = 'half_normal(1)'
s = 'matern32(lengthscale = l)'
t = 'matern52(lengthscale ~ log_normal(0.3, 0.5))'
[fields.g]
amplitude = 0.7
s = 'matern12(lengthscale = l)'
t = 'squared_exponential(lengthscale = 1.5)'
center = ['s', 't']
[fields.h]
amplitude = 'half_normal(0.4)'
s = 'matern52(lengthscale = 1)'
t = 'cosine(period ~ log_normal(1, 0.2)) + constant()'
center = ['t']
[likelihood]
family = 'student_t'
df = 5
location = 'f + g * d + h'
scale = 'sigma'
";

/// 17 points on an even line and an odd number of them: eigenvectors that are even and odd.
fn mirrored(rest: &str) -> Model {
    let axis = |name: &str, n: u8| Axis::numbers(name, (0..n).map(f64::from).collect::<Vec<_>>());
    let grid = Grid::new(vec![axis("a", 3).unwrap(), axis("b", 17).unwrap()]).unwrap();
    let y = (0..51).map(|i| f64::from((i * 7 + i * i) % 5)).collect();
    let data = Dataset::new(grid, Variable::new("y", y), vec![]).unwrap();
    let source = Source::new("test", format!("[data]\nresponse = 'y'\naxes = ['a', 'b']\n{rest}"));
    Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
}

const COUNTS: &str = "
[parameters]
mu = 'normal(0, 1)'
l = 'log_normal(1, 0.5)'
[fields.f]
amplitude = 'half_normal(1)'
a = 'matern32(lengthscale = l)'
b = 'matern32(lengthscale = l)'
CENTER
[likelihood]
family = 'poisson'
rate = 'exp(mu + f)'
";

/// Models with information about their fields, from next to nothing to much.
fn cases() -> Vec<(&'static str, Model, Vec<f64>)> {
    vec![
        ("rich", model(RICH), vec![0.7, 30.0, 5.0]),
        ("planes", model(PLANES), vec![2.0, 1e3, 0.5]),
        ("planes, uninformed", model(PLANES), vec![1e-9, 0.0, 1e-3]),
        ("series", series::by("state_space", series::SERIES), vec![2.0, 40.0, 0.5, 3.0]),
        ("series, uninformed", series::by("state_space", series::SERIES), vec![0.0; 4]),
        ("mirrored", mirrored(&COUNTS.replace("CENTER", "")), vec![3.0]),
        ("mirrored and centered", mirrored(&COUNTS.replace("CENTER", "center = ['b']")), vec![9.0]),
    ]
}

/// Where coefficients are followed from: other parameters than those of [`point`].
fn near(model: &Model, dim: usize) -> Vec<f64> {
    let mut x = point(dim);
    x[..model.parameters.len()].iter_mut().for_each(|x| *x += 0.3);
    x
}

/// With information that runs along long axes, where there are any.
fn followed(name: &str, mut density: InformedJoint) -> InformedJoint {
    if name != "series" {
        return density;
    }
    let courses = density.courses_at(&point(density.dim())).unwrap();
    assert!(courses.iter().all(|c| c.len() == 5 && (c.iter().sum::<f64>() - 5.0).abs() < 1e-12));
    density.with_courses(courses)
}

#[test]
fn the_gradient_is_the_derivative() {
    for (name, m, information) in cases() {
        let mut density = followed(name, InformedJoint::new(&m, &information).unwrap());
        let dim = density.dim();
        density.follow_coefficients(&near(&m, dim));
        let x = point(dim);
        let (mut gradient, mut scratch) = (vec![0.0; dim], vec![0.0; dim]);
        let value = density.log_density_gradient(&x, &mut gradient);
        assert!(value.is_finite(), "{name}");
        for j in 0..dim {
            let mut at = |h: f64| {
                let mut x = x.clone();
                x[j] += h;
                density.log_density_gradient(&x, &mut scratch)
            };
            let h = 1e-3;
            let first = at(h) - at(-h);
            let second = at(2.0 * h) - at(-2.0 * h);
            let third = at(3.0 * h) - at(-3.0 * h);
            let slope = (45.0 * first - 9.0 * second + third) / (60.0 * h);
            let slack = 3e-8 * slope.abs().max(1.0);
            assert!((gradient[j] - slope).abs() < slack, "{name} {j}: {} {slope}", gradient[j]);
        }
        assert_eq!(density.log_density_gradient(&x, &mut scratch), value, "{name}");
    }
}

#[test]
fn it_is_the_joint_density_in_other_unknowns() {
    for (name, m, information) in cases() {
        let mut density = followed(name, InformedJoint::new(&m, &information).unwrap());
        let mut joint = Joint::new(&m).unwrap();
        let dim = density.dim();
        density.follow_coefficients(&near(&m, dim));
        // The Poisson density is concave: its intercept is followed.
        let follows = density.constants().count() > information.len();
        assert!(follows || !name.starts_with("mirrored"), "{name}");
        let u = point(dim);
        let mut there = |u: &[f64]| {
            let mut x = vec![0.0; dim];
            density.to_joint(&mut joint, u, &mut x).unwrap();
            x
        };
        let x = there(&u);
        // log |det ∂x/∂u|, dense. Parameters are the same in both, so the fields' block is enough.
        let count = m.parameters.len();
        let mut jacobian = Mat::zeros(dim - count, dim - count);
        for j in count..dim {
            let mut at = |h: f64| {
                let mut u = u.clone();
                u[j] += h;
                there(&u)
            };
            // The map is linear in u.
            let (up, down) = (at(1.0), at(-1.0));
            for i in count..dim {
                jacobian[(i - count, j - count)] = 0.5 * (up[i] - down[i]);
            }
        }
        let log_det = jacobian.determinant().abs().ln();
        let mut gradient = vec![0.0; dim];
        let want = joint.log_density_gradient(&x, &mut gradient) + log_det;
        let found = density.log_density_gradient(&u, &mut gradient);
        assert!((found - want).abs() < 1e-7 * want.abs(), "{name}: {found} for {want}");
        // And back, with the fields that there were.
        let mut back = vec![0.0; dim];
        density.from_joint(&mut joint, &x, &mut back).unwrap();
        for j in 0..dim {
            assert!((back[j] - u[j]).abs() < 1e-7, "{name} {j}: {} for {}", back[j], u[j]);
        }
    }
}

const GAUSSIAN: &str = "
[parameters]
sigma = 'half_normal(1)'
l = 'log_normal(0, 0.5)'
[fields.f]
amplitude = 'half_normal(1)'
s = 'matern32(lengthscale = l)'
t = 'matern52(lengthscale ~ log_normal(0.3, 0.5))'
[likelihood]
family = 'gaussian'
location = '2 * f'
scale = 'sigma'
";

/// With every cell observed, p(u | y, θ) is normal with covariance I and has the same height
/// whatever θ is: what is left over the fields' mode is the marginal posterior of θ.
#[test]
fn a_gaussian_posterior_of_fields_is_round_for_all_parameters() {
    let mut full = data();
    let y: Vec<f64> = (0..20).map(|i| (0.7 * f64::from(i)).cos()).collect();
    full.response = Variable::new("y", y);
    let text =
        format!("[data]\nresponse = 'y'\naxes = {{ s = ['lon', 'lat'], t = 't' }}\n{GAUSSIAN}");
    let source = Source::new("test", text);
    let m = Model::new(ModelSpec::from_toml(&source).unwrap(), &source, full).unwrap();
    let mut density = InformedJoint::new(&m, &[0.0]).unwrap();
    // ∂location/∂f is 2, at any point.
    let start = point(density.dim());
    let information = density.information_at(&start).unwrap();
    assert!((information[0] - 4.0).abs() < 1e-12, "{information:?}");
    let mut density = InformedJoint::new(&m, &information).unwrap();
    let mut marginal = LogPosterior::new(&m, Density::Unconstrained).unwrap();
    assert!(Marginal::new(&m).is_ok());
    let count = m.parameters.len();
    let mut heights = vec![];
    for shift in [-1.0, 0.0, 0.8] {
        let mut x = point(density.dim());
        x[..count].iter_mut().for_each(|x| *x += shift);
        let mut gradient = vec![0.0; x.len()];
        density.log_density_gradient(&x, &mut gradient);
        // One Newton step with covariance I is the mode.
        (count..x.len()).for_each(|j| x[j] += gradient[j]);
        let value = density.log_density_gradient(&x, &mut gradient);
        for (j, g) in gradient.iter().enumerate().skip(count) {
            assert!(g.abs() < 1e-9, "{shift} {j}: {g}");
        }
        heights.push(value - marginal.log_density_gradient(&x[..count], &mut vec![0.0; count]));
    }
    // But for the jitter.
    assert!((heights[0] - heights[1]).abs() < 1e-5, "{heights:?}");
    assert!((heights[0] - heights[2]).abs() < 1e-5, "{heights:?}");
}

#[test]
fn what_cannot_be_evaluated_is_outside() {
    let mut density = InformedJoint::new(&model(RICH), &[1.0; 3]).unwrap();
    let mut x = point(density.dim());
    x[3] = 800.0;
    let mut gradient = vec![0.0; x.len()];
    assert_eq!(density.log_density_gradient(&x, &mut gradient), f64::NEG_INFINITY);
}
