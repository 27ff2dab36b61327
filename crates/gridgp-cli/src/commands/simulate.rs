//! `gridgp simulate`: yearly maxima at stations with a known truth.

use std::io::Write;

use anyhow::{Context, bail};
use gridgp::extremes::{Warming, gev_observations, gmst, spatial_field};
use gridgp::grid::{Axis, Coordinate, Grid, Points};
use gridgp::kernel::{Kernel, KernelOptions};
use gridgp_io::{GridOutput, OutputVariable};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::check_writable;
use crate::args::Simulate;

/// Every random part has a seed of its own, so that one can be changed without the others.
#[derive(Debug, Clone, Copy)]
enum Part {
    Stations,
    Gmst,
    Location,
    Slope,
    Scale,
    Shape,
    Years,
    Observations,
}

pub fn run(args: &Simulate) -> anyhow::Result<()> {
    check_writable(&args.output)?;
    let years = years(&args.years)?;
    if args.stations == 0 {
        bail!("--stations: there must be at least one");
    }
    if args.shape.is_nan() || args.shape.abs() >= 0.5 {
        bail!("--shape {}: it must lie between -0.5 and 0.5", args.shape);
    }
    if !(args.scale > 0.0 && args.scale.is_finite()) {
        bail!("--scale {}: it must be positive", args.scale);
    }
    let seed = |part: Part| args.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part as u64);
    let stations = stations(args, seed(Part::Stations))?;
    let n = stations.len();
    let field = |part, amplitude, lengthscale| -> anyhow::Result<Vec<f64>> {
        Ok(spatial_field(
            &matern(&["lon", "lat"])?,
            &[lengthscale],
            &stations,
            amplitude,
            seed(part),
        )?)
    };
    let location = field(Part::Location, args.location_amplitude, args.location_lengthscale)?;
    let slope = field(Part::Slope, args.slope_amplitude, args.slope_lengthscale)?;
    let scale = field(Part::Scale, args.scale_amplitude, args.scale_lengthscale)?;
    let shape = field(Part::Shape, args.shape_amplitude, args.shape_lengthscale)?;
    let location: Vec<f64> = location.iter().map(|f| args.location + f).collect();
    let slope: Vec<f64> = slope.iter().map(|f| args.slope + f).collect();
    let scale: Vec<f64> = scale.iter().map(|f| args.scale * f.exp()).collect();
    // Bounded, as a shape beyond one half is beyond what maxima show.
    let middle = (2.0 * args.shape).atanh();
    let shape: Vec<f64> = shape.iter().map(|f| 0.5 * (middle + f).tanh()).collect();
    let line = Points::line(&years);
    let theta = [args.year_lengthscale];
    let tau =
        spatial_field(&matern(&["year"])?, &theta, &line, args.year_amplitude, seed(Part::Years))?;
    let warming = Warming::Linear { rate: args.warming };
    let gmst = gmst(warming, years.len(), args.gmst_sd, args.gmst_correlation, seed(Part::Gmst))?;
    let mean = gmst.iter().sum::<f64>() / gmst.len() as f64;
    let centered: Vec<f64> = gmst.iter().map(|g| g - mean).collect();
    let mut y =
        gev_observations(&location, &slope, &scale, &shape, &centered, seed(Part::Observations))?;
    y.iter_mut().enumerate().for_each(|(i, y)| *y += tau[i % years.len()]);
    let station = Axis::new(
        "station",
        vec![
            Coordinate::numbers("lon", stations.column(0).collect()),
            Coordinate::numbers("lat", stations.column(1).collect()),
        ],
    )?;
    let grid = Grid::new(vec![station, Axis::numbers("year", years)?])?;
    let one = |name: &str, dim: &str, values: Vec<f64>, what: &str| {
        OutputVariable::new(name, &[dim], values).with("long_name", what)
    };
    let variables = vec![
        one("gmst", "year", gmst, "global mean surface temperature").with("units", "K"),
        OutputVariable::new("tmax", &["station", "year"], y)
            .with("long_name", "simulated yearly maximum")
            .with("units", "degC"),
        one("location_true", "station", location, "location at the mean gmst")
            .with("units", "degC"),
        one("slope_true", "station", slope, "rise of the location with gmst"),
        one("scale_true", "station", scale, "scale").with("units", "degC"),
        one("shape_true", "station", shape, "shape"),
        one("year_true", "year", tau, "shift of the location in a year").with("units", "degC"),
    ];
    let attributes = vec![
        ("title".to_owned(), "simulated yearly maxima".to_owned()),
        ("source".to_owned(), format!("gridgp {} simulate", env!("CARGO_PKG_VERSION"))),
    ];
    gridgp_io::write_grid(
        &args.output,
        &GridOutput { grid: grid.clone(), extra: vec![], variables, attributes },
    )?;
    if !args.quiet {
        let mut out = std::io::stdout();
        let years = grid.axes()[1].len();
        writeln!(out, "{n} stations, {years} years in {}", args.output.display())?;
    }
    Ok(())
}

fn matern(coordinates: &[&str]) -> anyhow::Result<Kernel> {
    Kernel::from_name("matern32", &KernelOptions::of(coordinates.iter().copied()))
        .map_err(|e| anyhow::anyhow!("{e}"))
}

/// Places in the box, evenly spread at random, of four decimals.
fn stations(args: &Simulate, seed: u64) -> anyhow::Result<Points> {
    let edges = |text: &str| -> anyhow::Result<(f64, f64)> {
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        text.split_once(':')
            .and_then(|(a, b)| number(a).zip(number(b)))
            .filter(|(a, b)| a < b)
            .with_context(|| format!("{text:?} is not of the form -9:3"))
    };
    let (lon, lat) = (edges(&args.lon).context("--lon")?, edges(&args.lat).context("--lat")?);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut at = |(a, b): (f64, f64)| {
        let x = a + (b - a) * rng.random::<f64>();
        (x * 1e4).round() / 1e4
    };
    let points = Points::new((0..args.stations).flat_map(|_| [at(lon), at(lat)]).collect(), 2);
    if let Some((i, j)) = points.first_repeat() {
        bail!("stations {i} and {j} fall together; take a larger box, or another seed");
    }
    Ok(points)
}

/// `1985:2024`, both ends included.
fn years(text: &str) -> anyhow::Result<Vec<f64>> {
    let number = |t: &str| t.trim().parse::<i32>().ok();
    let (from, to) = text
        .split_once(':')
        .and_then(|(a, b)| number(a).zip(number(b)))
        .filter(|(a, b)| a < b && i64::from(*b) - i64::from(*a) < 100_000)
        .with_context(|| format!("--years {text}: it is not of the form 1985:2024"))?;
    Ok((from..=to).map(f64::from).collect())
}
