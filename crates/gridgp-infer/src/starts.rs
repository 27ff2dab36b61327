//! Where optimization begins: driven by the data first, then drawn from the priors.

use gridgp_dist::{Distribution, Prior};
use gridgp_grid::Dataset;
use gridgp_kernel::{Covariance, Role};
use gridgp_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// `count` starting points in the unconstrained parameters.
///
/// The first is driven by the data and by `inference.start`: noise at a third of the response's
/// standard deviation, a field's amplitude at the standard deviation, periods at the peak of the
/// periodogram, lengthscales where the autocorrelation falls to one half, anything else at the
/// median of its prior. The others are drawn from the priors;
/// every second one keeps the periods of the first, since a period has a narrow basin.
pub fn starts(model: &Model, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let first = data_driven(model);
    let periods = periods(model);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count.max(1))
        .map(|start| {
            let theta: Vec<f64> = model
                .parameters
                .iter()
                .enumerate()
                .map(|(j, p)| {
                    let draw = p.prior.sample(&mut rng);
                    let keep =
                        start == 0 || start % 2 == 1 && periods.iter().any(|(at, _)| *at == j);
                    if keep { first[j] } else { draw }
                })
                .collect();
            model.parameters.iter().zip(theta).map(|(p, t)| p.transform.inverse(t)).collect()
        })
        .collect()
}

fn data_driven(model: &Model) -> Vec<f64> {
    let (origin, unit) = model.standardization;
    let y = model.data.observed().map(|y| (y - origin) / unit);
    let n = y.clone().count() as f64;
    let mean = y.clone().sum::<f64>() / n;
    let sd = (y.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut theta: Vec<f64> = model.parameters.iter().map(|p| p.prior.median()).collect();
    let set = |theta: &mut [f64], j: usize, value: f64| {
        theta[j] = within(&model.parameters[j].prior, value);
    };
    for (j, length) in lengthscales(model) {
        set(&mut theta, j, length);
    }
    for (j, period) in periods(model) {
        set(&mut theta, j, period);
    }
    if let Some((location, scale)) = model.gaussian() {
        if let Some(j) = scale.free() {
            set(&mut theta, j, sd / 3.0);
        }
        for (f, term) in location.random() {
            let field = &model.fields[f];
            let correlations = field.axes.iter().flatten().all(|k| k.kernel.has_unit_diagonal());
            if let (Some(j), true, true) =
                (field.amplitude.free(), term.covariates.is_empty(), correlations)
            {
                set(&mut theta, j, sd);
            }
        }
        for term in location.fixed() {
            if let ([j], []) = (term.parameters.as_slice(), term.covariates.as_slice()) {
                set(&mut theta, *j, mean / term.factor);
            }
        }
    }
    for (name, &value) in &model.spec.inference.start {
        if let Some(j) = model.position(name) {
            theta[j] = value;
        }
    }
    theta
}

/// The value, or the nearest that its prior holds likely.
fn within(prior: &Prior, value: f64) -> f64 {
    value.clamp(prior.quantile(0.01), prior.quantile(0.99))
}

/// For each free period, its parameter and the peak of the periodogram along its axis.
fn periods(model: &Model) -> Vec<(usize, f64)> {
    along_axes(model, |role| role == Role::Period, strongest_period)
}

/// For each free lengthscale of one coordinate, its parameter and where the autocorrelation along
/// its axis falls to one half.
fn lengthscales(model: &Model) -> Vec<(usize, f64)> {
    let is_length = |role| matches!(role, Role::Lengthscale { .. });
    along_axes(model, is_length, correlation_length)
}

/// For each free parameter with a role on an axis of one coordinate, what `measure` finds there.
fn along_axes(
    model: &Model,
    has_role: impl Fn(Role) -> bool,
    measure: impl Fn(&[Vec<f64>], &[f64]) -> Option<f64>,
) -> Vec<(usize, f64)> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    for field in &model.fields {
        for (a, k) in field.axes.iter().enumerate() {
            let Some(k) = k else { continue };
            for (p, value) in k.kernel.parameters().iter().zip(&k.values) {
                let (true, Some(j), Some(inputs)) = (has_role(p.role), value.free(), &p.inputs)
                else {
                    continue;
                };
                if k.points.dims() == 1 && found.iter().all(|(at, _)| *at != j) {
                    let x: Vec<f64> = k.points.column(inputs.columns()[0]).collect();
                    found.extend(measure(&lines(&model.data, a), &x).map(|v| (j, v)));
                }
            }
        }
    }
    found
}

/// Up to 200 lines of the response along an axis, each without its mean.
fn lines(data: &Dataset, axis: usize) -> Vec<Vec<f64>> {
    let shape = data.grid.shape();
    let (n, right) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let count = data.grid.len() / n;
    (0..count)
        .step_by(count.div_ceil(200))
        .map(|line| {
            let (l, r) = (line / right, line % right);
            let y: Vec<f64> =
                (0..n).map(|i| data.response.values[(l * n + i) * right + r]).collect();
            let mean = y.iter().sum::<f64>() / n as f64;
            y.iter().map(|v| v - mean).collect()
        })
        .collect()
}

/// The distance at which the autocorrelation along an axis first falls below one half.
fn correlation_length(lines: &[Vec<f64>], x: &[f64]) -> Option<f64> {
    let n = x.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let covariance = |lag: usize| {
        let pairs = order.iter().zip(&order[lag..]);
        let sum = |y: &Vec<f64>| pairs.clone().map(|(&a, &b)| y[a] * y[b]).sum::<f64>();
        lines.iter().map(sum).sum::<f64>() / (n - lag) as f64
    };
    let whole = covariance(0);
    let lag = (1..n).find(|&lag| covariance(lag) < 0.5 * whole)?;
    let distance = order.iter().zip(&order[lag..]).map(|(&a, &b)| x[b] - x[a]).sum::<f64>();
    (whole > 0.0).then(|| distance / (n - lag) as f64)
}

/// The period of the sine wave that explains most variance (least squares on each line, so that
/// points may be unevenly spaced).
fn strongest_period(lines: &[Vec<f64>], x: &[f64]) -> Option<f64> {
    let n = x.len();
    let (low, high) =
        x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    if n < 4 || high <= low {
        return None;
    }
    // Four frequencies for each one that the extent resolves, up to one wave for two points.
    let extent = high - low;
    let waves = |i: usize| 0.5 + 0.25 * i as f64;
    let most = (n as f64 / 2.0 * 4.0) as usize;
    let power = |i: usize| {
        let omega = 2.0 * std::f64::consts::PI * waves(i) / extent;
        let (mut s, mut c): (Vec<f64>, Vec<f64>) =
            x.iter().map(|v| (omega * (v - low)).sin_cos()).unzip();
        for wave in [&mut s, &mut c] {
            let mean = wave.iter().sum::<f64>() / n as f64;
            wave.iter_mut().for_each(|v| *v -= mean);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (ss, cc, sc) = (dot(&s, &s), dot(&c, &c), dot(&s, &c));
        let det = ss * cc - sc * sc;
        if det <= 1e-9 * ss.max(cc).powi(2) {
            return 0.0;
        }
        lines
            .iter()
            .map(|y| {
                let (a, b) = (dot(&s, y), dot(&c, y));
                (cc * a * a - 2.0 * sc * a * b + ss * b * b) / det
            })
            .sum::<f64>()
    };
    let best = (0..most)
        .map(|i| (power(i), i))
        .fold((0.0, 0), |best, this| if this.0 > best.0 { this } else { best });
    (best.0 > 0.0).then(|| extent / waves(best.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Grid, Variable};

    #[test]
    fn the_periodogram_finds_the_period_on_an_uneven_axis() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) + 0.3 * f64::from(i % 3)).collect();
        let grid = Grid::new(vec![
            Axis::numbers("t", x.clone()).unwrap(),
            Axis::numbers("s", vec![0.0, 1.0]).unwrap(),
        ])
        .unwrap();
        let y: Vec<f64> =
            (0..120).map(|c| (2.0 * std::f64::consts::PI * x[c / 2] / 7.3).sin() + 5.0).collect();
        let data = Dataset::new(grid, Variable::new("y", y), vec![]).unwrap();
        let period = strongest_period(&lines(&data, 0), &x).unwrap();
        assert!((period - 7.3).abs() < 0.3, "{period}");
        // cos(2 pi r / 7.3) falls to one half at a sixth of the period.
        let length = correlation_length(&lines(&data, 0), &x).unwrap();
        assert!((1.0..2.5).contains(&length), "{length}");
    }
}
