//! Every figure, from plain slices of made-up numbers: `cargo run --example figures FOLDER`.

use std::path::{Path, PathBuf};

use gridgp_grid::Coordinate;
use gridgp_plot::{
    Chains, Dimension, Figure, HeatMap, Loss, Map, PairPlot, Panel, Part, Places, Projection,
    Quantity, Range, RankPlot, ReturnLevels, Series, Style, Trace,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let folder = std::env::args().nth(1).map_or_else(|| "target/figures".into(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    heat_maps(&folder)?;
    maps(&folder)?;
    series(&folder)?;
    chains(&folder)?;
    extremes(&folder)
}

fn keep(folder: &Path, name: &str, figure: &Figure) -> Outcome {
    figure.write(&folder.join(format!("{name}.png")))?;
    figure.write(&folder.join(format!("{name}.svg")))?;
    Ok(())
}

fn titled(title: &str) -> Style {
    Style { title: Some(title.into()), ..Style::default() }
}

fn wave(x: f64, y: f64) -> f64 {
    (0.7 * x).sin() + (0.4 * y).cos() * 2.0
}

fn plane(x: &[f64], y: &[f64]) -> Vec<f64> {
    y.iter().flat_map(|&v| x.iter().map(move |&u| wave(u, v))).collect()
}

fn even(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1).max(1) as f64).collect()
}

fn heat_maps(folder: &Path) -> Outcome {
    let (x, y) = (even(1.0, 12.0, 12), even(1950.0, 2010.0, 61));
    let mut values = plane(&x, &even(0.0, 20.0, 61));
    values[100..130].fill(f64::NAN);
    let map = HeatMap {
        x: Dimension::numbers("month", x),
        y: Dimension::numbers("year", y),
        quantity: Quantity::new("sea surface temperature", Some("degC")),
        range: Range::Values,
        panels: vec![Panel { title: String::new(), values }],
        notes: vec![],
    };
    keep(folder, "heat", &map.draw(&titled("Months by years"))?)?;
    let limits = Style { limits: Some((-1.0, 2.0)), ..Style::default() };
    keep(folder, "heat_limits", &map.draw(&limits)?)?;

    // Unevenly spaced, dates before 1900, residuals in panels.
    let days: Vec<f64> = even(0.0, 1.0, 40).iter().map(|t| 3000.0 * t * t).collect();
    let time = Coordinate::numbers("time", days.clone()).with_units("days since 1885-03-01");
    let depth = vec![0.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let values = plane(&days.iter().map(|d| d / 200.0).collect::<Vec<_>>(), &depth);
    let shifted: Vec<f64> = values.iter().map(|v| 0.4 * v + 0.3).collect();
    let map = HeatMap {
        x: Dimension::of(&time),
        y: Dimension { units: Some("m".into()), ..Dimension::numbers("depth", depth) },
        quantity: Quantity::new("residual", Some("m s-1")),
        range: Range::AroundZero,
        panels: vec![
            Panel { title: "first model".into(), values },
            Panel { title: "second model".into(), values: shifted },
        ],
        notes: vec![],
    };
    keep(folder, "heat_panels", &map.draw(&Style::default())?)?;
    keep(folder, "heat_wide", &map.draw(&Style { width: 170.0, ..Style::default() })?)?;

    // A million cells, one row, nothing there.
    let (x, y) = (even(0.0, 30.0, 1000), even(0.0, 40.0, 1000));
    let map = HeatMap {
        panels: vec![Panel { title: String::new(), values: plane(&x, &y) }],
        x: Dimension::numbers("x", x.clone()),
        y: Dimension::numbers("y", y),
        quantity: Quantity::new("wave", None),
        range: Range::Values,
        notes: vec![],
    };
    keep(folder, "heat_million", &map.draw(&Style::default())?)?;
    let row = HeatMap {
        y: Dimension::numbers("y", vec![2.0]),
        panels: vec![Panel { title: String::new(), values: plane(&x, &[2.0]) }],
        ..map.clone()
    };
    keep(folder, "heat_row", &row.draw(&Style::default())?)?;
    let nothing = HeatMap {
        x: Dimension::numbers("x", vec![1.0, 2.0]),
        y: Dimension::numbers("y", vec![1.0, 2.0]),
        panels: vec![Panel { title: String::new(), values: vec![f64::NAN; 4] }],
        ..map
    };
    keep(folder, "heat_nothing", &nothing.draw(&Style::default())?)
}

fn maps(folder: &Path) -> Outcome {
    let lon = vec![-3.7, 2.2, -0.4, -6.0, -4.4, -8.4, -5.9, 2.7, -0.9, -2.9, -15.4];
    let lat = vec![40.4, 41.4, 39.5, 37.4, 36.7, 43.4, 43.4, 39.6, 41.7, 43.3, 28.1];
    let mut values: Vec<f64> = lat.iter().map(|l| 60.0 - l).collect();
    values[3] = f64::NAN;
    let spain = Map {
        places: Places::Points { lon: lon[..10].to_vec(), lat: lat[..10].to_vec() },
        values: values[..10].to_vec(),
        quantity: Quantity::new("hottest day", Some("degC")),
        range: Range::Values,
        projection: Projection::Equirectangular,
        notes: vec![],
    };
    keep(folder, "map_points", &spain.draw(&titled("Stations"))?)?;
    let conic = Map { projection: Projection::LambertConformal, ..spain.clone() };
    keep(folder, "map_lambert", &conic.draw(&Style::default())?)?;
    let globe = Map { projection: Projection::Orthographic, ..spain.clone() };
    keep(folder, "map_orthographic", &globe.draw(&Style::default())?)?;
    let one = Map {
        places: Places::Points { lon: vec![-3.7], lat: vec![40.4] },
        values: vec![31.0],
        ..spain.clone()
    };
    keep(folder, "map_one", &one.draw(&Style::default())?)?;

    let (lon, lat) = (even(-12.0, 3.0, 31), even(49.0, 61.0, 25));
    let cells = Map {
        values: plane(&lon, &lat),
        places: Places::Cells { lon, lat },
        quantity: Quantity::new("difference", Some("K")),
        range: Range::AroundZero,
        ..spain.clone()
    };
    keep(folder, "map_cells", &cells.draw(&Style::default())?)?;
    let conic = Map { projection: Projection::LambertConformal, ..cells.clone() };
    keep(folder, "map_cells_lambert", &conic.draw(&Style::default())?)?;

    let lon: Vec<f64> =
        even(150.0, 210.0, 31).iter().map(|&l| if l > 180.0 { l - 360.0 } else { l }).collect();
    let lat = even(-50.0, 10.0, 25);
    let pacific = Map {
        values: even(0.0, 1.0, 31 * 25),
        places: Places::Cells { lon, lat },
        range: Range::Values,
        ..cells.clone()
    };
    keep(folder, "map_pacific", &pacific.draw(&Style::default())?)?;
    let (lon, lat) = (even(0.0, 355.0, 72), even(-87.5, 87.5, 36));
    let world = Map {
        values: lat
            .iter()
            .flat_map(|&b| lon.iter().map(move |&l| wave(l / 20.0, b / 20.0)))
            .collect(),
        places: Places::Cells { lon, lat },
        ..pacific
    };
    keep(folder, "map_world", &world.draw(&Style::default())?)?;
    let globe = Map { projection: Projection::Orthographic, ..world };
    keep(folder, "map_globe", &globe.draw(&Style::default())?)
}

fn series(folder: &Path) -> Outcome {
    let x = even(0.0, 3650.0, 200);
    let mean: Vec<f64> = x.iter().map(|d| wave(d / 300.0, d / 900.0)).collect();
    let around = |s: f64| mean.iter().map(|m| m + s).collect::<Vec<f64>>();
    let observed = (0..200).map(|i| if i % 7 == 0 { mean[i] + 0.3 } else { f64::NAN }).collect();
    let time = Coordinate::numbers("time", x).with_units("days since 1990-01-01");
    let series = Series {
        x: Dimension::of(&time),
        y: Quantity::new("level", Some("m")),
        parts: vec![
            ("|90 %".into(), Part::Band { lower: around(-0.8), upper: around(0.8) }),
            ("|mean".into(), Part::Line(mean.clone())),
            ("observed".into(), Part::Points(observed)),
        ],
        notes: vec![],
    };
    keep(folder, "series", &series.draw(&Style::default())?)?;
    let cities = ["Madrid", "Barcelona", "València", "Sevilla"].map(String::from).to_vec();
    let names = Series {
        x: Dimension::of(&Coordinate::labels("station", cities)),
        parts: vec![
            (
                "|90 %".into(),
                Part::Band { lower: vec![1.0, 2.0, 3.0, 2.0], upper: vec![3.0, 3.0, 4.0, 5.0] },
            ),
            ("|mean".into(), Part::Line(vec![2.0, 2.5, 3.5, 4.0])),
        ],
        ..series
    };
    keep(folder, "series_names", &names.draw(&Style::default())?)
}

/// Numbers that look random and are the same everywhere.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // The sum of twelve uniforms is nearly normal.
    (0..n).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
}

fn chains(folder: &Path) -> Outcome {
    let (count, draws) = (4, 500);
    let mut parameters = Vec::new();
    let base: Vec<Vec<f64>> = (0..count).map(|c| noise(draws, c as u64 + 1)).collect();
    for (k, (name, units)) in
        [("mean", Some("degC")), ("log amplitude", None), ("lengthscale", Some("km"))]
            .into_iter()
            .enumerate()
    {
        let chain = |c: usize| {
            let own = noise(draws, (10 * k + c) as u64 + 77);
            let mix = |(z, e): (&f64, &f64)| match k {
                2 => (1.0 + 0.4 * z + 0.1 * e).exp(),
                _ => (k as f64 + 1.0) * 0.3 * z + 0.5 * e,
            };
            base[c].iter().zip(&own).map(mix).collect()
        };
        let draws = (0..count).map(chain).collect();
        parameters.push(Chains { quantity: Quantity::new(name, units), draws });
    }
    // The last chain is somewhere else.
    let mut stuck = parameters.clone();
    stuck[0].draws[3].iter_mut().for_each(|v| *v += 1.0);
    let far: Vec<Vec<bool>> = parameters[2]
        .draws
        .iter()
        .map(|c| c.iter().enumerate().map(|(i, &v)| v > 6.5 || i == 499).collect())
        .collect();
    let trace = Trace { parameters: stuck.clone(), divergent: far.clone() };
    keep(folder, "trace", &trace.draw(&Style::default())?)?;
    keep(folder, "rank", &RankPlot { parameters: stuck }.draw(&Style::default())?)?;
    let pair = PairPlot { parameters, divergent: far };
    keep(folder, "pair", &pair.draw(&Style::default())?)?;
    let e = noise(5000, 9);
    let values = (0..5000).map(|i| 120.0 + 900.0 * (-(i as f64) / 200.0).exp() + 6.0 * e[i]);
    let loss = Loss { name: "−ELBO".into(), values: values.collect() };
    keep(folder, "loss", &loss.draw(&Style::default())?)
}

fn extremes(folder: &Path) -> Outcome {
    let periods: Vec<f64> = (0..60).map(|i| 1.05 * 1.12f64.powi(i)).collect();
    let level = |xi: f64, scale: f64| -> Vec<f64> {
        let reduced = |t: &f64| -(-(-1.0 / t).ln_1p()).ln();
        periods.iter().map(|t| 36.0 + scale * ((xi * reduced(t)).exp_m1()) / xi).collect()
    };
    let observed = noise(50, 3).iter().map(|z| 37.0 + 1.9 * z).collect();
    let curve = ReturnLevels {
        level: level(-0.15, 1.8),
        intervals: vec![
            ("90 %".into(), level(-0.3, 1.6), level(0.02, 2.0)),
            ("50 %".into(), level(-0.2, 1.72), level(-0.09, 1.88)),
        ],
        periods,
        observed,
        quantity: Quantity::new("daily maximum", Some("degC")),
    };
    keep(folder, "return_levels", &curve.draw(&Style::default())?)
}
