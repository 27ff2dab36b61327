//! New data for a fit.

use std::path::Path;

use assert_cmd::Command;
use gridgp_fit::{Output, PredictOptions, Quiet, Where, estimate, predict};
use gridgp_model::Model;
use gridgp_model::spec::{Algebra, ModelSpec, Source};
use gridgp_posterior::Place;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn gridgp(folder: &Path, arguments: &[&str]) -> String {
    let (ok, message) = run(folder, arguments);
    assert!(ok, "gridgp {arguments:?}: {message}");
    message
}

fn variable(output: &Output, name: &str) -> Vec<f64> {
    let Output::Grid(output) = output else { panic!("it is a grid") };
    output.variables.iter().find(|v| v.name == name).unwrap().values.clone()
}

#[test]
fn a_forecast_after_an_update_is_that_of_all_data() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let soi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/soi");
    let text = std::fs::read_to_string(soi.join("soi.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|l| l.starts_with("1900.")).unwrap();
    let begin = lines.iter().position(|l| l.starts_with("1880.")).unwrap();
    let write = |name: &str, rows: &[&str]| {
        std::fs::write(here.join(name), [&[lines[0]], rows].concat().join("\n")).unwrap();
    };
    write("history.csv", &lines[begin..end - 24]);
    write("rest.csv", &lines[end - 24..end]);
    write("all.csv", &lines[begin..end]);
    let model = std::fs::read_to_string(soi.join("model.toml")).unwrap();
    std::fs::write(here.join("m.toml"), &model).unwrap();
    gridgp(here, &["fit", "m.toml", "--data", "history.csv", "-o", "h.nc", "--quiet"]);
    let said = gridgp(here, &["update", "h.nc", "--data", "rest.csv", "-o", "u.nc"]);
    assert!(said.contains("updated with 24 observations to 240"), "{said}");
    assert!(said.contains("240 times"), "{said}");
    assert!(!said.contains("warning: the new observations"), "{said}");
    // Rows that the fit has already may be there, too.
    gridgp(here, &["update", "h.nc", "--data", "all.csv", "-o", "v.nc", "--quiet"]);

    let [history, updated, again] =
        ["h.nc", "u.nc", "v.nc"].map(|name| gridgp_io::read_fit(&here.join(name)).unwrap());
    assert_eq!((&updated.data, &updated.groups), (&again.data, &again.groups));
    // Everything at once, written out, at the same parameters.
    let source = Source::new("m.toml", model);
    let mut spec = ModelSpec::from_toml(&source).unwrap();
    spec.inference.algebra = Algebra::Dense;
    let all = gridgp_io::read(&here.join("all.csv"), &spec.data).unwrap();
    assert_eq!(updated.data, all);
    let model = Model::new(spec.clone(), &source, all).unwrap();
    let theta = estimate(&history, &model).unwrap();
    assert_eq!(theta, estimate(&updated, &model).unwrap());
    let ahead: Vec<f64> = (0..24).map(|i| 1900.0 + f64::from(i) / 12.0).collect();
    let axis = gridgp_grid::Axis::numbers("year", ahead).unwrap();
    let grid = gridgp_grid::Grid::new(vec![axis]).unwrap();
    let place = || Where::Grid(Place { grid: grid.clone(), covariates: vec![] });
    let options = PredictOptions::default();
    let expected = predict(&updated, &model, place(), &options, &Quiet).unwrap();
    spec.inference.algebra = Algebra::Auto;
    let model = Model::new(spec, &source, updated.data.clone()).unwrap();
    let found = predict(&updated, &model, place(), &options, &Quiet).unwrap();
    for name in ["mean", "sd", "sd_observation"] {
        let (a, b) = (variable(&found, name), variable(&expected, name));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-8, "{name}: {a} and {b}");
        }
    }
    // What a fit is good for.
    gridgp(here, &["predict", "u.nc", "--at", "year=1900:1901:12", "-o", "p.csv", "--quiet"]);
    gridgp(here, &["residuals", "u.nc", "-o", "r.csv", "--quiet"]);
    gridgp(here, &["report", "u.nc", "-o", "r.html", "--quiet"]);
    let summary = gridgp(here, &["summary", "u.nc"]);
    assert!(summary.contains("updated with 24"), "{summary}");
    // Once more: where the parameters come from stays said.
    write("next.csv", &lines[end..end + 1]);
    let said = gridgp(here, &["update", "u.nc", "--data", "next.csv", "-o", "w.nc"]);
    assert!(said.contains("with 1 observation to 241") && said.contains("fit to 216"), "{said}");
}

/// A noisy wave at some times, written by `y`.
fn write(folder: &Path, name: &str, times: impl Iterator<Item = i32>, y: impl Fn(i32) -> f64) {
    let rows: String = times.map(|t| format!("{t},{},{}\n", y(t), 2 * t)).collect();
    std::fs::write(folder.join(name), format!("t,y,c\n{rows}")).unwrap();
}

fn wave(t: i32) -> f64 {
    let t = f64::from(t);
    (0.4 * t).sin() + 0.3 * (12.9898 * t).sin()
}

fn model(folder: &Path, data: &str, likelihood: &str, inference: &str) {
    let text = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t']\n{data}\n[parameters]\nmu = 'normal(0, 1)'\n\
         s = 'half_normal(1)'\n[fields.f]\namplitude = 'half_normal(1)'\n\
         t = 'matern32(lengthscale ~ log_normal(1, 1))'\n[likelihood]\n{likelihood}\n[inference]\n\
         {inference}\n"
    );
    std::fs::write(folder.join("m.toml"), text).unwrap();
}

const GAUSSIAN: &str = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 's'";

#[test]
fn what_does_not_go_with_a_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "d.csv", 0..40, wave);
    model(here, "", GAUSSIAN, "method = 'map'");
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    let refuse = |data: &str| {
        let (ok, message) = run(here, &["update", "f.nc", "--data", data, "-o", "no.nc"]);
        assert!(!ok && !here.join("no.nc").exists(), "{message}");
        message
    };
    write(here, "changed.csv", 30..50, |t| wave(t) + if t < 33 { 1.0 } else { 0.0 });
    let e = refuse("changed.csv");
    assert!(e.contains("3 values of \"y\"") && e.contains("t = 30"), "{e}");
    let e = refuse("d.csv");
    assert!(e.contains("no observation of \"y\" that the fit does not have"), "{e}");
    std::fs::write(here.join("other.csv"), "x,y\n1,2\n").unwrap();
    assert!(refuse("other.csv").contains("\"t\""));
    // Surprises are told.
    write(here, "far.csv", 40..50, |t| wave(t) + 30.0 * f64::from(t % 2));
    let said = gridgp(here, &["update", "f.nc", "--data", "far.csv", "-o", "u.nc", "--quiet"]);
    assert!(said.contains("not what the parameters let expect"), "{said}");

    model(here, "standardize = true", GAUSSIAN, "method = 'map'");
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    write(here, "new.csv", 40..45, wave);
    assert!(refuse("new.csv").contains("standardize"));
    let likelihood = "family = 'student_t'\ndf = 5\nlocation = 'mu + f'\nscale = 's'";
    model(here, "", likelihood, "method = 'laplace'\ndraws = 50");
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    assert!(refuse("new.csv").contains("family = \"gaussian\""));
}

#[test]
fn covariates_are_scaled_as_those_of_the_fit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "d.csv", 0..40, |t| wave(t) + 0.05 * f64::from(t));
    let likelihood = "family = 'gaussian'\nlocation = 'mu * c + f'\nscale = 's'";
    model(here, "covariates.c = { along = 't', standardize = true }", likelihood, "method = 'map'");
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    write(here, "new.csv", 40..41, wave);
    gridgp(here, &["update", "f.nc", "--data", "new.csv", "-o", "u.nc", "--quiet"]);
    let [f, u] = ["f.nc", "u.nc"].map(|name| gridgp_io::read_fit(&here.join(name)).unwrap());
    assert_eq!(f.scalings, u.scalings);
    let (old, new) = (&f.data.covariates[0].values, &u.data.covariates[0].values);
    assert_eq!(old[..], new[..40]);
    let step = old[1] - old[0];
    assert!((new[40] - (old[39] + step)).abs() < 1e-12, "{} after {}", new[40], old[39]);
}

#[test]
fn draws_keep_their_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "d.csv", 0..30, wave);
    model(here, "", GAUSSIAN, "method = 'nuts'\nchains = 2\ntune = 100\ndraws = 100");
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    write(here, "new.csv", 28..36, wave);
    let said = gridgp(here, &["update", "f.nc", "--data", "new.csv", "-o", "u.nc"]);
    assert!(said.contains("updated with 6 observations to 36"), "{said}");
    let [f, u] = ["f.nc", "u.nc"].map(|name| gridgp_io::read_fit(&here.join(name)).unwrap());
    for name in ["mu", "s", "f.amplitude", "f.t.lengthscale"] {
        if let (Some(a), Some(b)) = (f.parameter(name), u.parameter(name)) {
            let near = a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * a.abs().max(1.0));
            assert!(near, "{name}");
        }
    }
    assert!(u.parameter("s").is_some());
    gridgp(here, &["predict", "u.nc", "--at", "t=0:39:40", "-o", "p.csv", "--quiet"]);
    gridgp(here, &["residuals", "u.nc", "-o", "r.csv", "--quiet"]);
    gridgp(here, &["report", "u.nc", "-o", "r.html", "--quiet"]);
    // The field follows the new observations.
    let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
    let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let at = names.iter().position(|n| *n == "location" || *n == "mean").unwrap();
    let row = text.lines().nth(1 + 33).unwrap();
    let mean: f64 = row.split(',').nth(at).unwrap().parse().unwrap();
    assert!((mean - wave(33)).abs() < 0.5, "{mean} and {}", wave(33));
}

/// Two gaps in two rows, two more far apart, and what some rows say of those that are not there.
#[test]
fn rows_may_be_scattered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let row = |t: i32, s: i32| format!("{t},{s},{}", wave(t) + 0.1 * f64::from(s));
    let table = |cells: &[(i32, i32)]| {
        let rows: Vec<String> = cells.iter().map(|&(t, s)| row(t, s)).collect();
        format!("t,s,y\n{}\n", rows.join("\n"))
    };
    let gaps = [(3, 0), (4, 2), (9, 1), (12, 0), (15, 2)];
    let cells = (0..20).flat_map(|t| (0..3).map(move |s| (t, s)));
    let old: Vec<(i32, i32)> = cells.filter(|c| !gaps.contains(c)).collect();
    let write = |name: &str, text: String| std::fs::write(here.join(name), text).unwrap();
    write("old.csv", table(&old));
    write("two.csv", table(&gaps[..2]));
    write("five.csv", table(&gaps));
    write("repeats.csv", table(&[&gaps[..2], &old[..1]].concat()));
    let model = "[data]\nfile = 'old.csv'\nresponse = 'y'\naxes = ['t', 's']\n[fields.f]\n\
                 t = 'matern12()'\ns = 'matern12()'\n[likelihood]\nfamily = 'gaussian'\n\
                 location = 'f'\n[inference]\nstarts = 1\n";
    write("m.toml", model.into());
    gridgp(here, &["fit", "m.toml", "-o", "m.nc", "--quiet"]);
    for (name, count) in [("two.csv", 2), ("five.csv", 5), ("repeats.csv", 2)] {
        let said = gridgp(here, &["update", "m.nc", "--data", name, "-o", "u.nc"]);
        assert!(said.contains(&format!("updated with {count} observations")), "{said}");
        let lacks = said.contains("lack 3 of them, the first at t = 0, s = 2");
        assert_eq!(lacks, name == "repeats.csv", "{said}");
        let fit = gridgp_io::read_fit(&here.join("u.nc")).unwrap();
        assert_eq!(fit.data.observed_cells().count(), old.len() + count);
    }
}
