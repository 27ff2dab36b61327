//! The r largest values of each year: from a daily series to return levels, and mistakes.

use std::path::Path;

use assert_cmd::Command;

fn run(here: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(here).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    (output.status.success(), stdout, stderr)
}

fn works(here: &Path, arguments: &[&str]) -> String {
    let (ok, stdout, stderr) = run(here, arguments);
    assert!(ok, "{arguments:?}: {stderr}");
    stdout
}

fn fails(here: &Path, arguments: &[&str], words: &[&str]) {
    let (ok, _, stderr) = run(here, arguments);
    assert!(!ok, "{arguments:?} succeeded");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

/// Two sites, 25 years with the days of January to March: independent exponential values, whose
/// yearly maxima are near Gumbel's law with scale 2.
fn daily() -> String {
    let mut state = 7u64;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut table = String::from("time,site,rain\n");
    for year in 1990..2015 {
        for (month, days) in [(1, 31), (2, 28), (3, 31)] {
            for day in 1..=days {
                for site in ["a", "b"] {
                    let rain = -2.0 * f64::ln(uniform());
                    table += &format!("{year}-{month:02}-{day:02},{site},{rain:.6}\n");
                }
            }
        }
    }
    table
}

const MODEL: &str = "[data]\nfile = \"largest.csv\"\nresponse = \"rain\"\n\
    axes = [\"site\", \"year\", \"order\"]\n\
    [parameters]\nmu = \"normal(9, 5)\"\nsigma = \"half_normal(5)\"\nxi = \"normal(0, 0.2)\"\n\
    [likelihood]\nfamily = \"r_largest\"\nlocation = \"mu\"\nscale = \"sigma\"\nshape = \"xi\"\n\
    upper = \"order\"\n[inference]\nmethod = \"laplace\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("daily.csv"), daily()).unwrap();
    let maxima = ["block-maxima", "daily.csv", "--response", "rain", "--by", "site"];
    let some = ["--coverage", "0.2", "-q", "-o"];
    works(here, &[&maxima[..], &some, &["largest.csv", "--largest", "5", "--apart", "1"]].concat());
    works(here, &[&maxima[..], &some, &["maxima.csv"]].concat());
    fails(
        here,
        &[&maxima[..], &some, &["x.csv", "--largest", "5"]].concat(),
        &["--largest 5", "Give --apart"],
    );
    std::fs::write(here.join("model.toml"), MODEL).unwrap();
    folder
}

fn sd(here: &Path, fit: &str, name: &str) -> (f64, f64) {
    let summary: serde_json::Value =
        serde_json::from_str(&works(here, &["summary", fit, "--json"])).unwrap();
    let p = &summary["parameters"][name];
    (p["mean"].as_f64().unwrap(), p["sd"].as_f64().unwrap())
}

#[test]
fn more_than_the_maximum_says_more() {
    let folder = folder();
    let here = folder.path();
    let checked = works(here, &["check", "model.toml"]);
    assert!(checked.contains("upper = the value before it along order"), "{checked}");
    works(here, &["fit", "model.toml", "-o", "largest.nc", "-q"]);
    let gev = MODEL
        .replace("largest.csv", "maxima.csv")
        .replace(", \"order\"]", "]")
        .replace("upper = \"order\"\n", "")
        .replace("r_largest", "gev");
    std::fs::write(here.join("gev.toml"), gev).unwrap();
    works(here, &["fit", "gev.toml", "-o", "gev.nc", "-q"]);
    for name in ["sigma", "xi"] {
        let (all, one) = (sd(here, "largest.nc", name), sd(here, "gev.nc", name));
        assert!(all.1 < 0.7 * one.1, "{name}: sd {} of five values, {} of one", all.1, one.1);
        assert!((all.0 - one.0).abs() < 3.0 * one.1, "{name}: {} and {}", all.0, one.0);
    }
    // Exponential values with scale 2.
    let (mean, sd) = sd(here, "largest.nc", "sigma");
    assert!((mean - 2.0).abs() < 4.0 * sd && sd < 0.3, "{mean} {sd}");
    // The levels are those of the largest: once, not once an order.
    works(here, &["return-levels", "largest.nc", "--period", "50", "-o", "levels.csv"]);
    let levels = std::fs::read_to_string(here.join("levels.csv")).unwrap();
    assert_eq!(levels.lines().count(), 1 + 2 * 25);
    assert!(!levels.lines().next().unwrap().contains("order"), "{levels}");
    works(here, &["predict", "largest.nc", "-o", "prediction.csv"]);
}

#[test]
fn values_that_are_not_the_largest_of_a_block_are_refused() {
    let folder = folder();
    let here = folder.path();
    let table = std::fs::read_to_string(here.join("largest.csv")).unwrap();
    let with = |row: usize, value: &str| {
        let rows = table.lines().enumerate().map(|(i, line)| {
            let (head, _) = line.rsplit_once(',').unwrap();
            if i == row { format!("{head},{value}\n") } else { format!("{line}\n") }
        });
        std::fs::write(here.join("bad.csv"), rows.collect::<String>()).unwrap();
    };
    let fit = ["fit", "model.toml", "--data", "bad.csv", "-o", "bad.nc", "-q"];
    with(2, "500");
    fails(here, &fit, &["500", "order = 2", "must not exceed the value before it"]);
    with(2, "");
    fails(here, &fit, &["order = 3", "none before it", "order = 2"]);
    // The last one may be missing.
    with(5, "");
    works(here, &fit);
    let model = |from: &str, to: &str| {
        std::fs::write(here.join("model.toml"), MODEL.replace(from, to)).unwrap();
    };
    let fit = ["fit", "model.toml", "-o", "bad.nc", "-q"];
    model("upper = \"order\"\n", "");
    fails(here, &fit, &["upper = ", "site, year, order"]);
    model("\"order\"\n[inf", "\"oder\"\n[inf");
    fails(here, &fit, &["model.toml:", "did you mean \"order\"?"]);
    let text = MODEL
        .replace("[likelihood]", "[fields.f]\norder = \"matern32()\"\n[likelihood]")
        .replace("location = \"mu\"", "location = \"mu + f\"");
    std::fs::write(here.join("model.toml"), text).unwrap();
    fails(here, &fit, &["come from one law", "\"order\""]);
}
