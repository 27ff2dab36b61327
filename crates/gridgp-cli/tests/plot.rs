//! Pictures, as a person asks for them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Draws an SVG and gives it back.
fn picture(folder: &Path, arguments: &[&str]) -> String {
    let all = [&["plot"], arguments, &["-o", "out.svg"]].concat();
    let (ok, text) = run(folder, &all);
    assert!(ok, "gridgp {all:?}: {text}");
    std::fs::read_to_string(folder.join("out.svg")).unwrap()
}

fn message(folder: &Path, arguments: &[&str]) -> String {
    let (ok, text) = run(folder, &[&["plot"], arguments].concat());
    assert!(!ok, "{arguments:?} was drawn");
    text
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// How many marks of a class there are.
fn count(svg: &str, class: &str) -> usize {
    svg.matches(&format!("class=\"{class}\"")).count()
}

fn says(svg: &str, text: &str) -> bool {
    svg.contains(&format!(">{text}</text>"))
}

#[test]
fn el_nino_is_fitted_predicted_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let model = example("elnino/model.toml");
    let data = example("elnino/elnino_sst.csv");
    let (model, data) = (model.to_str().unwrap(), data.to_str().unwrap());
    let (ok, text) = run(here, &["fit", model, "-o", "fit.nc", "--quiet"]);
    assert!(ok, "{text}");
    let (ok, text) = run(here, &["predict", "fit.nc", "-o", "mean.nc", "--quiet"]);
    assert!(ok, "{text}");

    // The data file: months to the right, years upwards, a color bar with the name of the variable.
    let svg = picture(here, &[data]);
    for text in ["month", "year", "sst", "1960", "2000", "12"] {
        assert!(says(&svg, text), "{text} in {svg}");
    }
    assert_eq!((count(&svg, "frame"), count(&svg, "color-bar")), (1, 1));
    assert!(count(&svg, "color-tick") >= 4);
    // The mean of the fit and of the prediction are the same picture.
    let fit = picture(here, &["fit.nc", "--title", "El Niño"]);
    assert!(says(&fit, "mean of sst") && says(&fit, "El Niño"));
    let prediction = picture(here, &["mean.nc"]);
    assert_eq!(count(&prediction, "cells"), count(&fit, "cells"));
    // Two panels with one bar, and residuals around zero.
    let both = picture(here, &["fit.nc", "--variable", "data,mean", "--limits", "18,30"]);
    assert_eq!((count(&both, "panel"), count(&both, "color-bar")), (2, 1));
    assert!(says(&both, "data") && says(&both, "mean") && says(&both, "20"));
    let residual = picture(here, &["fit.nc", "--variable", "residual"]);
    assert!(residual.contains("#053061") && residual.contains("#67001f"), "blue to red");
    assert!(says(&residual, "sst − mean") && says(&residual, "0"));
    // One year: a line in two bands, with the observations.
    let year = picture(here, &["fit.nc", "--kind", "series", "--sel", "year=1983"]);
    assert!(says(&year, "year = 1983"));
    let marks = (count(&year, "band"), count(&year, "line"), count(&year, "observation"));
    assert_eq!(marks, (2, 1, 12));
    // The mode on the priors: five parameters.
    let density = picture(here, &["fit.nc", "--kind", "density"]);
    assert_eq!((count(&density, "prior"), count(&density, "estimate")), (5, 5));
    assert!(says(&density, "smoothness"));
    let pit = picture(here, &["fit.nc", "--kind", "pit"]);
    assert!(count(&pit, "bin") > 10 && pit.contains("part of the fit"));
    assert!(count(&picture(here, &["fit.nc", "--kind", "qq"]), "quantile") == 732);
    let prior = picture(here, &["fit.nc", "--kind", "prior"]);
    assert_eq!(count(&prior, "draw"), 2 * 2 * 12, "two axes, kernels and draws, 12 of each");
    // The same prediction twice differs nowhere.
    let difference = picture(here, &["mean.nc", "--minus", "mean.nc"]);
    assert_eq!(count(&difference, "cells"), 1);
    // The other formats.
    #[cfg(all(feature = "png", feature = "pdf"))]
    for (name, start) in [("a.png", &b"\x89PNG"[..]), ("a.pdf", b"%PDF")] {
        let (ok, text) = run(here, &["plot", "fit.nc", "--kind", "heat", "-o", name]);
        assert!(ok, "{text}");
        assert!(std::fs::read(here.join(name)).unwrap().starts_with(start));
    }

    // What cannot be drawn says so.
    for (arguments, expected) in [
        (&["fit.nc", "-o", "a.jpg"][..], ".svg, .png or .pdf"),
        (&["fit.nc", "--kind", "trace", "-o", "a.svg"], "mode"),
        (&["fit.nc", "--kind", "loss", "-o", "a.svg"], "keeps no loss"),
        (&["fit.nc", "--kind", "map", "-o", "a.svg"], "longitudes and latitudes"),
        (&["mean.nc", "--kind", "density", "-o", "a.svg"], "heat, map, series and return-levels"),
        (&["mean.nc", "--variable", "men", "-o", "a.svg"], "it has"),
        (&["fit.nc", "--variable", "men", "-o", "a.svg"], "data, mean, sd"),
        (&["fit.nc", "--sel", "year=1883", "-o", "a.svg"], "year = 1950 to year = 2010"),
        (&["fit.nc", "--isel", "month=12", "-o", "a.svg"], "0 to 11"),
        (&["fit.nc", "--limits", "3,1", "-o", "a.svg"], "the lower number comes first"),
        (&["fit.nc", "--colormap", "jet", "-o", "a.svg"], "viridis"),
        (&["fit.nc", "--width", "2", "-o", "a.svg"], "20 to 2000"),
        (&["fit.nc", "--kind", "density", "--parameters", "nois", "-o", "a.svg"], "smoothness"),
        (&["fit.nc", "--variable", "residual", "--limits", "0,3", "-o", "a.svg"], "-3,3"),
        (&[model, "--kind", "heat", "-o", "a.svg"], "fit it first"),
        (&["none.nc", "-o", "a.svg"], "none.nc"),
    ] {
        let text = message(here, arguments);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    assert!(!here.join("a.svg").exists());
}

#[test]
fn stations_grids_and_holes_are_drawn_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut text = String::from("city,lon,lat,date,t\n");
    for (city, lon, lat) in
        [("Suva", 178.4, -18.1), ("Apia", -171.8, -13.8), ("Alofi", -169.9, -19.1)]
    {
        for year in [1884, 1885] {
            let t =
                if city == "Apia" { String::new() } else { format!("{}", lat + f64::from(year)) };
            text += &format!("{city},{lon},{lat},{year}-07-01,{t}\n");
        }
    }
    std::fs::write(here.join("s.csv"), text).unwrap();
    let map = picture(here, &["s.csv", "--kind", "map", "--isel", "date=1"]);
    assert_eq!((count(&map, "point"), count(&map, "point missing")), (2, 1));
    assert!(says(&map, "180°") && says(&map, "missing") && says(&map, "date = 1885-07-01"));

    let mut text = String::from("lat,lon,time,v\n");
    for lat in [40.0, 42.0, 46.0] {
        for lon in [-5.0, 0.0, 5.0] {
            for day in 1..=3 {
                let v = lat + lon + 0.3 * f64::from(day);
                text += &format!("{lat},{lon},2019-03-0{day},{v}\n");
            }
        }
    }
    std::fs::write(here.join("g.csv"), text).unwrap();
    for projection in ["equirectangular", "lambert", "orthographic"] {
        let svg = picture(here, &["g.csv", "--sel", "time=2019-03-02", "--projection", projection]);
        assert!(count(&svg, "coasts") == 1 && count(&svg, "cells") == 9, "{projection}");
    }
    let series = picture(here, &["g.csv", "--kind", "series", "--sel", "lat=42", "--sel", "lon=5"]);
    assert_eq!(count(&series, "line"), 1);
    assert!(series.contains("time (2019)"), "{series}");

    let text = "lat,lon,v,w\n40,0,1,2\n40,5,2,3\n42,0,3,4\n42,5,4,5\n";
    std::fs::write(here.join("two.csv"), text).unwrap();
    let panels = picture(here, &["two.csv", "--variable", "v,w"]);
    assert!(count(&panels, "coasts") == 0 && says(&panels, "v") && says(&panels, "w"));
    let said = message(here, &["two.csv", "--variable", "v,w", "--kind", "map", "-o", "m.svg"]);
    assert!(said.contains("--kind heat"), "{said}");
}

#[test]
fn draws_are_drawn() {
    use gridgp_fit::{DrawValues, InferenceGroup, InferenceVariable};
    use gridgp_io::write_inference_data;

    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let wave = |k: f64| (0..400).map(|i| (f64::from(i) * k).sin()).collect::<Vec<f64>>();
    let mut posterior = InferenceGroup::draws("posterior", 2, 200, vec![]);
    posterior.variables = vec![
        InferenceVariable::numbers("a", &[], wave(0.37)).with("units", "K"),
        InferenceVariable::numbers("b", &[], wave(1.7)),
    ];
    let mut stats = InferenceGroup::draws("sample_stats", 2, 200, vec![]);
    let flags = (0..400).map(|i| i % 100 == 7).collect();
    stats.variables = vec![InferenceVariable::new("diverging", &[], DrawValues::Flags(flags))];
    write_inference_data(&here.join("draws.nc"), vec![posterior, stats]).unwrap();
    let trace = picture(here, &["draws.nc"]);
    let marks = (count(&trace, "trace"), count(&trace, "chain"), count(&trace, "density"));
    assert_eq!(marks, (2, 4, 4));
    assert!(says(&trace, "a (K)") && trace.contains("4 divergent draws"));
    let rank = picture(here, &["draws.nc", "--kind", "rank"]);
    assert_eq!((count(&rank, "ranks"), count(&rank, "expected")), (4, 2));
    let pair = picture(here, &["draws.nc", "--kind", "pair"]);
    assert_eq!((count(&pair, "draws"), count(&pair, "divergence")), (1, 4));
    let density = picture(here, &["draws.nc", "--kind", "density", "--parameters", "b"]);
    assert_eq!(count(&density, "posterior"), 1);
    let text = message(here, &["draws.nc", "--parameters", "c", "-o", "a.svg"]);
    assert!(text.contains("there are a, b"), "{text}");
    let text = message(here, &["draws.nc", "--kind", "heat", "-o", "a.svg"]);
    assert!(text.contains("density, trace, rank and pair"), "{text}");
}
