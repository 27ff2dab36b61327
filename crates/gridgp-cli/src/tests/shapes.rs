//! Data of unusual shapes and names: whatever can be fitted can be predicted, drawn and reported.

use std::fmt::Write;
use std::path::Path;

use super::gridgp;

/// A table with the columns `a`, `b` and the response, and a model of it.
struct Case {
    what: &'static str,
    /// Names of the axes and of the response.
    names: [&'static str; 3],
    a: Vec<String>,
    b: Vec<String>,
    kernels: [&'static str; 2],
    /// Of the two positions; empty where it is missing.
    y: fn(usize, usize) -> String,
}

fn wave(i: usize, j: usize) -> String {
    format!("{}", (1.3 * i as f64 + 0.5 * j as f64).sin())
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|i| i.to_string()).collect()
}

const SMOOTH: &str = "matern32(lengthscale = 2)";

fn cases() -> Vec<Case> {
    let plain = || Case {
        what: "a plain grid",
        names: ["a", "b", "y"],
        a: numbers(4),
        b: numbers(3),
        kernels: [SMOOTH, SMOOTH],
        y: wave,
    };
    let text = |all: &[&str]| all.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
    vec![
        plain(),
        Case {
            what: "labels that could be markup",
            a: text(&["<b>A & B</b>", "\"q\"", "Évora's", "</script>"]),
            kernels: ["white()", SMOOTH],
            ..plain()
        },
        Case {
            what: "names that could be markup",
            names: ["<i>", "ñ & \"µ\"", "<script>alert(1)"],
            ..plain()
        },
        Case {
            what: "times",
            a: text(&["2001-01-01", "2001-01-02", "2001-01-04", "2001-01-05"]),
            ..plain()
        },
        Case { what: "one row", a: numbers(1), ..plain() },
        Case { what: "one column", b: numbers(1), ..plain() },
        Case {
            what: "a row that is missing",
            y: |i, j| if i == 2 { String::new() } else { wave(i, j) },
            ..plain()
        },
        Case { what: "huge numbers", y: |i, j| format!("{}e30", wave(i, j)), ..plain() },
        Case { what: "tiny numbers", y: |i, j| format!("{}e-30", wave(i, j)), ..plain() },
        Case {
            what: "longitudes and latitudes",
            names: ["lat", "lon", "y"],
            a: text(&["-89.5", "0", "45", "90"]),
            b: text(&["-180", "10", "179.5"]),
            ..plain()
        },
    ]
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn write(here: &Path, case: &Case, method: &str) {
    let [a, b, y] = case.names;
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut table = format!("{},{},{}\n", cell(a), cell(b), cell(y));
    for (i, x) in case.a.iter().enumerate() {
        for (j, z) in case.b.iter().enumerate() {
            writeln!(table, "{},{},{}", cell(x), cell(z), (case.y)(i, j)).unwrap();
        }
    }
    std::fs::write(here.join("d.csv"), table).unwrap();
    // The size of the response, for priors that need no data.
    let size = match case.what {
        "huge numbers" => 1e30,
        "tiny numbers" => 1e-30,
        _ => 1.0,
    };
    let settings = match method {
        "map" => "starts = 1",
        _ => "draws = 25",
    };
    let [k, l] = case.kernels;
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = {}\naxes = [{}, {}]\n[parameters]\n\
         mu = 'normal(0, {size:?})'\nsigma = 'half_normal({size:?})'\n[fields.f]\n\
         amplitude = 'half_normal({size:?})'\n{} = '{k}'\n{} = '{l}'\n[likelihood]\n\
         family = 'gaussian'\nlocation = 'mu + f'\nscale = 'sigma'\n[inference]\n\
         method = '{method}'\n{settings}\n",
        quoted(y),
        quoted(a),
        quoted(b),
        quoted(a),
        quoted(b),
    );
    std::fs::write(here.join("m.toml"), model).unwrap();
}

#[test]
fn data_of_any_shape_and_name_are_fitted_drawn_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut wrong = Vec::new();
    for case in cases() {
        // Pixels are made of SVG by a parser, which refuses what is not well formed.
        let is_markup = case.what.contains("markup");
        let pictures = if is_markup { ".png" } else { ".svg" };
        for method in ["map", "laplace"] {
            // What the search for a joint mode makes of such units is not the question here.
            if method != "map" && case.what.ends_with("numbers") {
                continue;
            }
            write(here, &case, method);
            let mut lines = vec![
                "fit @m.toml -o @f.nc --quiet",
                "predict @f.nc -o @p.nc --draws 2 --quiet",
                "predict @f.nc -o @p.csv --quiet",
                "plot @f.nc -o @series.svg --kind series --quiet",
                "plot @f.nc -o @heat.svg --kind heat --variable data,mean --quiet",
                "plot @p.nc -o @p.svg --quiet",
                "plot @f.nc -o @density.svg --kind density --quiet",
                "plot @f.nc -o @pit.svg --kind pit --quiet",
                "plot @f.nc -o @qq.svg --kind qq --quiet",
                "plot @f.nc -o @prior.svg --kind prior --quiet",
                "report @f.nc -o @r.html --prediction @p.nc --quiet",
            ];
            if method != "map" {
                lines.extend([
                    "plot @f.nc -o @trace.svg --kind trace --quiet",
                    "plot @f.nc -o @pair.svg --kind pair --quiet",
                    "residuals @f.nc -o @residuals.nc --quiet",
                ]);
            }
            let lines = lines.into_iter().map(|line| line.replace(".svg", pictures));
            let failed = lines.filter_map(|line| gridgp(here, &line).err());
            wrong.extend(failed.map(|e| format!("{} by {method}: {e}", case.what)));
            let page = std::fs::read_to_string(here.join("r.html")).unwrap_or_default();
            let markup = ["<script>alert", "<b>A"].iter().find(|m| page.contains(**m));
            wrong.extend(markup.map(|m| format!("{}: the page contains {m}", case.what)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
