//! Everything against the covariance of the observations written out.

use faer::Mat;
use gridgp_dense::Cholesky;
use gridgp_kernel::{Block, Factor};

use super::*;

mod root;

const PI2: f64 = 2.0 * std::f64::consts::PI;

/// Uneven times, some of them equal or nearly, some without an observation, some with two.
pub(crate) struct Case {
    pub(crate) process: Process,
    pub(crate) times: Vec<f64>,
    pub(crate) starts: Vec<usize>,
    pub(crate) variances: Vec<f64>,
    pub(crate) gains: Vec<f64>,
    pub(crate) sites: Vec<u32>,
    pub(crate) weighted: Vec<Option<usize>>,
    pub(crate) weights: Vec<Vec<f64>>,
    pub(crate) r: Vec<f64>,
}

fn number(i: usize, j: usize) -> f64 {
    (1.0 + 12.9898 * i as f64 + 78.233 * j as f64).sin()
}

impl Case {
    /// One observation at a time, gaps.
    fn one(blocks: Vec<Block>) -> Self {
        let gains = blocks.iter().map(|b| b.gain).collect();
        let count = blocks.len();
        let mut times = vec![0.0];
        for i in 1..30 {
            let step = match i {
                7 => 0.0,
                11 => 1e-7,
                19 => 9.0,
                _ if i % 3 == 0 => 0.4,
                _ => 0.6 + 0.5 * number(i, 3),
            };
            times.push(times[i - 1] + step);
        }
        let has = |k: usize| k % 5 != 4 && k != 12;
        let mut starts = vec![0];
        (0..times.len()).for_each(|k| starts.push(starts[k] + usize::from(has(k))));
        let n = starts[times.len()];
        Self {
            process: Process::new(blocks),
            times,
            starts,
            variances: (0..n).map(|o| 0.05 + 0.04 * number(o, 1)).collect(),
            gains,
            sites: Vec::new(),
            weighted: vec![None; count],
            weights: Vec::new(),
            r: (0..n).map(|o| 2.0 * number(o, 2)).collect(),
        }
    }

    /// Some sites, not all of them observed each time.
    pub(crate) fn several(blocks: Vec<Block>, sites: usize) -> Self {
        let mut case = Self::one(blocks);
        let count = case.process.blocks().len();
        case.gains = (0..sites * count).map(|i| 0.3 + number(i, 9)).collect();
        case.starts = vec![0];
        for k in 0..case.times.len() {
            for s in 0..sites {
                if (k + s) % 3 != 1 && k % 7 != 3 {
                    case.sites.push(s as u32);
                }
            }
            case.starts.push(case.sites.len());
        }
        let n = case.sites.len();
        case.variances = (0..n).map(|o| 0.05 + 0.04 * number(o, 1)).collect();
        case.r = (0..n).map(|o| number(o, 2)).collect();
        case
    }

    /// A course in time that multiplies every second block.
    pub(crate) fn weighted(mut self) -> Self {
        self.weights = vec![(0..self.r.len()).map(|o| 0.5 + number(o, 4)).collect()];
        self.weighted.iter_mut().step_by(2).for_each(|w| *w = Some(0));
        self
    }

    pub(crate) fn observations(&self) -> Observations<'_> {
        Observations {
            times: &self.times,
            starts: &self.starts,
            variances: &self.variances,
            loadings: self.loadings(),
        }
    }

    fn loadings(&self) -> Loadings<'_> {
        let (gains, sites) = (&self.gains, &self.sites);
        Loadings { gains, sites, weighted: &self.weighted, weights: &self.weights }
    }

    fn time_of(&self, o: usize) -> usize {
        self.starts.iter().rposition(|&s| s <= o).unwrap().min(self.times.len() - 1)
    }

    fn loading(&self, o: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.process.blocks().len()];
        self.loadings().write(o, &mut out);
        out
    }

    /// Covariance of Σ c x at two times.
    fn prior(&self, (s, c): (f64, &[f64]), (t, e): (f64, &[f64])) -> f64 {
        let blocks = self.process.blocks().iter().zip(c.iter().zip(e));
        blocks.map(|(b, (c, e))| c * e * correlation(b, (s - t).abs())).sum()
    }

    fn covariance(&self) -> Mat<f64> {
        let n = self.r.len();
        let rows: Vec<_> = (0..n).map(|o| (self.times[self.time_of(o)], self.loading(o))).collect();
        Mat::from_fn(n, n, |i, j| {
            let of = |i: usize| (rows[i].0, rows[i].1.as_slice());
            self.prior(of(i), of(j)) + if i == j { self.variances[i] } else { 0.0 }
        })
    }

    pub(crate) fn dense_log_prob(&self) -> f64 {
        let root = Cholesky::new(self.covariance().as_ref()).unwrap();
        let mut alpha = self.r.clone();
        root.solve_l(&mut alpha);
        let quadratic: f64 = alpha.iter().map(|v| v * v).sum();
        -0.5 * (quadratic + root.log_det() + self.r.len() as f64 * PI2.ln())
    }

    fn inverse(&self) -> Mat<f64> {
        let n = self.r.len();
        let root = Cholesky::new(self.covariance().as_ref()).unwrap();
        let mut inverse = Mat::identity(n, n);
        root.solve_in_place(inverse.as_mut());
        inverse
    }

    pub(crate) fn dense_alpha(&self) -> Vec<f64> {
        let inverse = self.inverse();
        let n = self.r.len();
        (0..n).map(|i| (0..n).map(|j| inverse[(i, j)] * self.r[j]).sum()).collect()
    }
}

fn correlation(b: &Block, lag: f64) -> f64 {
    let m = b.size();
    let (mut a, mut p) = (vec![0.0; m * m], vec![0.0; m * m]);
    b.transition(lag, &mut a);
    b.stationary(&mut p);
    (0..m).map(|k| a[k] * p[k * m]).sum()
}

fn matern(order: usize, rate: f64) -> Factor {
    Factor::Matern { order, rate }
}

fn rotation(rate: f64) -> Factor {
    Factor::Rotation { rate }
}

pub(crate) fn cases() -> Vec<Case> {
    let block = Block::new;
    let lists = vec![
        vec![block(0.9, vec![matern(1, 0.8)])],
        vec![block(0.9, vec![matern(2, 0.8)])],
        vec![block(0.9, vec![matern(3, 0.8)])],
        vec![block(1.5, vec![])],
        vec![block(1.1, vec![rotation(0.7)])],
        vec![block(1.1, vec![rotation(0.7)]), block(0.4, vec![]), block(0.6, vec![matern(2, 0.3)])],
        vec![block(0.7, vec![matern(2, 0.1), rotation(1.3)]), block(1.2, vec![matern(2, 0.05)])],
        vec![
            block(0.7, vec![matern(2, 0.1), rotation(1.3)]),
            block(1.2, vec![matern(3, 0.05)]),
            block(0.3, vec![Factor::White]),
        ],
        vec![
            block(0.7, vec![matern(3, 0.1), rotation(1.3)]),
            block(0.5, vec![matern(3, 0.1), rotation(2.6)]),
            block(0.2, vec![matern(1, 0.4), matern(2, 0.2)]),
        ],
    ];
    let blocks = || lists.clone().into_iter();
    let weighted = blocks().map(|b| Case::one(b).weighted());
    let several = blocks().map(|b| Case::several(b, 3));
    let both = blocks().map(|b| Case::several(b, 3).weighted());
    // Blocks of observations are smaller than that where there are few states.
    let many = blocks().map(|b| Case::several(b, 11));
    let sites = several.chain(both).chain(many);
    blocks().map(Case::one).chain(weighted).chain(sites).collect()
}

pub(crate) fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what} {i}: {a} and {b}");
    }
}

#[test]
fn log_prob_and_solution_are_the_dense_ones() {
    for case in cases() {
        let observations = case.observations();
        let filter = Filter::new(&case.process, &observations).unwrap();
        let expected = case.dense_log_prob();
        let gradient = log_prob_gradient(&case.process, &observations, &case.r).unwrap();
        assert_close(
            &[filter.log_prob(&case.process, &observations, &case.r), gradient.log_prob],
            &[expected; 2],
            1e-12,
            "value",
        );
        let alpha = case.dense_alpha();
        assert_close(&filter.solve(&case.process, &observations, &case.r), &alpha, 1e-11, "alpha");
        assert_close(&gradient.alpha, &alpha, 1e-11, "alpha of the gradient");
    }
}

/// The derivative of the dense log density, by differences of fourth order.
fn slope(case: &mut Case, at: impl Fn(&mut Case) -> &mut f64, step: f64) -> f64 {
    let origin = *at(case);
    let mut moved = |steps: f64| {
        *at(case) = origin + steps * step;
        let value = case.dense_log_prob();
        *at(case) = origin;
        value
    };
    (8.0 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / (12.0 * step)
}

#[test]
fn gradients_are_those_of_the_dense_log_prob() {
    // Differences of the log density of many observations lose the digits that are compared.
    for mut case in cases().into_iter().filter(|c| c.r.len() < 100) {
        let gradient = log_prob_gradient(&case.process, &case.observations(), &case.r).unwrap();
        let check = |name: &str, value: f64, expected: f64| {
            assert!(
                (value - expected).abs() < 2e-8 * expected.abs().max(10.0),
                "{name}: {value} {expected}"
            );
        };
        for i in 0..case.gains.len() {
            let expected = slope(&mut case, |c| &mut c.gains[i], 1e-3);
            check("gain", gradient.gains[i], expected);
        }
        for i in [0, 5, case.r.len() - 1] {
            check(
                "variance",
                gradient.variances[i],
                slope(&mut case, |c| &mut c.variances[i], 3e-5),
            );
            if !case.weights.is_empty() {
                let expected = slope(&mut case, |c| &mut c.weights[0][i], 1e-3);
                check("weight", gradient.weights[0][i], expected);
            }
        }
        let mut factor = 0;
        for b in 0..case.process.blocks().len() {
            for f in 0..case.process.blocks()[b].factors.len() {
                let rate = |c: &mut Case, by: f64| {
                    let mut blocks = c.process.blocks().to_vec();
                    match &mut blocks[b].factors[f] {
                        Factor::Matern { rate, .. } | Factor::Rotation { rate } => *rate += by,
                        Factor::White => {}
                    }
                    c.process = Process::new(blocks);
                    let value = c.dense_log_prob();
                    let mut blocks = c.process.blocks().to_vec();
                    match &mut blocks[b].factors[f] {
                        Factor::Matern { rate, .. } | Factor::Rotation { rate } => *rate -= by,
                        Factor::White => {}
                    }
                    c.process = Process::new(blocks);
                    value
                };
                let h = 3e-5;
                let mut at = |by: f64| rate(&mut case, by);
                let expected = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
                check("rate", gradient.rates[factor], expected);
                factor += 1;
            }
        }
    }
}

/// Two targets at each time, of random loadings.
pub(crate) fn targets(case: &Case) -> (Vec<usize>, Vec<f64>, Vec<u32>) {
    let (t, count) = (case.times.len(), case.process.blocks().len());
    let gains = (0..2 * count).map(|i| number(i, 21)).collect();
    ((0..=t).map(|k| 2 * k).collect(), gains, (0..2 * t as u32).map(|i| i % 2).collect())
}

#[test]
fn means_and_variances_between_the_data_are_the_dense_ones() {
    for case in cases() {
        let observations = case.observations();
        let (starts, gains, sites) = targets(&case);
        let loadings = Loadings { gains: &gains, sites: &sites, weighted: &[], weights: &[] };
        let found = variances(&case.process, &observations, &Targets { starts: &starts, loadings })
            .unwrap();
        let (inverse, alpha) = (case.inverse(), case.dense_alpha());
        let mean = expect(&case.process, &observations, &alpha);
        let n = case.r.len();
        let diagonal: Vec<f64> = (0..n).map(|i| inverse[(i, i)]).collect();
        assert_close(&found.precisions, &diagonal, 1e-11, "precisions");
        let count = case.process.blocks().len();
        for t in 0..sites.len() {
            let (k, c) = (t / 2, &gains[t % 2 * count..][..count]);
            let own = (case.times[k], c);
            let cross: Vec<f64> = (0..n)
                .map(|o| case.prior(own, (case.times[case.time_of(o)], &case.loading(o))))
                .collect();
            let explained: f64 = (0..n)
                .map(|i| (0..n).map(|j| cross[i] * inverse[(i, j)] * cross[j]).sum::<f64>())
                .sum();
            let prior = case.prior(own, own);
            assert!((found.targets[t] - (prior - explained)).abs() < 1e-12 * prior.max(1.0));
            let expected: f64 = cross.iter().zip(&alpha).map(|(c, a)| c * a).sum();
            let own: f64 = c.iter().zip(&mean[k * count..]).map(|(c, m)| c * m).sum();
            assert_close(&[own], &[expected], 1e-11, "mean");
        }
    }
}

#[test]
fn segments_change_nothing() {
    // More times than one segment holds.
    let blocks = vec![
        Block::new(0.7, vec![matern(3, 0.01), rotation(0.3)]),
        Block::new(0.5, vec![matern(3, 0.01), rotation(0.6)]),
        Block::new(0.4, vec![matern(1, 0.5)]),
    ];
    let process = Process::new(blocks);
    let t = 15_000;
    let times: Vec<f64> = (0..t).map(|k| k as f64 + 0.3 * number(k, 5)).collect();
    let starts: Vec<usize> = (0..=t).collect();
    let r: Vec<f64> = (0..t).map(|k| number(k, 6)).collect();
    let observations = Observations {
        times: &times,
        starts: &starts,
        variances: &vec![0.1; t],
        loadings: Loadings::gains(&[0.7, 0.5, 0.4]),
    };
    let gradient = log_prob_gradient(&process, &observations, &r).unwrap();
    let filter = Filter::new(&process, &observations).unwrap();
    assert_close(
        &[gradient.log_prob],
        &[filter.log_prob(&process, &observations, &r)],
        1e-13,
        "value",
    );
    assert_close(&gradient.alpha, &filter.solve(&process, &observations, &r), 1e-11, "alpha");
    // ∂ℓ/∂A scaled: Σ gain ∂/∂gain + 2 Σ variance ∂/∂variance = rᵀA⁻¹r − N.
    let scaled = [0.7, 0.5, 0.4].iter().zip(&gradient.gains).map(|(c, g)| c * g).sum::<f64>()
        + 2.0 * gradient.variances.iter().map(|v| 0.1 * v).sum::<f64>();
    let quadratic: f64 = r.iter().zip(&gradient.alpha).map(|(r, a)| r * a).sum();
    assert_close(&[scaled], &[quadratic - t as f64], 1e-10, "scale");
    // The trace of A⁻¹ from the sweep of variances and from the gradient.
    let empty = Targets { starts: &vec![0; t + 1], loadings: Loadings::gains(&[0.0; 3]) };
    let found = variances(&process, &observations, &empty).unwrap();
    let expected: Vec<f64> =
        gradient.alpha.iter().zip(&gradient.variances).map(|(a, v)| a * a - 2.0 * v).collect();
    assert_close(&found.precisions, &expected, 1e-10, "precisions");
}

#[test]
fn paths_have_the_covariance_of_the_process() {
    use rand::SeedableRng;
    use rand_distr::Distribution;
    let process = Process::new(vec![
        Block::new(1.0, vec![matern(3, 0.8)]),
        Block::new(1.0, vec![matern(2, 0.5), rotation(1.0)]),
        Block::new(1.0, vec![]),
        Block::new(1.0, vec![Factor::White]),
    ]);
    let times = [0.0, 0.3, 0.3, 0.3001, 1.7];
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let draws = 40_000;
    let mut sums = vec![0.0; 4 * 25];
    let mut paths = Paths::new(&process);
    for _ in 0..draws {
        let path = paths.draw(&times, || rand_distr::StandardNormal.sample(&mut rng));
        for b in 0..4 {
            for i in 0..5 {
                (0..5).for_each(|j| sums[b * 25 + i * 5 + j] += path[i * 4 + b] * path[j * 4 + b]);
            }
        }
    }
    for (b, block) in process.blocks().iter().enumerate() {
        for i in 0..5 {
            for j in 0..5 {
                let expected = correlation(block, (times[i] - times[j]).abs());
                let found = sums[b * 25 + i * 5 + j] / draws as f64;
                // Five standard errors of a variance of 1.
                assert!(
                    (found - expected).abs() < 5.0 * (2.0 / draws as f64).sqrt(),
                    "{b} {i} {j}"
                );
            }
        }
    }
}

/// A constant, a trend and two waves in 100,000 observations, and noise: what the filter finds after as
/// many steps without noise of the process, against the 6 × 6 problem that it is.
#[test]
fn states_that_do_not_change_lose_nothing_in_long_series() {
    let t = 100_000;
    let times: Vec<f64> = (0..t).map(|k| k as f64 * 0.01 + 0.002 * number(k, 5)).collect();
    let trend: Vec<f64> = times.iter().map(|t| t - 500.0).collect();
    let process = Process::new(vec![
        Block::new(1.0, vec![]),
        Block::new(1.0, vec![]),
        Block::new(1.0, vec![rotation(PI2)]),
        Block::new(1.0, vec![rotation(2.0 * PI2)]),
    ]);
    let r: Vec<f64> = times
        .iter()
        .enumerate()
        .map(|(k, t)| 3.0 + 0.01 * t + (PI2 * t).sin() + 0.3 * number(k, 7))
        .collect();
    for (gains, noise) in [([10.0, 0.5, 2.0, 1.0], 0.09), ([1e2, 1.0, 3.0, 1.0], 1e-4)] {
        let starts: Vec<usize> = (0..=t).collect();
        let observations = Observations {
            times: &times,
            starts: &starts,
            variances: &vec![noise; t],
            loadings: Loadings {
                gains: &gains,
                sites: &[],
                weighted: &[None, Some(0), None, None],
                weights: std::slice::from_ref(&trend),
            },
        };
        // A = F Fᵀ + σ²I with F of six columns.
        let features = Mat::from_fn(t, 6, |k, j| match j {
            0 => gains[0],
            1 => gains[1] * trend[k],
            2 => gains[2] * (PI2 * times[k]).cos(),
            3 => gains[2] * (PI2 * times[k]).sin(),
            4 => gains[3] * (2.0 * PI2 * times[k]).cos(),
            _ => gains[3] * (2.0 * PI2 * times[k]).sin(),
        });
        // Orthonormal columns first, so that the small problem loses nothing to its condition.
        let (q, upper) = qr(&features);
        let inner = Mat::from_fn(6, 6, |i, j| {
            let product: f64 = (0..6).map(|k| upper[(i, k)] * upper[(j, k)]).sum();
            product + if i == j { noise } else { 0.0 }
        });
        let root = Cholesky::new(inner.as_ref()).unwrap();
        let mut along: Vec<f64> =
            (0..6).map(|j| q.col(j).iter().zip(&r).map(|(q, r)| q * r).sum()).collect();
        let mut outside = 0.0;
        for k in 0..t {
            let inside: f64 = (0..6).map(|j| q[(k, j)] * along[j]).sum();
            outside += (r[k] - inside).powi(2) / noise;
        }
        root.solve_l(&mut along);
        let quadratic = outside + along.iter().map(|v| v * v).sum::<f64>();
        let log_det = root.log_det() + (t - 6) as f64 * f64::ln(noise);
        let expected = -0.5 * (quadratic + log_det + t as f64 * PI2.ln());
        let found = log_prob_gradient(&process, &observations, &r).unwrap();
        let largest =
            gains[0].powi(2) + (500.0 * gains[1]).powi(2) + gains[2].powi(2) + gains[3].powi(2);
        let rounding = f64::EPSILON * largest / noise;
        // What a change of A by its rounding changes in log p.
        let squares: f64 = found.alpha.iter().map(|a| a * a).sum();
        let bound = 0.25 * rounding * (t as f64 + noise * squares);
        assert!((found.log_prob - expected).abs() < bound.min(1e-8 * expected.abs()), "{gains:?}");
        // A⁻¹r by the same small problem.
        root.solve_lt(&mut along);
        let column: Vec<f64> =
            (0..6).map(|j| q.col(j).iter().zip(&r).map(|(q, r)| q * r).sum()).collect();
        let alpha: Vec<f64> = (0..t)
            .map(|k| {
                let inside: f64 = (0..6).map(|j| q[(k, j)] * column[j]).sum();
                let kept: f64 = (0..6).map(|j| q[(k, j)] * along[j]).sum();
                (r[k] - inside) / noise + kept
            })
            .collect();
        assert_close(&found.alpha, &alpha, 4.0 * rounding, "alpha");
    }
}

/// Householder's Q and R by Gram and Schmidt, twice.
fn qr(f: &Mat<f64>) -> (Mat<f64>, Mat<f64>) {
    let (n, r) = (f.nrows(), f.ncols());
    let (mut q, mut upper) = (f.clone(), Mat::zeros(r, r));
    for j in 0..r {
        for _ in 0..2 {
            for i in 0..j {
                let c: f64 = q.col(i).iter().zip(q.col(j).iter()).map(|(a, b)| a * b).sum();
                upper[(i, j)] += c;
                (0..n).for_each(|k| q[(k, j)] -= c * q[(k, i)]);
            }
        }
        let norm = q.col(j).iter().map(|v| v * v).sum::<f64>().sqrt();
        upper[(j, j)] = norm;
        (0..n).for_each(|k| q[(k, j)] /= norm);
    }
    (q, upper)
}

#[test]
fn a_noise_that_is_lost_is_refused() {
    let process = Process::new(vec![Block::new(1.0, vec![])]);
    let observations = Observations {
        times: &[0.0, 1.0],
        starts: &[0, 1, 2],
        variances: &[0.0; 2],
        loadings: Loadings::gains(&[1.0]),
    };
    let error = Filter::new(&process, &observations).unwrap_err();
    assert!(error.to_string().contains("time 1"), "{error}");
    assert!(log_prob_gradient(&process, &observations, &[1.0, 1.0]).is_err());
}
