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

/// What `init` proposes for a file with this content, or its message.
fn init(name: &str, content: &[u8], arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let mut command = Command::cargo_bin("gridgp").unwrap();
    let output =
        command.current_dir(folder.path()).args(["init", name]).args(arguments).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// A file of `../shared/cases/cli`, where that is.
fn case(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/cli").join(name);
    let content = std::fs::read(&path);
    if content.is_err() {
        eprintln!("skipped: {} is not here", path.display());
    }
    content.ok()
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

#[test]
fn oracle_case_psl_pressures_are_no_counts() {
    let Some(content) = case("psl.nc") else { return };
    let model = init("psl.nc", &content, &[]).unwrap();
    assert!(model.contains("family = \"gaussian\""), "{model}");
    assert!(model.contains("its unit is not one of counts"), "{model}");
    assert!(!model.contains("method = \"nuts\""), "{model}");
}

#[test]
fn oracle_case_curvilinear_bounds_are_no_response() {
    let Some(content) = case("curvilinear.nc") else { return };
    let model = init("curvilinear.nc", &content, &[]).unwrap();
    let response = model.lines().find(|l| l.starts_with("response")).unwrap();
    assert!(!response.contains("bnds") && !response.contains("lat"), "{model}");
    let e = init("curvilinear.nc", &content, &["--response", "nothing"]).unwrap_err();
    assert!(e.contains("no variable \"nothing\""), "{e}");
}

#[test]
fn whole_numbers_are_counts_where_nothing_speaks_against_it() {
    let of = |value: &dyn Fn(usize) -> usize| {
        let rows: String =
            (0..400).map(|i| format!("{},{},{}\n", i / 20, i % 20, value(i))).collect();
        init("data.csv", format!("a,b,y\n{rows}").as_bytes(), &[]).unwrap()
    };
    let poisson = "\nfamily = \"poisson\"";
    assert!(of(&|i| i * 7 % 13 * (i % 3)).contains(poisson), "overdispersed");
    assert!(of(&|i| 101_325 + i * 7919 % 1000).contains("large and much alike"), "pressures");
    assert!(of(&|i| 20 + i % 3).contains("vary less than counts"), "rounded temperatures");
}

#[test]
fn the_response_can_be_named_and_the_others_are_listed() {
    let rows: String =
        (0..30).map(|i| format!("{},{},{i}.5,{}.25\n", i / 6, i % 6, i * i)).collect();
    let table = format!("a,b,u,v\n{rows}");
    let model = init("data.csv", table.as_bytes(), &[]).unwrap();
    assert!(
        model.contains("response = \"v\"\n# --response takes another variable: u\n"),
        "{model}"
    );
    let model = init("data.csv", table.as_bytes(), &["--response", "u"]).unwrap();
    assert!(
        model.contains("response = \"u\"\n# --response takes another variable: v\n"),
        "{model}"
    );
    let e = init("data.csv", table.as_bytes(), &["--response", "w"]).unwrap_err();
    assert!(e.contains("no column \"w\""), "{e}");
    // Stations in columns.
    let rows: String = (1..29).map(|d| format!("2019-01-{d:02},{d}.5,1,2,3\n")).collect();
    let model = init("data.csv", format!("day,p,q,r,s\n{rows}").as_bytes(), &[]).unwrap();
    assert!(model.contains("make the table long"), "{model}");
}

/// The starter model for a column of dates, and what `check` says of it.
fn of_dates(dates: impl Iterator<Item = String>) -> Result<String, String> {
    let rows: String =
        dates.enumerate().map(|(i, d)| format!("{d};{}\n", (i * 7 % 11) as f64 / 4.0)).collect();
    let table = format!("date;t\n{rows}");
    let model = init("data.csv", table.as_bytes(), &[])?;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table).unwrap();
    std::fs::write(folder.path().join("model.toml"), &model).unwrap();
    gridgp(folder.path(), &["check", "model.toml"]);
    Ok(model)
}

#[test]
fn cases_03_and_04_dates_are_an_axis_of_time_or_refused() {
    let days = |date: fn(u32, u32) -> String| {
        of_dates((1..5).flat_map(move |m| (1..29).map(move |d| date(m, d))))
    };
    for (model, axis) in [
        (days(|m, d| format!("2019-{m:02}-{d:02}")), "axes.date = \"date\""),
        (days(|m, d| format!("{d:02}.{m:02}.2019")), "format = \"%d.%m.%Y\""),
        (days(|m, d| format!("{m}/{d}/2019")), "format = \"%m/%d/%Y\""),
        (days(|m, d| format!("2019{m:02}{d:02}")), "format = \"%Y%m%d\""),
    ] {
        let model = model.unwrap();
        assert!(model.contains("from 2019-01-01 to 2019-04-28"), "{model}");
        assert!(model.contains(axis) && model.contains("date = \"matern52()\""), "{model}");
    }
    let months = of_dates((2000..2005).flat_map(|y| (1..13).map(move |m| format!("{y}{m:02}"))));
    assert!(months.unwrap().contains("from 2000-01-01 to 2004-12-01"));
    let e = of_dates((1..13).map(|d| format!("{d:02}/01/2019"))).unwrap_err();
    assert!(e.contains("line 2, column \"date\": is \"01/01/2019\" day and month"), "{e}");
    let e = of_dates((1..29).map(|d| format!("{d:02}/01/19"))).unwrap_err();
    assert!(e.contains("line 2") && e.contains("format = \"%d.%m.%y\""), "{e}");
}

#[test]
fn case_06_a_code_for_missing_is_asked_about() {
    let table = |code: &str| {
        let value = |i: usize| if i % 24 > 17 { code.into() } else { format!("{}.5", i * 7 % 5) };
        let rows: String =
            (0..96).map(|i| format!("{},{},{}\n", i / 12, i % 12, value(i))).collect();
        format!("year,month,t\n{rows}")
    };
    let model = init("data.csv", table("-99.9").as_bytes(), &[]).unwrap();
    assert!(model.contains("# \"t\" is -99.9 in 24 places"), "{model}");
    assert!(model.contains("missing = [-99.9]"), "{model}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table("-99.9")).unwrap();
    let warning = |model: &str| {
        std::fs::write(folder.path().join("model.toml"), model).unwrap();
        let mut command = Command::cargo_bin("gridgp").unwrap();
        let output = command.current_dir(folder.path()).args(["check", "model.toml"]).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert!(warning(&model).contains("warning: \"t\" is -99.9 in 24 places"));
    let said = model.replace("response =", "missing = [-99.9]\nresponse =");
    assert_eq!(warning(&said), "");
    for code in ["#N/A", "-", "<NA>"] {
        let model = init("data.csv", table(code).as_bytes(), &[]).unwrap();
        assert!(model.contains("response = \"t\""), "{code}: {model}");
    }
}

#[test]
fn the_way_is_exact_where_that_takes_seconds() {
    // 60 x 50 places, half of them in the sea at all of 8 times: 12,000 cells are missing, and the
    // places that are left are one axis.
    let grid = |is_missing: fn(usize, usize, usize) -> bool| {
        let mut text = String::from("x,y,t,v\n");
        for cell in 0..60 * 50 * 8 {
            let (i, j, t) = (cell / 400, cell / 8 % 50, cell % 8);
            let value = (0.3 * i as f64).sin() + (0.2 * j as f64).cos() + 0.05 * t as f64;
            let value = if is_missing(i, j, t) { "".into() } else { format!("{value:.4}") };
            text += &format!("{i},{j},{t},{value}\n");
        }
        init("data.csv", text.as_bytes(), &[]).unwrap()
    };
    let coast = grid(|i, j, _| i > j);
    assert!(!coast.contains("method") && !coast.contains("basis"), "{coast}");
    // As many here and there: conjugate gradients take them.
    let clouds = grid(|i, j, t| (i * 7 + j * 13 + t * 29) % 5 < 2);
    assert!(!clouds.contains("method") && !clouds.contains("basis"), "{clouds}");
}
