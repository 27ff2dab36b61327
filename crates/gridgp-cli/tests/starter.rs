//! What `gridgp init` proposes for different kinds of data, and that it is a model.

use std::path::Path;

use assert_cmd::Command;

fn gridgp(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gridgp {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The starter model of a 5 x 6 table with these values, and what `check` says of it.
fn starter(value: impl Fn(usize) -> String) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..30).map(|i| format!("{},{},{}\n", i / 6, i % 6, value(i))).collect();
    std::fs::write(folder.path().join("data.csv"), format!("a,b,y\n{rows}")).unwrap();
    gridgp(folder.path(), &["init", "data.csv", "-o", "model.toml"]);
    let model = std::fs::read_to_string(folder.path().join("model.toml")).unwrap();
    (model, gridgp(folder.path(), &["check", "model.toml"]))
}

#[test]
fn the_likelihood_suits_the_values() {
    for (value, family, sampled) in [
        (
            Box::new(|i: usize| format!("{}", i % 4)) as Box<dyn Fn(usize) -> String>,
            "poisson",
            true,
        ),
        (Box::new(|i| format!("{}", i * 5 % 7 / 4)), "bernoulli", true),
        (Box::new(|i| format!("{}", (i * 7 % 11) as f64 / 4.0)), "gaussian", false),
        (Box::new(|i| format!("{}", (i * 7 % 11) as f64 - 3.0)), "gaussian", false),
        (
            Box::new(|i| if i == 7 { "NA".into() } else { format!("{}.5", i % 4) }),
            "gaussian",
            false,
        ),
    ] {
        let (model, checked) = starter(value);
        assert!(model.contains(&format!("family = \"{family}\"")), "{family}: {model}");
        assert_eq!(model.contains("method = \"nuts\""), sampled, "{model}");
        assert_eq!(checked.contains("joint route"), sampled, "{checked}");
    }
}

#[test]
fn what_is_sampled_is_shown() {
    let (_, checked) = starter(|i| format!("{}", i % 4));
    let unknowns = "34 unknowns are sampled, 4 parameters and 30 of fields";
    assert!(checked.contains(unknowns), "{checked}");
    assert!(
        checked.contains("rate: f.amplitude^2 * [5 x 5, rank 5] x [6 x 6, rank 6]"),
        "{checked}"
    );
}

#[test]
fn the_likelihoods_are_listed() {
    let here = Path::new(".");
    let text = gridgp(here, &["likelihoods"]);
    assert!(text.contains("negative_binomial(mean, concentration)"), "{text}");
    assert!(text.contains("logistic(…) in (0, 1)"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&gridgp(here, &["likelihoods", "--json"])).unwrap();
    let families = json["likelihoods"].as_array().unwrap();
    let binomial = families.iter().find(|f| f["name"] == "binomial").unwrap();
    assert_eq!(binomial["parameters"][1]["domain"], "(0, inf)");
    assert!(json["links"].as_array().unwrap().len() >= 5);
}
