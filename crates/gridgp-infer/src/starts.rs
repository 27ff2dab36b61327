//! Where optimization begins: driven by the data first, then drawn from the priors.

use gridgp_dist::{Distribution, Prior};
use gridgp_grid::Dataset;
use gridgp_kernel::{Covariance, Role};
use gridgp_model::Model;
use gridgp_model::param::Parameter;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::history::dot;

/// Draws of a prior after which a start takes what the data suggest instead.
const DRAWS: usize = 100;

/// `count` starting points in the unconstrained parameters.
///
/// The first is driven by the data and by `inference.start`: noise at a third of the response's
/// standard deviation, a field's amplitude at the standard deviation, periods at the highest peak
/// of the periodogram, lengthscales where the autocorrelation falls to one half, anything else at
/// the median of its prior. The others are drawn from the priors, again where a draw is rounded
/// onto an end of its range; every second one has its periods from the peaks of the periodogram,
/// one after the other, since a period has a narrow basin.
pub fn starts(model: &Model, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let periods = periods(model);
    let first = data_driven(model, &periods);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let start = |start: usize| {
        let unconstrained = |(j, p): (usize, &Parameter)| {
            let mut draw = || p.transform.inverse(p.prior.sample(&mut rng));
            let mut x = draw();
            for _ in 0..DRAWS {
                if x.is_finite() {
                    break;
                }
                x = draw();
            }
            let peaks = periods.iter().find(|(at, _)| *at == j).map(|(_, peaks)| peaks);
            match peaks {
                _ if start == 0 || !x.is_finite() => p.transform.inverse(first[j]),
                Some(peaks) if start % 2 == 1 => {
                    p.transform.inverse(peaks[start / 2 % peaks.len()])
                }
                _ => x,
            }
        };
        model.parameters.iter().enumerate().map(unconstrained).collect()
    };
    (0..count.max(1)).map(start).collect()
}

/// Starts at the peaks of the periodogram that `x` does not stand on, otherwise driven by the data:
/// where a higher mode may be.
pub(super) fn at_other_peaks(model: &Model, x: &[f64]) -> Vec<Vec<f64>> {
    let periods = periods(model);
    let first = data_driven(model, &periods);
    let mut moved = Vec::new();
    for (j, peaks) in periods {
        let here = model.parameters[j].transform.forward(x[j]);
        for peak in peaks.into_iter().filter(|peak| (here / peak).ln().abs() > 0.05) {
            let mut theta = first.clone();
            theta[j] = peak;
            let unconstrained = model.parameters.iter().zip(theta);
            moved.push(unconstrained.map(|(p, t)| p.transform.inverse(t)).collect());
        }
    }
    moved
}

fn data_driven(model: &Model, periods: &[(usize, Vec<f64>)]) -> Vec<f64> {
    let (origin, unit) = model.standardization;
    let y = model.data.observed().map(|y| (y - origin) / unit);
    let n = y.clone().count() as f64;
    let mean = y.clone().sum::<f64>() / n;
    let sd = (y.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut theta: Vec<f64> = model.parameters.iter().map(typical).collect();
    let set = |theta: &mut [f64], j: usize, value: f64| {
        theta[j] = within(&model.parameters[j].prior, value);
    };
    for (j, length) in lengthscales(model) {
        set(&mut theta, j, length);
    }
    for (j, peaks) in periods {
        set(&mut theta, *j, peaks[0]);
    }
    if let Some((location, scale)) = model.gaussian_parts() {
        if let Some(j) = scale.as_quantity().and_then(|value| value.free()) {
            set(&mut theta, j, sd / 3.0);
        }
        // Independent fields share the variance.
        let sd = sd / (location.random().count().max(1) as f64).sqrt();
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

/// The median of a parameter's prior, or its mean where the median is next to an end of the range,
/// as of `gamma(0.001, rate = 0.001)`.
fn typical(p: &Parameter) -> f64 {
    const FAR: f64 = 100.0;
    let is_near = |theta: &f64| p.transform.inverse(*theta).abs() < FAR;
    let median = p.prior.median();
    Some(median).filter(is_near).or(p.prior.mean().filter(is_near)).unwrap_or(median)
}

/// The value, or the nearest that its prior holds likely.
fn within(prior: &Prior, value: f64) -> f64 {
    value.clamp(prior.quantile(0.01), prior.quantile(0.99))
}

/// For each free period, its parameter and where to begin: at the peaks of the periodogram along its
/// axis that its prior holds likely, the highest first, or as near as likely to the highest of all
/// where none is; at `inference.start`, if that says.
fn periods(model: &Model) -> Vec<(usize, Vec<f64>)> {
    let found = along_axes(model, |role| role == Role::Period, peaks);
    let likely = |(j, peaks): (usize, Vec<f64>)| {
        let Parameter { prior, name, .. } = &model.parameters[j];
        if let Some(&period) = model.spec.inference.start.get(name) {
            return (j, vec![period]);
        }
        let mut likely = peaks.clone();
        likely.retain(|&peak| within(prior, peak) == peak);
        likely.truncate(MOST_PEAKS);
        if likely.is_empty() {
            likely.push(within(prior, peaks[0]));
        }
        (j, likely)
    };
    found.into_iter().map(likely).collect()
}

/// For each free lengthscale of one coordinate, its parameter and where the autocorrelation along
/// its axis, of a kernel over two axes along the first of them, falls to one half.
fn lengthscales(model: &Model) -> Vec<(usize, f64)> {
    let is_length = |role| matches!(role, Role::Lengthscale { .. });
    let mut found = along_axes(model, is_length, correlation_length);
    for plane in model.fields.iter().filter_map(|f| f.plane.as_ref()) {
        for (&a, value) in plane.axes.iter().zip(&plane.lengthscales) {
            if let Some(j) = value.free()
                && found.iter().all(|(at, _)| *at != j)
            {
                let x: Vec<f64> = model.data.grid.axes()[a].points().column(0).collect();
                found.extend(correlation_length(&lines(&model.data, a), &x).map(|v| (j, v)));
            }
        }
    }
    found
}

/// For each free parameter with a role on an axis of one coordinate, what `measure` finds there.
fn along_axes<T>(
    model: &Model,
    has_role: impl Fn(Role) -> bool,
    measure: impl Fn(&[Line], &[f64]) -> Option<T>,
) -> Vec<(usize, T)> {
    let mut found: Vec<(usize, T)> = Vec::new();
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

/// The response along an axis, without its mean.
struct Line {
    /// 0 where a cell is missing.
    values: Vec<f64>,
    /// 1 where a cell has a value, else 0.
    observed: Vec<f64>,
}

/// Up to 200 lines of the response along an axis.
fn lines(data: &Dataset, axis: usize) -> Vec<Line> {
    let shape = data.grid.shape();
    let (n, right) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let count = data.grid.len() / n;
    let missing = data.response.missing.as_deref();
    let line = |line: usize| {
        let (l, r) = (line / right, line % right);
        let cells = (0..n).map(|i| (l * n + i) * right + r);
        let observed: Vec<f64> =
            cells.clone().map(|c| if missing.is_some_and(|m| m[c]) { 0.0 } else { 1.0 }).collect();
        let mut values: Vec<f64> = cells.map(|c| data.response.values[c]).collect();
        let mean = dot(&observed, &values) / observed.iter().sum::<f64>().max(1.0);
        values.iter_mut().zip(&observed).for_each(|(v, o)| *v = o * (*v - mean));
        Line { values, observed }
    };
    (0..count).step_by(count.div_ceil(200)).map(line).collect()
}

/// The distance at which the autocorrelation along an axis first falls below one half.
fn correlation_length(lines: &[Line], x: &[f64]) -> Option<f64> {
    let n = x.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    // The mean over pairs of which both have a value.
    let covariance = |lag: usize| {
        let sum = |of: &dyn Fn(&Line) -> &[f64]| -> f64 {
            let products = |y: &[f64]| -> f64 {
                order.iter().zip(&order[lag..]).map(|(&a, &b)| y[a] * y[b]).sum()
            };
            lines.iter().map(|line| products(of(line))).sum()
        };
        sum(&|line| &line.values) / sum(&|line| &line.observed)
    };
    let whole = covariance(0);
    let lag = (1..n).find(|&lag| covariance(lag) < 0.5 * whole)?;
    let distance = order.iter().zip(&order[lag..]).map(|(&a, &b)| x[b] - x[a]).sum::<f64>();
    (whole > 0.0).then(|| distance / (n - lag) as f64)
}

/// Most periods that starts are tried at.
const MOST_PEAKS: usize = 3;

/// The periods of the sine waves that explain more variance than those beside them, the best first
/// (least squares on each line, so that points may be unevenly spaced and cells missing).
fn peaks(lines: &[Line], x: &[f64]) -> Option<Vec<f64>> {
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
    let (complete, others): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| line.observed.iter().all(|o| *o == 1.0));
    let power = |i: usize| {
        let omega = 2.0 * std::f64::consts::PI * waves(i) / extent;
        let (s, c): (Vec<f64>, Vec<f64>) = x.iter().map(|v| (omega * (v - low)).sin_cos()).unzip();
        let fit = |lines: &[&Line]| match lines {
            [] => 0.0,
            [first, ..] => Wave::new(s.clone(), c.clone(), &first.observed).explains(lines),
        };
        fit(&complete) + others.iter().map(|line| fit(&[line])).sum::<f64>()
    };
    let powers: Vec<f64> = (0..most).into_par_iter().map(power).collect();
    let at = |i: usize| powers.get(i).copied().unwrap_or(0.0);
    let is_peak = |&i: &usize| at(i) > 0.0 && at(i) >= at(i + 1) && (i == 0 || at(i) > at(i - 1));
    let mut found: Vec<usize> = (0..most).filter(is_peak).collect();
    found.sort_by(|&a, &b| powers[b].total_cmp(&powers[a]));
    (!found.is_empty()).then(|| found.into_iter().map(|i| extent / waves(i)).collect())
}

/// Sine and cosine of a frequency at the observed points of a line, without their means.
struct Wave {
    sine: Vec<f64>,
    cosine: Vec<f64>,
}

impl Wave {
    fn new(mut sine: Vec<f64>, mut cosine: Vec<f64>, observed: &[f64]) -> Self {
        for wave in [&mut sine, &mut cosine] {
            let mean = dot(wave, observed) / observed.iter().sum::<f64>().max(1.0);
            wave.iter_mut().zip(observed).for_each(|(v, o)| *v = o * (*v - mean));
        }
        Self { sine, cosine }
    }

    /// The sum of squares that least squares explain in lines with these observed points.
    fn explains(&self, lines: &[&Line]) -> f64 {
        let (s, c) = (&self.sine, &self.cosine);
        let (ss, cc, sc) = (dot(s, s), dot(c, c), dot(s, c));
        let det = ss * cc - sc * sc;
        if det <= 1e-9 * ss.max(cc).powi(2) {
            return 0.0;
        }
        let explained = |line: &&Line| {
            let (a, b) = (dot(s, &line.values), dot(c, &line.values));
            (cc * a * a - 2.0 * sc * a * b + ss * b * b) / det
        };
        lines.iter().map(explained).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Grid, Variable};
    use gridgp_model::spec::{ModelSpec, Source};

    /// A wave of period 7.3 on an uneven axis of 60 points, twice, around 5; every `gap`-th cell is
    /// missing.
    fn wave(gap: usize) -> (Dataset, Vec<f64>) {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) + 0.3 * f64::from(i % 3)).collect();
        let grid = Grid::new(vec![
            Axis::numbers("t", x.clone()).unwrap(),
            Axis::numbers("s", vec![0.0, 1.0]).unwrap(),
        ])
        .unwrap();
        let y = (0..120).map(|c| match c % gap {
            0 => f64::NAN,
            _ => (2.0 * std::f64::consts::PI * x[c / 2] / 7.3).sin() + 5.0,
        });
        let response = Variable::with_nan_as_missing("y", y.collect());
        (Dataset::new(grid, response, vec![]).unwrap(), x)
    }

    #[test]
    fn period_and_length_are_found_on_an_uneven_axis_with_and_without_gaps() {
        for gap in [1000, 7, 3] {
            let (data, x) = wave(gap);
            let lines = lines(&data, 0);
            let period = peaks(&lines, &x).unwrap()[0];
            assert!((period - 7.3).abs() < 0.3, "{period}");
            // cos(2 pi r / 7.3) falls to one half at a sixth of the period.
            let length = correlation_length(&lines, &x).unwrap();
            assert!((1.0..2.5).contains(&length), "{length}");
        }
    }

    fn model(prior: &str, period: &str) -> Model {
        let text = format!(
            "[data]\nresponse = 'y'\naxes = ['t', 's']\n[fields.f]\nt = 'cosine({period})'\n\
             [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = '{prior}'\n"
        );
        let source = Source::new("test", text);
        let (data, _) = wave(7);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    #[test]
    fn a_start_that_underflows_is_drawn_again() {
        let found = starts(&model("gamma(0.001, rate = 0.001)", ""), 40, 3);
        assert!(found.iter().flatten().all(|x| x.is_finite()), "{found:?}");
        // Nearly every draw is 0 in `f64`.
        let found = starts(&model("gamma(0.00001, rate = 1)", ""), 40, 3);
        assert!(found.iter().flatten().all(|x| x.is_finite()), "{found:?}");
    }

    #[test]
    fn starts_stand_on_peaks_that_the_prior_allows_or_where_the_model_says() {
        let period = |m: &Model, start: usize| {
            let j = m.position("f.t.period").unwrap();
            m.natural(&starts(m, 8, 0)[start])[j]
        };
        let m = model("half_normal(1)", "");
        assert!((period(&m, 0) - 7.3).abs() < 0.3 && period(&m, 0) == period(&m, 1));
        assert!((period(&m, 3) - 7.3).abs() > 0.3);
        let m = model("half_normal(1)", "period ~ uniform(15, 40)");
        assert!((15.0..40.0).contains(&period(&m, 0)) && (15.0..40.0).contains(&period(&m, 1)));
        let mut m = model("half_normal(1)", "");
        m.spec.inference.start.insert("f.t.period".into(), 9.0);
        assert!((0..2).all(|start| (period(&m, start) - 9.0).abs() < 1e-12));
        let there = starts(&m, 1, 0).swap_remove(0);
        assert!(at_other_peaks(&m, &there).is_empty());
    }
}
