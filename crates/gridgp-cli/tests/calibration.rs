//! Residuals, pictures of return levels, maps from stations and units, through the program.

use std::path::Path;

use assert_cmd::Command;
use gridgp_fit::{GridOutput, OutputVariable};
use gridgp_grid::{Axis, Grid};

const MODEL: &str = "[data]\nfile = \"observations.csv\"\nresponse = \"tmax\"\n\
    axes.station = [\"lon\", \"lat\"]\naxes.year = \"year\"\n\
    covariates.gmst = { along = \"year\", center = true }\n\
    [parameters]\nmu0 = \"normal(35, 5)\"\nbeta0 = \"normal(1, 0.5)\"\n\
    sigma = \"log_normal(log(2), 0.4)\"\nxi = \"normal(0.1, 0.1)\"\n\
    [fields.base]\namplitude = 2\nstation = \"matern32(lengthscale = 2)\"\ncenter = [\"station\"]\n\
    [likelihood]\nfamily = \"gev\"\nlocation = \"mu0 + base + beta0 * gmst\"\nscale = \"sigma\"\n\
    shape = \"xi\"\n[inference]\nmethod = \"METHOD\"\n";

fn run(here: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(here).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    (output.status.success(), stdout, stderr)
}

fn works(here: &Path, arguments: &[&str]) -> (String, String) {
    let (ok, stdout, stderr) = run(here, arguments);
    assert!(ok, "{arguments:?}: {stderr}");
    (stdout, stderr)
}

fn fails(here: &Path, arguments: &[&str], words: &[&str]) {
    let (ok, _, stderr) = run(here, arguments);
    assert!(!ok, "{arguments:?} succeeded");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

/// Six stations, twenty years, fitted.
fn folder(method: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let simulate = ["simulate", "-o", "observations.csv", "--stations", "6", "--years"];
    works(here, &[&simulate[..], &["2000:2019", "--slope-amplitude", "0"]].concat());
    std::fs::write(here.join("model.toml"), MODEL.replace("METHOD", method)).unwrap();
    works(here, &["fit", "model.toml", "-o", "fit.nc", "-q"]);
    folder
}

fn lines(here: &Path, file: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(here.join(file)).unwrap();
    text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn residuals_say_how_they_were_made() {
    let folder = folder("laplace");
    let here = folder.path();
    let all = ["residuals", "fit.nc", "-o", "cells.csv", "--by", "station", "--table"];
    let (stdout, _) = works(here, &[&all[..], &["stations.csv"]].concat());
    for words in ["120 observations of tmax", "left out (PSIS weights)", "by station: all", "CRPS"]
    {
        assert!(stdout.contains(words), "{words:?} is not in {stdout}");
    }
    let cells = lines(here, "cells.csv");
    let header =
        ["lon", "lat", "year", "observed", "pit", "residual", "crps", "log_score", "pareto_k"];
    assert_eq!(cells[0], header);
    assert_eq!(cells.len(), 121);
    for row in &cells[1..] {
        let number = |j: usize| row[j].parse::<f64>().unwrap();
        assert!((0.0..=1.0).contains(&number(4)) && number(6) > 0.0, "{row:?}");
    }
    let stations = lines(here, "stations.csv");
    assert_eq!(stations.len(), 7);
    assert!(stations[0].contains(&"coverage_0.9".to_owned()), "{:?}", stations[0]);
    // What the fit has seen looks better, and is said to.
    let json = |extra: &[&str]| {
        let arguments = [&["residuals", "fit.nc", "--json"], extra].concat();
        let (stdout, stderr) = works(here, &arguments);
        (serde_json::from_str::<serde_json::Value>(&stdout).unwrap(), stderr)
    };
    let ((left_out, _), (seen, warning)) = (json(&[]), json(&["--in-sample"]));
    assert_eq!(left_out["weighing"], "leave one out (PSIS)");
    assert_eq!(seen["weighing"], "in sample");
    assert!(warning.contains("part of the fit"), "{warning}");
    let score = |v: &serde_json::Value| v["all"]["log_score"].as_f64().unwrap();
    assert!(score(&seen) > score(&left_out));
    let covered = left_out["all"]["coverage"][2].as_f64().unwrap();
    assert!((0.8..=0.98).contains(&covered), "90 % intervals cover {covered}");
    fails(here, &["residuals", "fit.nc", "--by", "place"], &["no axis \"place\"", "station, year"]);
    fails(here, &["residuals", "fit.nc", "--table", "t.csv"], &["--by"]);
    fails(here, &["residuals", "fit.nc", "--levels", "90"], &["between 0 and 1"]);
}

#[test]
fn return_levels_are_drawn_and_go_on_a_map() {
    let folder = folder("laplace");
    let here = folder.path();
    let plot = ["plot", "fit.nc", "--kind", "return-levels", "-o", "curve.svg"];
    works(here, &[&plot[..], &["--isel", "station=2", "--sel", "year=2005"]].concat());
    let svg = std::fs::read_to_string(here.join("curve.svg")).unwrap();
    for words in ["return level of tmax", "return period", "climate of year = 2005", "observed"] {
        assert!(svg.contains(words), "no {words:?}");
    }
    let scenarios = ["--scenario", "now:gmst=1", "--scenario", "then:gmst=2"];
    let levels = ["return-levels", "fit.nc", "--period", "2,10,100", "-o"];
    works(here, &[&levels[..], &["levels.nc"], &scenarios].concat());
    let of_file = ["plot", "levels.nc", "-o", "file.svg", "--isel", "station=0", "--sel"];
    works(here, &[&of_file[..], &["scenario=then", "--kind", "return-levels"]].concat());
    let svg = std::fs::read_to_string(here.join("file.svg")).unwrap();
    assert!(svg.contains("return level of tmax") && svg.contains("scenario = then"));
    let map = ["plot", "levels.nc", "-o", "map.svg", "--sel", "period=100", "--sel"];
    works(here, &[&map[..], &["scenario=now"]].concat());
    // Between the stations, by their two coordinates.
    let at = ["--at", "lon=-9:3:4,lat=36:44:3"];
    works(here, &[&levels[..], &["map.csv"], &at, &scenarios].concat());
    let rows = lines(here, "map.csv");
    assert_eq!(rows.len(), 13);
    assert_eq!((rows[2][0].as_str(), rows[2][1].as_str()), ("-9", "40"));
    let field = ["predict", "fit.nc", "--only", "base", "-o", "base.csv", "--at"];
    works(here, &[&field[..], &["lon=-9:3:4,lat=36:44:3"]].concat());
    assert_eq!(lines(here, "base.csv").len(), 1 + 12 * 20);
    fails(here, &[&field[..], &["lon=-9:3:4"]].concat(), &["lon, lat; give all of them"]);
}

/// The same covariate in another unit would be taken for a very different climate.
#[test]
fn covariates_in_another_unit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let year =
        |n: usize| Axis::numbers("year", (0..n).map(|i| 2000.0 + i as f64).collect()).unwrap();
    let write = |file: &str, units: &str| {
        let y = (0..24).map(|i| 30.0 + (1.7 * f64::from(i)).sin()).collect();
        let gmst = (0..24).map(|i| 0.02 * f64::from(i)).collect();
        let output = GridOutput {
            grid: Grid::new(vec![year(24)]).unwrap(),
            extra: vec![],
            variables: vec![
                OutputVariable::new("tmax", &["year"], y),
                OutputVariable::new("gmst", &["year"], gmst).with("units", units),
            ],
            attributes: vec![],
        };
        gridgp_io::write_grid(&here.join(file), &output).unwrap();
    };
    write("data.nc", "K");
    write("same.nc", "K");
    write("other.nc", "degF");
    let model = "[data]\nfile = \"data.nc\"\nresponse = \"tmax\"\naxes = [\"year\"]\n\
        covariates.gmst = { along = \"year\" }\n[parameters]\nmu = \"normal(30, 5)\"\n\
        beta = \"normal(0, 1)\"\n[likelihood]\nfamily = \"gumbel\"\nlocation = \"mu + beta * gmst\"\n\
        [inference]\nmethod = \"laplace\"\n";
    std::fs::write(here.join("model.toml"), model).unwrap();
    works(here, &["fit", "model.toml", "-o", "fit.nc", "-q"]);
    works(here, &["return-levels", "fit.nc", "--at", "same.nc", "-o", "out.csv"]);
    let other = ["return-levels", "fit.nc", "--at", "other.nc", "-o", "out.csv"];
    fails(here, &other, &["\"gmst\" is in \"degF\"", "\"K\" in the data of the fit"]);
}

/// Quadrature and Monte Carlo lead to the same place.
#[test]
fn svi_by_quadrature_agrees_with_draws() {
    let folder = folder("svi");
    let here = folder.path();
    let text = MODEL.replace("METHOD", "svi") + "expectation = \"quadrature\"\n";
    std::fs::write(here.join("quadrature.toml"), text).unwrap();
    works(here, &["fit", "quadrature.toml", "-o", "quadrature.nc", "-q"]);
    let summary = |file: &str| -> serde_json::Value {
        serde_json::from_str(&works(here, &["summary", file, "--json"]).0).unwrap()
    };
    let (a, b) = (summary("fit.nc"), summary("quadrature.nc"));
    for name in ["mu0", "beta0", "sigma", "xi"] {
        let of = |s: &serde_json::Value, key: &str| s["parameters"][name][key].as_f64().unwrap();
        let (mean, sd) = (of(&a, "mean"), of(&a, "sd"));
        assert!((of(&b, "mean") - mean).abs() < 0.4 * sd, "{name}: {} {mean} {sd}", of(&b, "mean"));
        assert!((of(&b, "sd") / sd - 1.0).abs() < 0.25, "{name}: sd {} for {sd}", of(&b, "sd"));
    }
    let text =
        MODEL.replace("METHOD", "svi") + "expectation = \"quadrature\"\nguide = \"full_rank\"\n";
    std::fs::write(here.join("quadrature.toml"), text).unwrap();
    fails(here, &["fit", "quadrature.toml", "-o", "x.nc", "-q"], &["mean_field"]);
}
