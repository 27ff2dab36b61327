//! A file of draws for ArviZ, and what gridgp says of them as JSON on the standard output.
//! `cargo xtask arviz` holds the two against each other, and has it read what ArviZ writes.

use std::error::Error;
use std::path::Path;

use gridgp_diagnostics::{
    Workspace, bfmi, ess_mean, ess_sd, highest_density, loo, mcse_quantile, relative_efficiency,
    waic,
};
use gridgp_fit::{DrawValues, InferenceGroup, InferenceVariable, Samples, Scaling};
use gridgp_grid::{Axis, Coordinate, Covariate, Dataset, Grid, Variable};
use gridgp_io::{read_inference_data, write_inference_data};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CHAINS: usize = 4;
const DRAWS: usize = 501;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = data()?;
    let groups = groups(&data);
    match &arguments[..] {
        [path] => {
            let said = said(&groups)?;
            write_inference_data(Path::new(path), groups)?;
            println!("{said}");
            Ok(())
        }
        [flag, path] if flag == "--same" => same(Path::new(path), &groups),
        _ => Err("arguments: FILE to write, or --same FILE to read".into()),
    }
}

/// Whether the file, which another program has written from ours, holds the same draws.
fn same(path: &Path, groups: &[InferenceGroup]) -> Result<()> {
    let found = read_inference_data(path)?;
    for group in groups {
        let name = &group.name;
        let other = found.iter().find(|g| g.name == *name).ok_or(format!("{name} is lost"))?;
        for v in &group.variables {
            let is_same = other.samples == group.samples
                && other
                    .variable(&v.name)
                    .is_some_and(|other| other.dims == v.dims && other.values == v.values);
            if !is_same {
                return Err(format!("{} of {name} has changed", v.name).into());
            }
        }
    }
    Ok(())
}

/// Three stations with a label and a place, four days.
fn data() -> Result<Dataset> {
    let labels = ["Évora", "Porto", "A Coruña"].map(String::from).to_vec();
    let station = vec![
        Coordinate::labels("station", labels),
        Coordinate::numbers("lon", vec![-7.9, -8.6, -8.4]).with_units("degrees_east"),
        Coordinate::numbers("lat", vec![38.6, 41.1, 43.4]).with_units("degrees_north"),
    ];
    let time = Coordinate {
        calendar: Some("standard".into()),
        ..Coordinate::numbers("time", vec![0.5, 1.0, 4.0, 7.0]).with_units("days since 2000-01-01")
    };
    // No coordinate has the name of this axis: xarray numbers it.
    let level = vec![Coordinate::numbers("height", vec![2.0, 10.0]).with_units("m")];
    let grid = Grid::new(vec![
        Axis::new("station", station)?,
        Axis::new("time", vec![time])?,
        Axis::new("level", level)?,
    ])?;
    let response = Variable {
        units: Some("K".into()),
        long_name: Some("temperature".into()),
        ..Variable::new("y", (0..grid.len()).map(|i| (i as f64).sin()).collect())
    };
    let gmst = Covariate {
        name: "gmst".into(),
        axes: vec![1],
        values: vec![-1.0, -0.5, 0.5, 1.0],
        units: Some("K".into()),
        missing: None,
    };
    Ok(Dataset::new(grid, response, vec![gmst])?)
}

fn groups(data: &Dataset) -> Vec<InferenceGroup> {
    // Knuth's linear congruential generator.
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // Autoregressive chains, draw by draw for `cells` scalars.
    let mut series = |cells: usize, phi: f64, shift: f64| -> Vec<f64> {
        let mut out = Vec::with_capacity(CHAINS * DRAWS * cells);
        for chain in 0..CHAINS {
            let mut x = vec![0.0; cells];
            for _ in 0..DRAWS {
                for (cell, x) in x.iter_mut().enumerate() {
                    let noise: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
                    *x = phi * *x + noise;
                    out.push(*x + cell as f64 + shift * chain as f64);
                }
            }
        }
        out
    };
    let axes = data.grid.axes();
    let group = |name| InferenceGroup::draws(name, CHAINS, DRAWS, axes.to_vec());
    let numbers = InferenceVariable::numbers;
    let mut posterior = group("posterior");
    posterior.attributes = vec![("tuning_steps".into(), 1000.into())];
    let slope = series(1, -0.4, 0.0);
    posterior.variables = vec![
        numbers("slope", &[], slope.clone()).with("units", "K/year"),
        numbers("drift", &[], series(1, 0.9, 0.4)),
        numbers("scale", &[], series(1, 0.5, 0.0).iter().map(|x| x.exp()).collect()),
        numbers("known", &[], vec![0.3; CHAINS * DRAWS]),
        numbers("base", &["station"], series(3, 0.3, 0.0)).with("units", "K"),
        numbers("field", &["time", "level"], series(8, 0.0, 0.0)),
    ];
    let mut unconstrained = group("unconstrained_posterior");
    unconstrained.variables = vec![numbers("slope", &[], slope.clone())];
    let mut prior = group("prior");
    prior.variables = vec![numbers("slope", &[], series(1, 0.0, 0.0))];

    let n = CHAINS * DRAWS;
    let mut stats = group("sample_stats");
    let whole = |f: &dyn Fn(usize) -> i64| DrawValues::Integers((0..n).map(f).collect());
    let diverging = (0..n).map(|i| i % 97 == 13).collect();
    stats.variables = vec![
        numbers("lp", &[], series(1, 0.3, 0.0)),
        numbers("energy", &[], series(1, 0.6, 0.0)),
        numbers("acceptance_rate", &[], vec![0.9; n]),
        numbers("step_size", &[], vec![0.1; n]),
        InferenceVariable::new("diverging", &[], DrawValues::Flags(diverging)),
        InferenceVariable::new("tree_depth", &[], whole(&|i| 1 + (i % 3) as i64)),
        InferenceVariable::new("n_steps", &[], whole(&|i| (2 << (i % 3)) - 1)),
    ];

    let cells = data.grid.len();
    let names: Vec<&str> = axes.iter().map(Axis::name).collect();
    let noise = series(cells, 0.0, 0.0);
    // Cells with ever larger residuals, the last of them without a good shape.
    let residual = |i: usize| {
        let (draw, cell) = (i / cells, i % cells);
        0.2 + 0.1 * (1 + cell * cell) as f64 / cells as f64 * slope[draw]
    };
    let ll = |i: usize| -0.9 - 0.5 * residual(i).powi(2);
    let mut likelihood = group("log_likelihood");
    likelihood.variables = vec![numbers("y", &names, (0..n * cells).map(ll).collect())];
    let mut predictive = group("posterior_predictive");
    predictive.variables = vec![numbers("y", &names, noise)];
    vec![
        posterior,
        unconstrained,
        prior,
        stats,
        likelihood,
        predictive,
        InferenceGroup::observed_data(data),
        InferenceGroup::constant_data(data, &[Scaling { center: 2.5, scale: 1.0 }]),
    ]
}

fn said(groups: &[InferenceGroup]) -> Result<Value> {
    let find = |name: &str| groups.iter().find(|g| g.name == name).ok_or(name.to_owned());
    let posterior = find("posterior")?;
    let Samples { chains, draws } = posterior.samples.ok_or("no draws")?;
    let mut workspace = Workspace::new(chains, draws);
    let mut scalars = serde_json::Map::new();
    let mut efficiencies = vec![];
    for v in &posterior.variables {
        let all = numbers_of(v)?;
        let cells = all.len() / (chains * draws);
        let mut list = vec![];
        for cell in 0..cells {
            let x: Vec<f64> = all.iter().skip(cell).step_by(cells).copied().collect();
            let of_chain: Vec<&[f64]> = x.chunks_exact(draws).collect();
            let s = workspace.statistics(&of_chain);
            efficiencies.push(ess_mean(&of_chain));
            list.push(json!({
                "mean": s.mean, "sd": s.sd, "median": s.median, "q5": s.q5, "q95": s.q95,
                "ess_bulk": s.ess_bulk, "ess_tail": s.ess_tail, "r_hat": s.r_hat,
                "mcse_mean": s.mcse_mean, "mcse_sd": s.mcse_sd,
                "ess_mean": ess_mean(&of_chain), "ess_sd": ess_sd(&of_chain),
                "mcse_quantile": mcse_quantile(&of_chain, 0.1),
                "hdi": highest_density(&x, 0.94),
            }));
        }
        scalars.insert(v.name.clone(), list.into());
    }
    let energy = numbers_of(find("sample_stats")?.variable("energy").ok_or("no energy")?)?;
    let energies: Vec<&[f64]> = energy.chunks_exact(draws).collect();
    let ll = numbers_of(find("log_likelihood")?.variable("y").ok_or("no y")?)?;
    let cells = ll.len() / (chains * draws);
    let reff = relative_efficiency(&efficiencies, chains, draws);
    let (loo, waic) = (loo(ll, cells, reff)?, waic(ll, cells)?);
    Ok(json!({
        "scalars": scalars,
        "bfmi": bfmi(&energies),
        "loo": {
            "elpd": loo.elpd, "se": loo.se, "p": loo.p, "pointwise": loo.pointwise, "k": loo.k,
            "good_k": loo.good_k, "reff": reff,
        },
        "waic": { "elpd": waic.elpd, "se": waic.se, "p": waic.p },
    }))
}

fn numbers_of(v: &InferenceVariable) -> Result<&[f64]> {
    match &v.values {
        DrawValues::Numbers(x) => Ok(x),
        _ => Err(format!("{} is not made of numbers", v.name).into()),
    }
}
