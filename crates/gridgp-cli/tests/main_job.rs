//! From a data file to predictions, as a person does it.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn gridgp(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gridgp {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// A 6 x 8 grid with a wave along t.
fn table() -> String {
    let mut text = String::from("site,t,y\n");
    for i in 0..6 {
        for j in 0..8 {
            let y = (f64::from(j) * 0.8).sin() + 0.1 * f64::from((i * 7 + j * 5) % 11) + 10.0;
            text += &format!(
                "{},{},{y}\n",
                ["a", "b", "c", "d", "e", "f"][i as usize],
                f64::from(j) * 0.5
            );
        }
    }
    text
}

#[test]
fn a_starter_model_fits_and_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("data.csv"), table()).unwrap();
    gridgp(here, &["init", "data.csv", "-o", "model.toml"]);
    let shown = gridgp(here, &["check", "model.toml"]);
    assert!(shown.contains("6 x 8 = 48 cells") && shown.contains("intercept ~ normal"), "{shown}");
    let printed = gridgp(here, &["fit", "model.toml", "-o", "fit.nc", "--json"]);
    let summary: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(summary["converged"], true, "{summary}");
    for key in ["log_posterior", "log_marginal_likelihood", "gradient_norm", "seconds"] {
        assert!(summary[key].is_f64(), "{key}");
    }
    for key in ["intercept", "sigma", "f.amplitude", "f.t.lengthscale"] {
        assert!(summary["parameters"][key]["estimate"].is_f64(), "{key} in {summary}");
    }
    // The same from the file.
    let again: Value =
        serde_json::from_str(&gridgp(here, &["summary", "fit.nc", "--json"])).unwrap();
    assert_eq!(again, summary);
    assert!(gridgp(here, &["summary", "fit.nc"]).contains("f.t.lengthscale"));

    gridgp(here, &["predict", "fit.nc", "-o", "own.csv"]);
    let own = std::fs::read_to_string(here.join("own.csv")).unwrap();
    assert_eq!(own.lines().count(), 49, "{own}");
    std::fs::write(here.join("points.csv"), "site,t\na,0.25\nf,3.75\n").unwrap();
    gridgp(
        here,
        &["predict", "fit.nc", "--at", "points.csv", "-o", "points_out.csv", "--draws", "2"],
    );
    let points = std::fs::read_to_string(here.join("points_out.csv")).unwrap();
    assert_eq!(points.lines().count(), 3, "{points}");
    assert!(points.lines().next().unwrap().contains("sd_observation"), "{points}");
    gridgp(here, &["predict", "fit.nc", "--at", "t=0:5:11", "-o", "grid.nc", "--draws", "3"]);
    assert!(here.join("grid.nc").exists());
}

#[test]
fn gaps_are_fitted_exactly_and_filled() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // A row that is not there, and two that are empty.
    let holes = table().lines().enumerate().fold(String::new(), |text, (i, line)| match i {
        5 => text,
        20 | 40 => text + line.rsplit_once(',').unwrap().0 + ",\n",
        _ => text + line + "\n",
    });
    std::fs::write(here.join("data.csv"), holes).unwrap();
    gridgp(here, &["init", "data.csv", "-o", "model.toml"]);
    let fit = |model: &str, out: &str| -> Value {
        let printed = gridgp(here, &["fit", model, "-o", out, "--json"]);
        serde_json::from_str(&printed).unwrap()
    };
    let summary = fit("model.toml", "fit.nc");
    assert_eq!((&summary["missing_cells"], &summary["converged"]), (&3.into(), &true.into()));
    gridgp(here, &["predict", "fit.nc", "-o", "own.csv"]);
    let own = std::fs::read_to_string(here.join("own.csv")).unwrap();
    assert_eq!(own.lines().count(), 49, "{own}");
    assert!(!own.contains("NaN") && !own.contains(",,"), "{own}");

    let text = std::fs::read_to_string(here.join("model.toml")).unwrap();
    let sampled = "\n[inference]\nmethod = \"nuts\"\nchains = 2\ntune = 100\ndraws = 100\n";
    std::fs::write(here.join("nuts.toml"), text + sampled).unwrap();
    let summary = fit("nuts.toml", "nuts.nc");
    assert_eq!(summary["route"], "marginal", "{summary}");
    gridgp(here, &["predict", "nuts.nc", "-o", "nuts.csv"]);
}

#[test]
fn the_same_seed_gives_the_same_numbers_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("data.csv"), table()).unwrap();
    gridgp(here, &["init", "data.csv", "-o", "model.toml"]);
    let parameters = |threads: &str| -> Value {
        let printed =
            gridgp(here, &["fit", "model.toml", "-o", "fit.nc", "--json", "--threads", threads]);
        serde_json::from_str::<Value>(&printed).unwrap()["parameters"].clone()
    };
    assert_eq!(parameters("1"), parameters("3"));
    let draws = |seed: &str| {
        gridgp(here, &["predict", "fit.nc", "-o", "out.csv", "--draws", "2", "--seed", seed]);
        std::fs::read_to_string(here.join("out.csv")).unwrap()
    };
    assert_eq!(draws("1"), draws("1"));
    assert_ne!(draws("1"), draws("2"));
}

#[test]
fn the_lists_name_everything() {
    let here = Path::new(".");
    assert!(gridgp(here, &["kernels"]).contains("rational_quadratic"));
    let kernels: Value = serde_json::from_str(&gridgp(here, &["kernels", "--json"])).unwrap();
    assert_eq!(kernels.as_array().unwrap().len(), 13);
    assert!(gridgp(here, &["priors"]).contains("pc_lengthscale"));
    let schema: Value = serde_json::from_str(&gridgp(here, &["schema"])).unwrap();
    assert!(schema["properties"]["likelihood"].is_object());
}

#[test]
fn check_says_how_a_fit_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("data.csv"), table()).unwrap();
    gridgp(here, &["init", "data.csv", "-o", "model.toml"]);
    let algebra = || -> (Value, String) {
        let json = gridgp(here, &["check", "model.toml", "--json"]);
        let told = gridgp(here, &["check", "model.toml"]);
        (serde_json::from_str(&json).unwrap(), told)
    };
    let (all, told) = algebra();
    assert_eq!((&all["algebra"], &all["cells"]), (&"spectral".into(), &48.into()), "{all}");
    assert!(all["evaluation_seconds"].as_f64().unwrap() < 0.01, "{all}");
    assert_eq!(all["warnings"], Value::Array(vec![]), "{all}");
    assert!(told.contains("marginal likelihood, algebra spectral: eigenvectors"), "{told}");
    let text = std::fs::read_to_string(here.join("model.toml")).unwrap();
    let two = text.replace("[likelihood]", "[fields.g]\nt = \"matern12()\"\n[likelihood]");
    let two = two.replace("intercept + f", "intercept + f + g");
    std::fs::write(here.join("model.toml"), two).unwrap();
    let (all, told) = algebra();
    assert_eq!(all["algebra"], "dense");
    assert!(told.contains("the covariance of 48 observed cells written out"), "{told}");
    let printed = gridgp(here, &["fit", "model.toml", "-o", "fit.nc"]);
    assert!(printed.contains("by the dense algebra, the covariance of 48"), "{printed}");
    let kept: Value =
        serde_json::from_str(&gridgp(here, &["summary", "fit.nc", "--json"])).unwrap();
    assert_eq!((&kept["algebra"], &kept["interrupted"]), (&"dense".into(), &false.into()));
    assert_eq!(kept["algebra_detail"], all["algebra_detail"]);
}
