//! `cargo xtask gallery`: the pictures of docs/gallery, from the examples and from made-up numbers.

use std::fs;

use anyhow::{Context, Result};

use crate::peers::environment;
use crate::program::{self, build, program};
use crate::{browser, root};

/// Pictures of examples: the example, the name of the picture, and what is asked of `gridgp plot`.
const PICTURES: &[(&str, &str, &[&str])] = &[
    ("elnino", "elnino_data_mean", &["FIT", "--variable", "data,mean"]),
    (
        "elnino",
        "elnino.png",
        &["FIT", "--variable", "data,mean", "--width", "110", "--height", "50"],
    ),
    ("elnino", "elnino_residual", &["FIT", "--variable", "residual"]),
    ("elnino", "elnino_1983", &["FIT", "--kind", "series", "--sel", "year=1983"]),
    ("elnino", "elnino_density", &["FIT", "--kind", "density"]),
    ("elnino", "elnino_pit", &["FIT", "--kind", "pit"]),
    ("elnino", "elnino_qq", &["FIT", "--kind", "qq"]),
    ("elnino", "elnino_prior", &["FIT", "--kind", "prior"]),
    ("kron2d", "kron2d_mean", &["FIT"]),
    ("kron2d", "kron2d_sd", &["FIT", "--variable", "sd", "--colormap", "cividis"]),
    ("trend_season", "co2_trend", &["PARTS", "--variable", "trend"]),
    ("trend_season", "co2_season", &["RECENT", "--variable", "season"]),
    ("trend_season", "co2_short", &["PARTS", "--variable", "short"]),
    ("soi", "soi", &["FIT", "--variable", "mean", "--kind", "series", "--sel", "year=1990:2015"]),
];

/// Predictions of the fields of `trend_season`: what pictures call them, and where they are.
const PARTS: &[(&str, &str)] =
    &[("PARTS", "year=1958.5:2006.5:577"), ("RECENT", "year=1996.5:2006.5:241")];

/// Figures of `crates/gridgp-plot/examples/figures.rs` that no example has data for yet.
const MADE_UP: &[&str] = &[
    "map_points",
    "map_lambert",
    "map_globe",
    "map_cells",
    "trace",
    "rank",
    "pair",
    "loss",
    "return_levels",
];

pub fn run() -> Result<()> {
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let figures = build(&["--workspace", "--example", "figures"])?;
    let (work, gallery) = ("target/gallery", "docs/gallery");
    for folder in [work, gallery] {
        fs::create_dir_all(root().join(folder)).with_context(|| folder.to_owned())?;
    }
    let models = [
        ("elnino", "model.toml"),
        ("kron2d", "map.toml"),
        ("trend_season", "model.toml"),
        ("soi", "model.toml"),
    ];
    for (example, model) in models {
        let (model, fit) = (format!("examples/{example}/{model}"), format!("{work}/{example}.nc"));
        program::run(&mut program(&gridgp, &["fit", &model, "-o", &fit, "--quiet"]))?;
    }
    let fit = format!("{work}/trend_season.nc");
    let part = |name: &str| format!("{work}/{}.nc", name.to_lowercase());
    for (name, at) in PARTS {
        let only = ["--only", "trend,season,short", "--quiet", "-o", &part(name)];
        let predict = [&["predict", &fit, "--at", at][..], &only].concat();
        program::run(&mut program(&gridgp, &predict))?;
    }
    for (example, picture, arguments) in PICTURES {
        // The picture of the README is a PNG.
        let ending = if picture.contains('.') { "" } else { ".svg" };
        let (fit, out) = (format!("{work}/{example}.nc"), format!("{gallery}/{picture}{ending}"));
        let file = match arguments[0] {
            "FIT" => fit,
            name => part(name),
        };
        let mut all = vec!["plot", &file];
        all.extend(&arguments[1..]);
        all.extend(["--quiet", "-o", &out]);
        program::run(&mut program(&gridgp, &all))?;
    }
    program::run(&mut program(&figures, &[work]))?;
    for name in MADE_UP {
        let (from, to) = (format!("{work}/{name}.svg"), format!("{gallery}/{name}.svg"));
        fs::copy(root().join(&from), root().join(to)).with_context(|| from)?;
    }
    Ok(())
}

/// Figures of gridgp beside those of ArviZ and cartopy, of the same fit: docs/compare.
pub fn compare() -> Result<()> {
    let gridgp = build(&["--workspace", "--bin", "gridgp"])?;
    let python = environment("figures-venv", "requirements-figures.txt")?;
    let (work, folder) = ("target/compare", "docs/compare");
    for folder in [work, folder] {
        fs::create_dir_all(root().join(folder)).with_context(|| folder.to_owned())?;
    }
    let fit = browser::fit_of(&gridgp, "spain", "nuts")?;
    let fields = format!("{work}/base.nc");
    let only = ["predict", &fit, "--only", "base", "-o", &fields, "--quiet"];
    program::run(&mut program(&gridgp, &only))?;
    let parameters = "mu0,beta0,sigma,xi";
    let mut pictures = Vec::new();
    for (name, arguments) in [
        ("trace", &[&fit, "--kind", "trace", "--parameters", parameters][..]),
        ("posterior", &[&fit, "--kind", "density", "--parameters", parameters]),
        ("map", &[&fields, "--kind", "map", "--variable", "base"]),
    ] {
        let out = format!("{folder}/{name}_gridgp.png");
        let all = [&["plot"], arguments, &["--quiet", "-o", &out]].concat();
        program::run(&mut program(&gridgp, &all))?;
        pictures.push(out);
    }
    let (script, outlines) =
        ("peers/figures/figures.py", "crates/gridgp-plot/data/outlines_50m.bin");
    program::run(&mut program(&python, &[script, &fit, outlines, work]))?;
    for (name, theirs) in
        [("trace", "trace_arviz"), ("posterior", "posterior_arviz"), ("map", "map_cartopy")]
    {
        let (from, to) = (format!("{work}/{name}.png"), format!("{folder}/{theirs}.png"));
        fs::copy(root().join(&from), root().join(&to)).with_context(|| from)?;
        pictures.push(to);
    }
    let shrink: Vec<&str> =
        [script, "--shrink"].into_iter().chain(pictures.iter().map(String::as_str)).collect();
    program::run(&mut program(&python, &shrink))
}
