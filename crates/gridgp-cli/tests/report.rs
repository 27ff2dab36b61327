//! Pages about fits, as a person asks for them. What a browser makes of them is looked at by
//! `cargo xtask browser`.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn done(folder: &Path, arguments: &[&str]) {
    let (ok, text) = run(folder, arguments);
    assert!(ok, "gridgp {arguments:?}: {text}");
}

fn page(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// The headings of the sections.
fn sections(page: &str) -> Vec<&str> {
    let ends = page.split("</h2>").filter_map(|part| part.rsplit_once('>'));
    let all: Vec<&str> = ends.map(|(_, title)| title).collect();
    all[..all.len() - 1].to_vec()
}

#[test]
fn a_fit_writes_its_report_with_a_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let model = example("elnino/model.toml");
    let model = model.to_str().unwrap();
    done(here, &["fit", model, "-o", "fit.nc", "--report", "a.html", "--quiet"]);
    done(here, &["predict", "fit.nc", "--at", "year=2011", "-o", "p.nc", "--quiet"]);
    done(here, &["report", "fit.nc", "--prediction", "p.nc", "-o", "b.html", "--quiet"]);
    let (a, b) = (page(here, "a.html"), page(here, "b.html"));
    assert_eq!(
        sections(&a),
        [
            "What was fitted",
            "Model",
            "Data",
            "Convergence",
            "Parameters",
            "Residual checks",
            "How to reproduce it"
        ]
    );
    assert!(sections(&b).contains(&"Prediction"));
    for text in [
        "<h1>sst by year and month</h1>",
        "The search ended at a maximum.",
        "In-sample",
        "gridgp fit model.toml --seed 0 -o fit.nc",
        "log_normal(1.386, 0.7)",
        "<i>location</i> = <i>mean</i> + <i>course</i>",
    ] {
        assert!(a.contains(text), "{text}");
    }
    // The same fit, the same page.
    done(here, &["report", "fit.nc", "-o", "a.html", "--quiet"]);
    assert_eq!(page(here, "a.html"), a);
}

#[test]
fn every_approximation_has_a_report_of_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = std::fs::read_to_string(example("elnino/model.toml")).unwrap();
    // The header and some years suffice.
    let data = std::fs::read_to_string(example("elnino/elnino_sst.csv")).unwrap();
    let data: String = data.lines().take(1 + 12 * 12).map(|line| format!("{line}\n")).collect();
    std::fs::write(here.join("elnino_sst.csv"), data).unwrap();
    for (method, sign) in [
        ("laplace", "Pareto k"),
        ("pathfinder", "Pareto k"),
        ("svi", "What the optimizer made smaller."),
    ] {
        let with = format!("{text}\n[inference]\nmethod = \"{method}\"\ndraws = 100\n");
        std::fs::write(here.join("m.toml"), with).unwrap();
        done(here, &["fit", "m.toml", "-o", "fit.nc", "--report", "r.html", "--quiet"]);
        let page = page(here, "r.html");
        assert!(page.contains(sign), "{method} does not say {sign}");
        assert!(page.contains("<h3>Field course</h3>"), "{method} shows no field");
    }
}

/// Fits data and writes a report.
fn reported(here: &Path, data: &str, model: &str) -> String {
    std::fs::write(here.join("d.csv"), data).unwrap();
    std::fs::write(here.join("m.toml"), model).unwrap();
    done(here, &["fit", "m.toml", "-o", "fit.nc", "--report", "r.html", "--quiet"]);
    page(here, "r.html")
}

#[test]
fn rows_stations_and_names_that_look_like_tags_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // One row: a line in place of a map.
    let row: String = (0..12).map(|i| format!("{i},{}\n", (f64::from(i) * 0.9).sin())).collect();
    let model = "[data]\nfile = \"d.csv\"\nresponse = \"y\"\naxes = [\"x\"]\n[fields.f]\nx = \
                 \"matern32()\"\n[likelihood]\nfamily = \"gaussian\"\nlocation = \"f\"\n";
    let shown = reported(here, &format!("x,y\n{row}"), model);
    assert!(shown.contains("class=\"observation\"") && !shown.contains("class=\"explorer\""));
    // Stations on both sides of the date line, in years before 1900; one has a name to beware of.
    let mut table = String::from("name,lon,lat,year,y\n");
    for (s, (name, lon)) in [("Suva", 178.4), ("<b>Apia</b>", -171.8)].iter().enumerate() {
        for year in 1880..1888 {
            let y = (f64::from(year) * 0.7 + s as f64).sin();
            table += &format!("{name},{lon},{},{year},{y}\n", -18 + s as i32);
        }
    }
    let model = "[data]\nfile = \"d.csv\"\nresponse = \"y\"\naxes.station = [\"name\", \"lon\", \
                 \"lat\"]\naxes.year = \"year\"\n[fields.f]\nstation = \"matern32(lon, lat, \
                 distance = great_circle)\"\nyear = \"matern32()\"\n[likelihood]\nfamily = \
                 \"gaussian\"\nlocation = \"f\"\n";
    let shown = reported(here, &table, model);
    assert!(shown.contains("\"surface\":\"points\"") && shown.contains("\"1880\""));
    assert!(!shown.contains("<b>Apia"), "a name is no tag");
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let refused = |arguments: &[&str], message: &str| {
        let (ok, text) = run(here, arguments);
        assert!(!ok && text.contains(message), "{arguments:?}: {text}");
    };
    let data = example("elnino/elnino_sst.csv");
    let data = data.to_str().unwrap();
    refused(&["report", "fit.nc", "-o", "r.pdf"], "ends in .html");
    refused(&["report", data, "-o", "r.html"], "not a fit file");
    let model = example("elnino/model.toml");
    let model = model.to_str().unwrap();
    refused(&["fit", model, "-o", "fit.nc", "--report", "r.txt"], "ends in .html");
    assert!(!here.join("fit.nc").exists(), "refused before the work");
    done(here, &["fit", model, "-o", "fit.nc", "--quiet"]);
    let both = |option: &'static str| ["report", "fit.nc", "-o", "r.html", option, data];
    refused(&both("--return-levels"), "there are no return levels");
    refused(&both("--prediction"), "there is no mean");
    refused(&["report", "fit.nc", "-o", "r.html", "--prediction", "fit.nc"], "is a fit");
}
