//! What a prediction is made of, whatever is asked of it.

use std::path::Path;

use assert_cmd::Command;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn gridgp(folder: &Path, arguments: &[&str]) {
    let (ok, message) = run(folder, arguments);
    assert!(ok, "gridgp {arguments:?}: {message}");
}

/// 16 cells with a wave, written by `y(cell)`.
fn write(folder: &Path, likelihood: &str, method: &str, y: impl Fn(f64) -> f64) {
    let rows = (0..16).map(|i| format!("{i},{}\n", y(f64::from(i))));
    std::fs::write(folder.join("d.csv"), format!("t,y\n{}", rows.collect::<String>())).unwrap();
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t']\n[parameters]\nmu = 'normal(0, 1)'\n\
         [fields.f]\namplitude = 0.5\nt = 'matern32(lengthscale = 3)'\n[likelihood]\n{likelihood}\n\
         [inference]\n{method}\n"
    );
    std::fs::write(folder.join("m.toml"), model).unwrap();
}

/// A column of a table of predictions.
fn column(folder: &Path, file: &str, name: &str) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = text.lines();
    let k = lines.next().unwrap().split(',').position(|n| n == name)?;
    Some(lines.map(|l| l.split(',').nth(k).unwrap().parse().unwrap()).collect())
}

#[test]
fn a_parameter_called_mean_is_the_mean() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let wave = |t: f64| (0.5 * t).sin();
    for (family, mean, other) in [
        ("gamma", "exp(mu + f)", "shape = 2.5"),
        ("beta", "logistic(mu + f)", "concentration = 5"),
        ("negative_binomial", "exp(mu + f)", "concentration = 3"),
    ] {
        let likelihood = format!("family = '{family}'\nmean = '{mean}'\n{other}");
        write(here, &likelihood, "method = 'laplace'\ndraws = 200", |t| match family {
            "gamma" => 1.5 + wave(t),
            "beta" => 0.5 + 0.3 * wave(t),
            _ => (3.0 + 2.0 * wave(t)).round(),
        });
        gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
        gridgp(here, &["predict", "f.nc", "-o", "p.csv", "--quiet"]);
        let mean = column(here, "p.csv", "mean").unwrap();
        assert!(mean.iter().all(|m| *m > 0.0) && column(here, "p.csv", "sd").is_some(), "{family}");
        gridgp(here, &["predict", "f.nc", "--only", "mean", "-o", "only.csv", "--quiet"]);
        assert_eq!(column(here, "only.csv", "mean").unwrap(), mean);
        gridgp(here, &["plot", "f.nc", "--kind", "series", "-o", "p.svg", "--quiet"]);
        gridgp(here, &["report", "f.nc", "-o", "r.html", "--quiet"]);
    }
}

#[test]
fn moments_and_quantiles_do_not_hang_on_the_draws_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let likelihood = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.3";
    write(here, likelihood, "method = 'laplace'\ndraws = 300", f64::sin);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    for (file, draws) in [("none.csv", "0"), ("two.csv", "2"), ("all.csv", "1000")] {
        gridgp(here, &["predict", "f.nc", "--draws", draws, "-o", file, "--quiet"]);
    }
    for name in ["mean", "sd", "sd_observation", "quantiles_quantile_0.05"] {
        let all = column(here, "none.csv", name).unwrap();
        assert_eq!(column(here, "two.csv", name).unwrap(), all, "{name}");
        assert_eq!(column(here, "all.csv", name).unwrap(), all, "{name}");
    }
    assert!(column(here, "two.csv", "draws_draw_1").is_some());
    assert!(column(here, "two.csv", "draws_draw_2").is_none());
    assert!(column(here, "all.csv", "draws_draw_299").is_some());
}

#[test]
fn only_acts_on_a_mode_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let likelihood = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.3";
    write(here, likelihood, "method = 'map'", f64::sin);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    gridgp(here, &["predict", "f.nc", "--only", "mean", "-o", "p.csv", "--quiet"]);
    let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
    assert_eq!(text.lines().next(), Some("t,mean,sd"));
    gridgp(here, &["predict", "f.nc", "--only", "observation", "-o", "p.csv", "--quiet"]);
    assert!(column(here, "p.csv", "quantiles_quantile_0.5").is_some());
    assert!(column(here, "p.csv", "mean").is_none());
    let (ok, message) = run(here, &["predict", "f.nc", "--only", "nonsense", "-o", "q.csv"]);
    assert!(!ok && message.contains("nonsense") && message.contains("observation"), "{message}");
    assert!(!here.join("q.csv").exists());
}
