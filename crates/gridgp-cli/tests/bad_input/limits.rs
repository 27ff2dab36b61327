//! Numbers that mean nothing, in every place where a number can be written: words, never a panic, a
//! signal or a file.

use std::path::Path;

use super::{MODEL, TABLE, folder, gridgp};

const ODD: [&str; 6] = ["0", "-1", "1000000000000000000", "18446744073709551615", "nan", "inf"];

/// It ended in words, or it worked.
#[track_caller]
fn ends_well(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let (code, stderr) = gridgp(folder, arguments);
    assert!(matches!(code, Some(0..=2)), "{arguments:?} ended with {code:?}: {stderr}");
    (code == Some(0), stderr)
}

/// A fit by `map` and one by `nuts`.
fn fits() -> tempfile::TempDir {
    let nuts =
        format!("{MODEL}[inference]\nmethod = \"nuts\"\nchains = 2\ntune = 20\ndraws = 20\n");
    let folder = folder(TABLE, MODEL);
    std::fs::write(folder.path().join("nuts.toml"), nuts).unwrap();
    for (model, fit) in [("model.toml", "fit.nc"), ("nuts.toml", "draws.nc")] {
        let (code, stderr) = gridgp(folder.path(), &["fit", model, "-o", fit]);
        assert_eq!(code, Some(0), "{stderr}");
    }
    folder
}

#[test]
fn no_argument_that_is_a_number_breaks_a_command() {
    const SIMULATE: [&str; 19] = [
        "stations",
        "seed",
        "warming",
        "gmst-sd",
        "gmst-correlation",
        "location",
        "location-amplitude",
        "location-lengthscale",
        "slope",
        "slope-amplitude",
        "slope-lengthscale",
        "scale",
        "scale-amplitude",
        "scale-lengthscale",
        "shape",
        "shape-amplitude",
        "shape-lengthscale",
        "year-amplitude",
        "year-lengthscale",
    ];
    let commands: [(&[&str], &[&str]); 8] = [
        (&["fit", "model.toml"], &["seed", "threads"]),
        (&["predict", "fit.nc"], &["quantiles", "draws", "seed", "threads"]),
        (&["predict", "draws.nc"], &["quantiles", "draws", "seed"]),
        (&["residuals", "draws.nc"], &["levels", "seed", "threads"]),
        (&["plot", "fit.nc"], &["width", "height", "seed", "isel", "sel", "limits"]),
        (&["return-levels", "draws.nc"], &["period", "probabilities", "exceed", "risk", "seed"]),
        (
            &["block-maxima", "daily.csv", "--response", "y"],
            &["coverage", "largest", "apart", "begins"],
        ),
        (&["simulate"], &SIMULATE),
    ];
    let folder = fits();
    let daily: String = (1..32).map(|i| format!("2001-07-{i:02},{}\n", i % 7)).collect();
    std::fs::write(folder.path().join("daily.csv"), format!("time,y\n{daily}")).unwrap();
    for (command, keys) in commands {
        let output = if command[0] == "plot" { "out.svg" } else { "out.nc" };
        for key in keys {
            for odd in ODD {
                let value = match *key {
                    "isel" | "sel" => format!("--{key}=t={odd}"),
                    "limits" => format!("--{key}=-1,{odd}"),
                    _ => format!("--{key}={odd}"),
                };
                let arguments = [command, &[&value, "-o", output]].concat();
                let (worked, stderr) = ends_well(folder.path(), &arguments);
                let output = folder.path().join(output);
                assert_eq!(worked, output.exists(), "{arguments:?}: {stderr}");
                if worked {
                    std::fs::remove_file(output).unwrap();
                }
            }
        }
    }
}

#[test]
fn no_number_in_a_model_breaks_it() {
    let model = "[data]\nfile = \"data.csv\"\nresponse = \"y\"\naxes = [\"x\", \"t\"]\n\
                 covariates.x2 = { variable = \"x\", along = \"x\" }\nsel.x = { from = 0 }\n\
                 isel.t = { from = 0, step = 1 }\n[parameters]\na = 1.5\nb = \"normal(0, 2)\"\n\
                 c = \"default\"\n[fields.f]\namplitude = 2\nt = \"3 * matern32(basis = 4, \
                 boundary = 1.25, lengthscale = 2.5) + polynomial(degree = 2, offset = 3)\"\n\
                 x = \"matern32(lengthscale = 2)\"\n\
                 [likelihood]\nfamily = \"gaussian\"\nlocation = \"a + 0.5 + b * x2^2 + f * c\"\n\
                 scale = 0.7\n[inference]\nmax_iterations = 3\nstarts = 1\nstart.b = 1.75\n";
    let folder = folder(TABLE, model);
    // Every number of the text, whole.
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let mut numbers = Vec::new();
    let mut at = 0;
    while let Some(start) = model[at..].find(|c: char| c.is_ascii_digit()).map(|i| at + i) {
        let end = model[start..].find(|c| !is_part(c)).map_or(model.len(), |i| start + i);
        if !model[..start].ends_with(|c: char| c.is_alphanumeric()) {
            numbers.push(start..end);
        }
        at = end;
    }
    assert!(numbers.len() > 15, "{numbers:?}");
    let path = folder.path().join("model.toml");
    for number in numbers {
        for odd in ODD {
            let text = format!("{}{odd}{}", &model[..number.start], &model[number.end..]);
            std::fs::write(&path, &text).unwrap();
            check_and_fit_agree(folder.path(), &text);
        }
    }
}

/// `check` refuses what `fit` refuses, in the same words; what it takes `fit` takes.
#[track_caller]
fn check_and_fit_agree(folder: &Path, model: &str) -> Option<String> {
    let output = folder.join("out.nc");
    let (checked, said) = ends_well(folder, &["check", "model.toml"]);
    let (fitted, stderr) = ends_well(folder, &["fit", "model.toml", "-o", "out.nc", "--quiet"]);
    assert_eq!((checked, fitted), (fitted, output.exists()), "{said}\n{stderr}\n{model}");
    if fitted {
        std::fs::remove_file(output).unwrap();
        return None;
    }
    assert_eq!(said, stderr, "{model}");
    Some(said)
}

#[test]
fn check_refuses_what_fit_would_refuse() {
    // 2,601 cells, more than a dense Hessian or a full covariance is for.
    let large: String =
        (0..2601).map(|i| format!("{},{},{}\n", i / 51, i % 51, i * i % 7)).collect();
    let large = format!("x,t,y\n{large}");
    let field = "[fields.f]\nt = \"matern32(lengthscale = 2)\"\nx = \"matern32()\"\n";
    let gaussian = "family = \"gaussian\"\nlocation = \"f\"\n";
    let poisson = "family = \"poisson\"\nrate = \"exp(f)\"\n";
    let nothing = "family = \"gaussian\"\nlocation = \"2\"\nscale = 1\n";
    for (table, fields, likelihood, inference, words) in [
        (TABLE, field, poisson, "method = \"map\"", Some("needs a method that samples")),
        (TABLE, field, poisson, "method = \"nuts\"\nroute = \"marginal\"", Some("gaussian")),
        (TABLE, field, poisson, "method = \"svi\"\nroute = \"marginal\"", Some("for nuts")),
        (TABLE, "", nothing, "method = \"nuts\"", Some("no unknowns")),
        (TABLE, "", nothing, "method = \"map\"", Some("no field")),
        (&large, field, gaussian, "method = \"laplace\"", Some("2601 unknowns")),
        (&large, field, gaussian, "method = \"svi\"\nguide = \"full_rank\"", Some("2604 unknowns")),
        (
            TABLE,
            field,
            gaussian,
            "method = \"svi\"\nguide = \"low_rank\"\nrank = 50",
            Some("with 9 unknowns give 1 to 9"),
        ),
        (
            TABLE,
            field,
            gaussian,
            "method = \"svi\"\nguide = \"full_rank\"\nexpectation = \"quadrature\"",
            Some("guide = \"mean_field\""),
        ),
        (TABLE, field, gaussian, "method = \"pathfinder\"\ndraws = 5", Some("from 25")),
        (
            &large,
            field,
            gaussian,
            "method = \"nuts\"\nroute = \"joint\"\ndraws = 10000000\nchains = 1000",
            Some("10000000000 draws of 2604 unknowns"),
        ),
        (TABLE, field, gaussian, "method = \"map\"\nmax_iterations = 2", None),
        (TABLE, field, poisson, "method = \"svi\"\nsteps = 5", None),
        (TABLE, field, poisson, "method = \"laplace\"", None),
        (TABLE, field, poisson, "method = \"pathfinder\"\ndraws = 25", None),
        (TABLE, field, gaussian, "method = \"nuts\"\ntune = 0\ndraws = 1\nchains = 1", None),
    ] {
        let model = format!(
            "[data]\nfile = \"data.csv\"\nresponse = \"y\"\naxes = [\"x\", \"t\"]\n{fields}\
             [likelihood]\n{likelihood}[inference]\n{inference}\n"
        );
        let folder = folder(&table.replace(".5", ""), &model);
        let said = check_and_fit_agree(folder.path(), &model);
        assert_eq!(said.is_some(), words.is_some(), "{said:?}\n{model}");
        let said = said.unwrap_or_default();
        assert!(said.contains(words.unwrap_or_default()), "{said}\n{model}");
    }
}

#[test]
fn a_file_that_comes_from_elsewhere_nests_to_a_stated_depth() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    for (from, to) in [
        ("\"f\"\n", format!("\"f + {}\"\n", deep("(", ")"))),
        ("half_normal(2)", format!("half_normal({})", deep("-", ""))),
        ("matern32(", format!("{}matern32(", "(".repeat(10_000))),
        ("\"y\"", format!("\"y\"\nsel.x = {}", deep("[", "]"))),
        ("\"y\"", format!("\"y\"\nsel.x = {}", deep("{a=", "}"))),
    ] {
        let model = MODEL.replace(from, &to);
        let folder = folder(TABLE, &model);
        let (worked, stderr) = ends_well(folder.path(), &["check", "model.toml"]);
        assert!(!worked && stderr.len() < 1000, "{from}: {stderr}");
    }
}

#[test]
fn threads_are_capped_with_a_word() {
    let folder = folder(TABLE, MODEL);
    let fit = |threads: &str| {
        gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc", "--threads", threads])
    };
    let (code, stderr) = fit("10000");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: --threads 10000: "), "{stderr}");
    let (code, stderr) = fit("0");
    assert!(code == Some(1) && stderr.contains("at least 1"), "{stderr}");
}

#[test]
fn places_are_counted_before_they_are_made() {
    let folder = fits();
    for fit in ["fit.nc", "draws.nc"] {
        for at in ["x=0:5:1000000000000", "t=0:5:18446744073709551615"] {
            let (worked, stderr) =
                ends_well(folder.path(), &["predict", fit, "--at", at, "-o", "out.nc"]);
            assert!(!worked && stderr.contains("cells needs about"), "{stderr}");
        }
        let (worked, stderr) =
            ends_well(folder.path(), &["predict", fit, "--at", "t=0:5:20000", "-o", "out.nc"]);
        assert!(worked, "{stderr}");
    }
}

#[test]
fn oracle_case_big_gaps_gets_a_model_that_can_run() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases");
    let data = cases.join("cli/big_gaps.nc");
    if !data.exists() {
        return eprintln!("skipped: {} is not there", data.display());
    }
    let folder = folder(TABLE, MODEL);
    let (worked, stderr) =
        ends_well(folder.path(), &["init", data.to_str().unwrap(), "-o", "gaps.toml"]);
    assert!(worked, "{stderr}");
    let path = folder.path().join("gaps.toml");
    let starter = std::fs::read_to_string(&path).unwrap();
    let (worked, stderr) = ends_well(folder.path(), &["check", "gaps.toml"]);
    assert!(worked, "{stderr}\n{starter}");
    // Whole latitudes are missing: the others are a complete grid, and the exact method takes it.
    std::fs::write(&path, starter.replace("\"svi\"", "\"map\"")).unwrap();
    let (worked, stderr) = ends_well(folder.path(), &["check", "gaps.toml"]);
    assert!(worked, "{stderr}");
}

#[test]
fn three_bytes_of_netcdf_are_no_file() {
    let folder = folder("CDF", MODEL);
    let (worked, stderr) = ends_well(folder.path(), &["init", "data.csv"]);
    assert!(!worked, "{stderr}");
}
