//! Counts on a lattice by nested Laplace, from `check` to the report.

use std::path::Path;

use assert_cmd::Command;

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

/// 30 × 24 cells, a fifth of them and a block without a count, watched for unequal times.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("x,y,hours,birds\n");
    for c in 0..720 {
        let (i, j) = (c / 24, c % 24);
        let hours = 1.0 + 0.5 * (0.9 * f64::from(c)).sin();
        let rate = (1.0 + (0.3 * f64::from(i)).sin() + (0.25 * f64::from(j)).cos()).exp();
        let birds = (hours * rate * (1.0 + 0.3 * (7.1 * f64::from(c)).sin())).round();
        let is_missing = c % 5 == 2 || (10..16).contains(&i) && (5..11).contains(&j);
        let birds = if is_missing { String::from("NA") } else { birds.to_string() };
        table += &format!("{i},{j},{hours},{birds}\n");
    }
    std::fs::write(folder.path().join("birds.csv"), table).unwrap();
    for algebra in ["sparse", "dense", "spectral"] {
        let model = format!(
            "[data]\nfile = 'birds.csv'\nresponse = 'birds'\naxes = ['x', 'y']\ncovariates.hours = {{}}\n\
             [parameters]\nmu = 'normal(0, 2)'\n[fields.f]\namplitude = 'half_normal(2)'\n\
             x = 'matern12(lengthscale ~ log_normal(2, 0.5))'\ny = 'matern12()'\n[likelihood]\n\
             family = 'poisson'\nrate = 'hours * exp(mu + f)'\n[inference]\nmethod = 'laplace'\n\
             draws = 200\nstarts = 2\nalgebra = '{algebra}'\n"
        );
        std::fs::write(folder.path().join(format!("{algebra}.toml")), model).unwrap();
    }
    folder
}

/// Columns of the prediction of the rate.
fn rates(folder: &Path, fit: &str) -> Vec<(f64, f64)> {
    gridgp(folder, &["predict", fit, "--only", "f,rate", "-o", "p.csv", "--quiet"]);
    let text = std::fs::read_to_string(folder.join("p.csv")).unwrap();
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|h| *h == name).unwrap();
    let (f, sd) = (at("f"), at("f_sd"));
    lines.map(|l| (l[f].parse().unwrap(), l[sd].parse().unwrap())).collect()
}

#[test]
fn counts_on_a_lattice_go_through_every_command() {
    let folder = folder();
    let here = folder.path();
    let said = gridgp(here, &["check", "sparse.toml"]);
    for words in [
        "nested Laplace approximation, algebra sparse: the sparse precision of 720 states on 30 x 24",
        "of one core",
        "200 draws of the fields at",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let (ok, said) = run(here, &["check", "spectral.toml"]);
    assert!(!ok && said.contains("is none of laplace"), "{said}");
    for algebra in ["sparse", "dense"] {
        let (model, fit) = (format!("{algebra}.toml"), format!("{algebra}.nc"));
        gridgp(here, &["fit", &model, "-o", &fit, "--quiet"]);
        let summary = gridgp(here, &["summary", &fit, "--json"]);
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["approximation"], "nested Laplace approximation");
        assert_eq!(summary["algebra"], algebra);
        assert_eq!(summary["draws"], 200);
        assert_eq!(summary["converged"], true, "{summary}");
        for key in ["newton_iterations", "points", "pareto_k", "log_evidence"] {
            assert!(summary[key].is_number(), "{key}: {summary}");
        }
    }
    let (sparse, dense) = (rates(here, "sparse.nc"), rates(here, "dense.nc"));
    assert_eq!(sparse.len(), 720);
    for ((a, sd), (b, _)) in sparse.iter().zip(&dense) {
        assert!((a - b).abs() < 0.6 * sd, "{a} {b} {sd}");
    }
    // Between the points, and beyond them.
    gridgp(
        here,
        &[
            "predict",
            "sparse.nc",
            "--at",
            "x=3.5:33.5:4,y=2.25",
            "--only",
            "f",
            "-o",
            "q.csv",
            "--quiet",
        ],
    );
    gridgp(here, &["residuals", "sparse.nc", "-o", "r.csv", "--quiet"]);
    gridgp(here, &["report", "sparse.nc", "-o", "r.html", "--quiet"]);
    let page = std::fs::read_to_string(here.join("r.html")).unwrap();
    assert!(page.contains("Fitted by Laplace"), "the report says how");
    // The same model, data and seed give the same draws.
    gridgp(here, &["fit", "sparse.toml", "-o", "again.nc", "--quiet", "--threads", "1"]);
    let [once, again] =
        ["sparse.nc", "again.nc"].map(|name| gridgp_io::read_fit(&here.join(name)).unwrap());
    // As text, since missing cells are NaN.
    assert!(format!("{:?}", once.groups) == format!("{:?}", again.groups));
}

/// A yes or no in each place says little of a rough field: there matched moments are needed, and a short
/// `nuts` sees where they lack.
#[test]
fn a_check_by_nuts_sees_what_matched_moments_mend() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let yes = |i: i32| (0.9 * f64::from(i) + 0.02 * f64::from(i * i)).sin() > 0.2;
    let rows: Vec<String> = (0..24).map(|i| format!("{i},{}", i32::from(yes(i)))).collect();
    std::fs::write(here.join("y.csv"), format!("x,y\n{}\n", rows.join("\n"))).unwrap();
    for (correction, doubts) in [(true, 0), (false, 2)] {
        let model = format!(
            "[data]\nfile = 'y.csv'\nresponse = 'y'\naxes = ['x']\n[fields.f]\n\
             amplitude = 'log_normal(1, 0.3)'\nx = 'matern12(lengthscale ~ log_normal(1, 0.3))'\n\
             [likelihood]\nfamily = 'bernoulli'\nprobability = 'logistic(f)'\n[inference]\n\
             method = 'laplace'\ncheck = 500\ncorrection = {correction}\n"
        );
        std::fs::write(here.join("m.toml"), model).unwrap();
        let said = gridgp(here, &["fit", "m.toml", "-o", "fit.nc", "--quiet"]);
        assert_eq!(said.matches("nuts has").count(), doubts, "{said}");
        let summary = gridgp(here, &["summary", "fit.nc", "--json"]);
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        let ratio = summary["beside_nuts"]["fields"]["f"]["sd_ratio"].as_f64().unwrap();
        assert_eq!((ratio - 1.0).abs() < 0.07, correction, "{summary}");
        assert_eq!(summary["correction_shift"].is_number(), correction, "{summary}");
    }
    let model = "[data]\nfile = 'y.csv'\nresponse = 'y'\naxes = ['x']\n[fields.f]\nx = 'matern12()'\n\
                 [likelihood]\nfamily = 'bernoulli'\nprobability = 'logistic(f)'\n[inference]\n\
                 method = 'nuts'\ncheck = 500\n";
    std::fs::write(here.join("m.toml"), model).unwrap();
    let (ok, said) = run(here, &["fit", "m.toml", "-o", "fit.nc"]);
    assert!(!ok && said.contains("inference.check compares laplace"), "{said}");
}
