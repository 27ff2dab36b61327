//! `gridgp simulate`: yearly maxima at stations with a known truth.

use std::io::Write;

use anyhow::{Context, bail};
use gridgp_extremes::{StationMaxima, Varying, Warming};
use gridgp_fit::{GridOutput, OutputVariable};
use gridgp_grid::{Axis, Coordinate, Grid};

use super::check_outputs;
use crate::args::Simulate;
use crate::machine;

pub fn run(args: &Simulate) -> anyhow::Result<()> {
    check_outputs(&[&args.output], &[])?;
    let years = years(&args.years)?;
    if args.stations == 0 {
        bail!("--stations: there must be at least one");
    }
    // Fields are drawn by a factor of their covariance.
    let n = args.stations as u128;
    let bytes = n.saturating_mul(n).saturating_mul(8 * 4);
    machine::check_memory(bytes, &format!("fields at {n} stations; ask for fewer"))?;
    if args.shape.is_nan() || args.shape.abs() >= 0.5 {
        bail!("--shape {}: it must lie between -0.5 and 0.5", args.shape);
    }
    if !(args.scale > 0.0 && args.scale.is_finite()) {
        bail!("--scale {}: it must be positive", args.scale);
    }
    let wanted = StationMaxima {
        stations: args.stations,
        lon: edges(&args.lon).context("--lon")?,
        lat: edges(&args.lat).context("--lat")?,
        years: years.clone(),
        warming: Warming::Linear { rate: args.warming },
        gmst_sd: args.gmst_sd,
        gmst_correlation: args.gmst_correlation,
        location: Varying::new(args.location, args.location_amplitude, args.location_lengthscale),
        slope: Varying::new(args.slope, args.slope_amplitude, args.slope_lengthscale),
        scale: Varying::new(args.scale, args.scale_amplitude, args.scale_lengthscale),
        shape: Varying::new(args.shape, args.shape_amplitude, args.shape_lengthscale),
        year_amplitude: args.year_amplitude,
        year_lengthscale: args.year_lengthscale,
    };
    let simulated = wanted.simulate(args.seed)?;
    let n = simulated.stations.len();
    let station = Axis::new(
        "station",
        vec![
            Coordinate::numbers("lon", simulated.stations.column(0).collect()),
            Coordinate::numbers("lat", simulated.stations.column(1).collect()),
        ],
    )?;
    let grid = Grid::new(vec![station, Axis::numbers("year", years)?])?;
    let one = |name: &str, dim: &str, values: Vec<f64>, what: &str| {
        OutputVariable::new(name, &[dim], values).with("long_name", what)
    };
    let variables = vec![
        one("gmst", "year", simulated.gmst, "global mean surface temperature").with("units", "K"),
        OutputVariable::new("tmax", &["station", "year"], simulated.observations)
            .with("long_name", "simulated yearly maximum")
            .with("units", "degC"),
        one("location_true", "station", simulated.location, "location at the mean gmst")
            .with("units", "degC"),
        one("slope_true", "station", simulated.slope, "rise of the location with gmst"),
        one("scale_true", "station", simulated.scale, "scale").with("units", "degC"),
        one("shape_true", "station", simulated.shape, "shape"),
        one("year_true", "year", simulated.shift, "shift of the location in a year")
            .with("units", "degC"),
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

/// `-9:3`, from the lower to the upper end.
fn edges(text: &str) -> anyhow::Result<(f64, f64)> {
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    text.split_once(':')
        .and_then(|(a, b)| number(a).zip(number(b)))
        .filter(|(a, b)| a < b)
        .with_context(|| format!("{text:?} is not of the form -9:3"))
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
