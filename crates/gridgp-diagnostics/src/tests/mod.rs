//! Against ArviZ: `reference.py` makes the same inputs, and `reference.rs` from them.

mod reference;

use approx::relative_eq;
use reference::{BFMI, CELLS, Cells, SCALARS};

use super::*;

/// Knuth's linear congruential generator, the upper 53 of 64 bits.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly normal: twelve uniform numbers, minus six.
    fn noise(&mut self) -> f64 {
        (0..12).fold(0.0, |total, _| total + self.next()) - 6.0
    }
}

type Chains = Vec<Vec<f64>>;

fn autoregressive(chains: usize, draws: usize, phi: f64, seed: u64) -> Chains {
    let mut uniform = Uniform(seed);
    let mut chain = || {
        let mut x = uniform.noise();
        let mut next = || {
            x = phi * x + uniform.noise();
            x
        };
        (0..draws).map(|_| next()).collect()
    };
    (0..chains).map(|_| chain()).collect()
}

/// Tails as heavy as those of a Cauchy distribution.
fn ratios(chains: usize, draws: usize) -> Chains {
    let mut uniform = Uniform(7);
    let mut ratio = || (uniform.next() - 0.5) / (uniform.next() - 0.5);
    (0..chains).map(|_| (0..draws).map(|_| ratio()).collect()).collect()
}

fn scalar(name: &str, chains: usize, draws: usize) -> Chains {
    let auto = |phi| autoregressive(chains, draws, phi, 1);
    let map = |chains: Chains, f: &dyn Fn(f64) -> f64| -> Chains {
        chains.iter().map(|c| c.iter().map(|x| f(*x)).collect()).collect()
    };
    let change = |chain: usize, f: &dyn Fn(f64) -> f64| {
        let mut all = auto(0.0);
        all[chain].iter_mut().for_each(|x| *x = f(*x));
        all
    };
    match name {
        "iid" | "four" | "five" | "eight" | "three" => auto(0.0),
        "correlated" => auto(0.95),
        "antithetic" => auto(-0.6),
        "shifted" => change(0, &|x| x + 1.0),
        "spread" => change(0, &|x| x * 5.0),
        "single" => auto(0.5),
        "heavy" | "odd_heavy" => ratios(chains, draws),
        "odd" | "odd_quantiles_on_draws" => auto(0.3),
        "ties" => map(auto(0.5), &|x| (2.0 * x).floor() / 2.0),
        "binary" => map(auto(0.7), &|x| if x > 0.0 { 1.0 } else { 0.0 }),
        "far" => map(auto(0.0), &|x| 1e6 + x),
        "constant" => vec![vec![0.1; draws]; chains],
        "one_constant_chain" => change(2, &|_| 0.25),
        "nan" => {
            let mut all = auto(0.0);
            all[1][17] = f64::NAN;
            all
        }
        _ => unreachable!("{name} is not among the inputs"),
    }
}

fn refs(chains: &Chains) -> Vec<&[f64]> {
    chains.iter().map(Vec::as_slice).collect()
}

const JUDGED: [&str; 16] = [
    "mean",
    "sd",
    "median",
    "q5",
    "q95",
    "ess_bulk",
    "ess_tail",
    "r_hat",
    "mcse_mean",
    "mcse_sd",
    "ess_mean",
    "ess_sd",
    "ess_quantile",
    "mcse_quantile",
    "hdi low",
    "hdi high",
];

fn judge(chains: &[&[f64]]) -> [f64; 16] {
    let s = statistics(chains);
    let (low, high) = highest_density(&chains.concat(), 0.9);
    [
        s.mean,
        s.sd,
        s.median,
        s.q5,
        s.q95,
        s.ess_bulk,
        s.ess_tail,
        s.r_hat,
        s.mcse_mean,
        s.mcse_sd,
        ess_mean(chains),
        ess_sd(chains),
        ess_quantile(chains, 0.3),
        mcse_quantile(chains, 0.3),
        low,
        high,
    ]
}

#[test]
fn scalars_agree_with_arviz() {
    let mut wrong = vec![];
    for (name, chains, draws, expected) in SCALARS {
        let chains = scalar(name, *chains, *draws);
        let found = judge(&refs(&chains));
        for ((what, found), expected) in JUDGED.iter().zip(found).zip(expected) {
            let both_nan = found.is_nan() && expected.is_nan();
            if !both_nan && !relative_eq!(found, *expected, max_relative = 1e-10, epsilon = 1e-14) {
                wrong.push(format!("{name}: {what} is {found}, ArviZ has {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn parts_are_what_statistics_says() {
    for (name, chains, draws, _) in SCALARS {
        let chains = scalar(name, *chains, *draws);
        let chains = refs(&chains);
        let s = statistics(&chains);
        let all = chains.concat();
        let pairs = [
            (s.median, quantile(&all, 0.5)),
            (s.q95, equal_tailed(&all, 0.9).1),
            (s.ess_bulk, ess_bulk(&chains)),
            (s.ess_tail, ess_tail(&chains)),
            (s.r_hat, r_hat(&chains)),
            (s.mcse_mean, mcse_mean(&chains)),
            (s.mcse_sd, mcse_sd(&chains)),
        ];
        for (i, (a, b)) in pairs.into_iter().enumerate() {
            // Sums run in another order.
            let equal = relative_eq!(a, b, max_relative = 1e-13) || (a.is_nan() && b.is_nan());
            assert!(equal, "{name} {i}: {a} {b}");
        }
    }
}

#[test]
fn a_workspace_forgets_the_scalar_before() {
    let mut workspace = Workspace::new(4, 250);
    for name in ["heavy", "nan", "iid", "one_constant_chain", "iid"] {
        let chains = scalar(name, 4, 250);
        let (again, fresh) = (workspace.statistics(&refs(&chains)), statistics(&refs(&chains)));
        assert_eq!(format!("{again:?}"), format!("{fresh:?}"), "{name}");
    }
}

#[test]
fn standard_errors_are_those_of_repeated_runs() {
    const RUNS: usize = 400;
    // Strongly antithetic chains are worth more than S log₁₀ S draws, where the size is cut.
    for phi in [-0.3, 0.0, 0.7] {
        let runs: Vec<Chains> =
            (0..RUNS as u64).map(|seed| autoregressive(4, 250, phi, 1000 + seed)).collect();
        let tell = |of: &dyn Fn(&[&[f64]]) -> [f64; 2]| {
            let found: Vec<[f64; 2]> = runs.iter().map(|run| of(&refs(run))).collect();
            let told = found.iter().map(|f| f[1]).sum::<f64>() / RUNS as f64;
            let values: Vec<f64> = found.iter().map(|f| f[0]).collect();
            autocovariance::variance(&values).sqrt() / told
        };
        let ratios = [
            tell(&|run| [statistics(run).mean, mcse_mean(run)]),
            tell(&|run| [statistics(run).sd, mcse_sd(run)]),
            tell(&|run| [quantile(&run.concat(), 0.1), mcse_quantile(run, 0.1)]),
        ];
        // Four standard errors of a standard deviation from 400 runs.
        assert!(ratios.iter().all(|r| (r - 1.0).abs() < 4.0 / (2.0 * 400f64).sqrt()), "{ratios:?}");
    }
}

#[test]
fn the_unit_does_not_matter() {
    // 1e-18 as well: ArviZ takes a range below 1e-15 for that of a constant.
    let chains = scalar("correlated", 4, 250);
    let s = statistics(&refs(&chains));
    for unit in [1e-18, 1e-3, 1e12] {
        let other: Chains = chains.iter().map(|c| c.iter().map(|x| unit * x).collect()).collect();
        let t = statistics(&refs(&other));
        approx::assert_relative_eq!(t.mcse_mean / unit, s.mcse_mean, max_relative = 1e-9);
        approx::assert_relative_eq!(t.mcse_sd / unit, s.mcse_sd, max_relative = 1e-9);
        assert_eq!((t.ess_bulk, t.r_hat), (s.ess_bulk, s.r_hat));
    }
}

#[test]
fn infinite_draws_have_ranks() {
    let mut chains = scalar("iid", 4, 250);
    let s = statistics(&refs(&chains));
    // The largest draw of a chain may be any larger number.
    let most = |c: &[f64]| (0..250).max_by(|&i, &j| c[i].total_cmp(&c[j])).unwrap();
    for c in &mut chains {
        let i = most(c);
        c[i] = f64::INFINITY;
    }
    let t = statistics(&refs(&chains));
    assert!((t.ess_bulk / s.ess_bulk - 1.0).abs() < 0.02 && (t.r_hat - s.r_hat).abs() < 0.01);
    assert_eq!(t.ess_tail, s.ess_tail);
    assert!(t.mean == f64::INFINITY && t.mcse_mean.is_nan() && t.mcse_sd.is_nan());
}

#[test]
fn constant_chains_that_differ_never_agree() {
    let s = statistics(&[&[1.0; 20], &[1.0; 20], &[2.0; 20]]);
    assert_eq!(s.r_hat, f64::INFINITY);
}

#[test]
fn no_chains_say_nothing() {
    for chains in [&[][..], &[&[][..]], &[&[], &[]], &[&[1.0]]] {
        let s = statistics(chains);
        assert!(s.ess_bulk.is_nan() && s.r_hat.is_nan() && s.mcse_mean.is_nan(), "{s:?}");
        assert!(ess_quantile(chains, 0.5).is_nan() && mcse_quantile(chains, 0.5).is_nan());
    }
    let chains = scalar("iid", 4, 250);
    for p in [-0.1, 1.5, f64::NAN] {
        assert!(ess_quantile(&refs(&chains), p).is_nan());
        assert!(mcse_quantile(&refs(&chains), p).is_nan());
    }
}

#[test]
fn energies_agree_with_arviz() {
    let chains = scalar("correlated", 4, 250);
    for (found, expected) in bfmi(&refs(&chains)).into_iter().zip(BFMI) {
        approx::assert_relative_eq!(found, expected, max_relative = 1e-12);
    }
    let short = bfmi(&[&[1.0], &[1.0, 1.0], &[0.0, 2.0]]);
    assert!(short[0].is_nan() && short[1].is_nan());
    assert_eq!(short[2], 2.0);
}

/// Cells are ever more sensitive to the two parameters, the last one is constant.
fn log_likelihood(draws: usize, cells: usize) -> Vec<f64> {
    let (a, b) = (autoregressive(1, draws, 0.5, 3), autoregressive(1, draws, 0.5, 4));
    let at = |s: usize, i: usize| {
        if i == cells - 1 {
            return -1.5;
        }
        let i = i as f64;
        let residual = 0.1 * i * a[0][s] + 0.03 * i * i * b[0][s] + 0.5;
        -0.5 * (residual * residual) - 1.0
    };
    (0..draws * cells).map(|k| at(k / cells, k % cells)).collect()
}

#[test]
fn information_criteria_agree_with_arviz() {
    for Cells { draws, cells, reff, totals, pointwise } in CELLS {
        let ll = log_likelihood(*draws, *cells);
        let (loo, waic) = (loo(&ll, *cells, *reff).unwrap(), waic(&ll, *cells).unwrap());
        let found = [loo.elpd, loo.se, loo.p, waic.elpd, waic.se, waic.p];
        for (found, expected) in found.into_iter().zip(totals) {
            approx::assert_relative_eq!(found, *expected, max_relative = 1e-10);
        }
        for (found, expected) in
            [&loo.pointwise, &waic.pointwise, &loo.k].into_iter().zip(pointwise)
        {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(*expected) {
                approx::assert_relative_eq!(found, expected, max_relative = 1e-10);
            }
        }
    }
}

#[test]
fn bad_cells_are_told() {
    let ll = log_likelihood(1000, 12);
    let loo = loo(&ll, 12, 0.7).unwrap();
    approx::assert_relative_eq!(loo.good_k, 2.0 / 3.0, max_relative = 1e-15);
    // Nothing is known of the tail of equal weights, and they need no smoothing: ArviZ says ∞.
    assert_eq!(loo.bad_cells().collect::<Vec<_>>(), [0, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(waic(&ll, 12).unwrap().bad_cells, [5, 6, 7, 8, 9, 10]);
}

#[test]
fn threads_do_not_change_a_digit() {
    let ll = log_likelihood(400, 37);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| loo(&ll, 37, 1.0).unwrap())
    };
    assert_eq!(run(1), run(3));
}
