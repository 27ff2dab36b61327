//! Responses that a likelihood cannot have: the message names the cell, and nothing is left behind.

use assert_cmd::Command;

const MODEL: &str = "[data]\nfile = \"data.csv\"\nresponse = \"y\"\naxes = [\"x\", \"t\"]\n\
                     covariates = { e = {} }\n\n\
                     [parameters]\nbase = \"normal(0, 1)\"\n\n\
                     [fields.f]\namplitude = \"half_normal(1)\"\n\
                     t = \"matern32(lengthscale ~ half_normal(2))\"\n\n[likelihood]\nLIKELIHOOD\n\n\
                     [inference]\nmethod = \"nuts\"\nchains = 2\ntune = 20\ndraws = 20\n";

/// A 2 x 3 grid with a response and a covariate; cell 4 is x = 1, t = 1.
fn table(y: [&str; 6], e: [&str; 6]) -> String {
    let cell = |c: usize| format!("{},{},{},{}\n", c / 3, c % 3, y[c], e[c]);
    std::iter::once("x,t,y,e\n".to_owned()).chain((0..6).map(cell)).collect()
}

fn fit(likelihood: &str, y: [&str; 6], e: [&str; 6]) -> (Option<i32>, String, usize) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table(y, e)).unwrap();
    let model = MODEL.replace("LIKELIHOOD", likelihood);
    std::fs::write(folder.path().join("model.toml"), model).unwrap();
    let output = Command::cargo_bin("gridgp")
        .unwrap()
        .current_dir(folder.path())
        .args(["fit", "model.toml", "-o", "fit.nc"])
        .output()
        .unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    (output.status.code(), String::from_utf8(output.stderr).unwrap(), left)
}

const EXPOSURE: [&str; 6] = ["3", "2.5", "4", "3", "4", "5"];
const TRIALS: [&str; 6] = ["3", "2", "4", "3", "4", "5"];

/// The likelihood takes `good`, and not with `bad` in cell 4.
fn refuses(likelihood: &str, good: [&str; 6], bad: &str, words: &[&str]) {
    let e = if likelihood.contains("trials") { TRIALS } else { EXPOSURE };
    let (code, said, left) = fit(likelihood, good, e);
    assert_eq!((code, left), (Some(0), 3), "{likelihood}: {said}");
    let mut y = good;
    y[4] = bad;
    assert_refused(likelihood, fit(likelihood, y, e), words);
}

fn assert_refused(
    likelihood: &str,
    (code, said, left): (Option<i32>, String, usize),
    words: &[&str],
) {
    assert_eq!(code, Some(1), "{likelihood}: {said}");
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    for word in ["x = 1, t = 1"].iter().chain(words) {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert_eq!(left, 2, "something was left behind");
}

const COUNTS: [&str; 6] = ["0", "2", "1", "3", "2", "4"];
const POISSON: &str = "family = \"poisson\"\nrate = \"exp(base + f)\"";

#[test]
fn counts_are_whole_and_not_negative() {
    let negative_binomial = "family = \"negative_binomial\"\nmean = \"exp(base + f)\"\n";
    for likelihood in [POISSON, negative_binomial] {
        for bad in ["-1", "1.5", "-0.25"] {
            refuses(likelihood, COUNTS, bad, &["\"y\"", bad, "whole number"]);
        }
    }
}

#[test]
fn successes_do_not_exceed_trials() {
    let likelihood = "family = \"binomial\"\nprobability = \"logistic(base + f)\"\ntrials = \"e\"";
    let good = ["0", "2", "1", "3", "2", "4"];
    refuses(likelihood, good, "5", &["\"y\" is 5", "exceeds the number of trials, 4"]);
    refuses(likelihood, good, "1.5", &["\"y\" is 1.5", "whole number"]);
    let mut trials = TRIALS;
    for bad in ["0", "-2", "2.5"] {
        trials[4] = bad;
        assert_refused(likelihood, fit(likelihood, good, trials), &["trials", bad]);
    }
}

#[test]
fn yes_is_1_and_no_is_0() {
    let likelihood = "family = \"bernoulli\"\nprobability = \"logistic(base + f)\"";
    for bad in ["2", "0.5", "-1"] {
        refuses(likelihood, ["0", "1", "1", "0", "0", "1"], bad, &["\"y\"", bad, "yes is 1"]);
    }
}

#[test]
fn shares_lie_between_0_and_1() {
    let likelihood = "family = \"beta\"\nmean = \"logistic(base + f)\"";
    for bad in ["1.25", "-0.5", "0", "1"] {
        let good = ["0.25", "0.5", "0.75", "0.125", "0.5", "0.625"];
        refuses(likelihood, good, bad, &["\"y\"", bad, "between 0 and 1"]);
    }
}

#[test]
fn exposure_is_positive() {
    let likelihood = "family = \"poisson\"\nrate = \"e * exp(base + f)\"";
    refuses(likelihood, COUNTS, "-1", &["whole number"]);
    let mut exposure = EXPOSURE;
    for bad in ["0", "-2"] {
        exposure[4] = bad;
        let words = ["\"e\"", bad, "must be positive"];
        assert_refused(likelihood, fit(likelihood, COUNTS, exposure), &words);
    }
}

#[test]
fn a_probability_that_is_no_probability() {
    let words = |probability: &str, expected: &str| {
        let likelihood = format!("family = \"bernoulli\"\nprobability = {probability}");
        let (code, said, left) = fit(&likelihood, ["0", "1", "1", "0", "0", "1"], EXPOSURE);
        assert_eq!((code, left), (Some(1), 2), "{said}");
        assert!(said.contains(expected) && said.contains("model.toml:"), "{said}");
    };
    words("1.5", "1.5");
    words("\"exp(base + f)\"", "must lie in");
}
