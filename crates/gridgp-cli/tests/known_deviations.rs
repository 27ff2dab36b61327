//! Known standard deviations: what cannot be one is named, and what does not need one does without.

use std::path::Path;

use assert_cmd::Command;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.success(), said)
}

fn works(folder: &Path, arguments: &[&str]) -> String {
    let (ok, said) = run(folder, arguments);
    assert!(ok, "gridgp {arguments:?}: {said}");
    said
}

/// The message with which `check` and `fit` refuse alike.
fn refused(folder: &Path) -> String {
    let (checks, said) = run(folder, &["check", "m.toml"]);
    let (fits, also) = run(folder, &["fit", "m.toml", "-o", "no.nc", "--quiet"]);
    assert!(!checks && !fits && !folder.join("no.nc").exists(), "{said} {also}");
    assert_eq!(said, also);
    said
}

/// 4 days of 6 hours; the covariate `sd` has the text `code` on the second day at hour 3.
fn write(folder: &Path, scale: &str, sd: &str, code: &str, more: &str) {
    let mut table = String::from("date,hour,y,sd\n");
    for cell in 0..24 {
        let (day, hour) = (1 + cell / 6, cell % 6);
        let y = (0.7 * f64::from(cell)).sin();
        let sd = if cell == 9 { code } else { sd };
        table += &format!("2020-03-{day:02},{hour},{y},{sd}\n");
    }
    std::fs::write(folder.join("d.csv"), table).unwrap();
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['date', 'hour']\ncovariates.sd = {{}}\n{more}\n\
         [parameters]\nmu = 'normal(0, 1)'\nbe = 0.4\nsigma = 'half_normal(1)'\n\
         [fields.a]\namplitude = 0.5\ndate = 'matern32(lengthscale = 3)'\n\
         [fields.b]\namplitude = 0.5\nhour = 'matern32(lengthscale = 3)'\n\
         [likelihood]\nfamily = 'gaussian'\nlocation = 'mu + be * a + b'\nscale = '{scale}'\n"
    );
    let unused = if scale.contains("sigma") { "" } else { "sigma = 'half_normal(1)'\n" };
    std::fs::write(folder.join("m.toml"), model.replacen(unused, "", 1)).unwrap();
}

/// The same rows, numbers to twelve digits.
#[track_caller]
fn assert_alike(found: &[&str], want: &[&str]) {
    assert_eq!(found.len(), want.len());
    for (found, want) in
        found.iter().flat_map(|l| l.split(',')).zip(want.iter().flat_map(|l| l.split(',')))
    {
        match (found.parse::<f64>(), want.parse::<f64>()) {
            (Ok(a), Ok(b)) => assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} for {b}"),
            _ => assert_eq!(found, want),
        }
    }
}

const SUM: &str = "sqrt(sigma^2 + sd^2)";
const CELL: &str = "date = 18323, hour = 3";

#[test]
fn a_deviation_below_zero_is_an_error_that_names_the_cell() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for code in ["-999", "-0.1", "-1e34"] {
        write(here, SUM, "0.1", code, "");
        let said = refused(here);
        assert!(said.contains(CELL) && said.contains("cannot be negative"), "{said}");
        assert!(said.contains(&format!("missing = [{code}]")), "{said}");
    }
    write(here, SUM, "0.1", "-999", "covariates.sd.standardize = true");
    std::fs::write(
        here.join("m.toml"),
        std::fs::read_to_string(here.join("m.toml")).unwrap().replace("covariates.sd = {}\n", ""),
    )
    .unwrap();
    assert!(refused(here).contains("leave out center and standardize"));
    // A slope that is squared may belong to a covariate of either sign.
    write(here, "sqrt(sigma^2 + (mu * sd)^2)", "0.1", "-0.1", "");
    works(here, &["check", "m.toml"]);
}

#[test]
fn a_code_among_equal_deviations_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for code in ["9999", "1e20", "9.96921e36", "999"] {
        write(here, SUM, "0.1", code, "");
        let said = works(here, &["check", "m.toml"]);
        assert!(said.contains(&format!("\"sd\" is {code} in one place")), "{said}");
        // What is advised is read, and the cell is left out with its response.
        let advice = format!("missing = [{code}]");
        assert!(said.contains(&advice), "{said}");
        write(here, SUM, "0.1", code, &advice);
        let table = std::fs::read_to_string(here.join("d.csv")).unwrap();
        let line = table.lines().nth(10).unwrap();
        let gap = line.rsplitn(3, ',').nth(2).unwrap();
        let table = table.replace(line, &format!("{gap},,{code}"));
        std::fs::write(here.join("d.csv"), table).unwrap();
        assert_eq!(works(here, &["check", "m.toml"]), "", "{code}");
    }
}

#[test]
fn a_deviation_of_zero_is_named_with_its_cell() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "sd", "0.1", "0", "");
    let said = refused(here);
    assert!(
        said.contains(CELL) && said.contains("\"sd\" is 0") && !said.contains("exp("),
        "{said}"
    );
    write(here, "sqrt(sd^2)", "0.1", "0", "");
    let said = refused(here);
    assert!(said.contains(CELL) && said.contains("sqrt(…) is 0"), "{said}");
    write(here, SUM, "0.1", "0", "");
    works(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
}

#[test]
fn only_what_is_asked_for_has_to_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, SUM, "0.1", "0.2", "");
    works(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    let predict = |more: &[&str]| {
        let _ = std::fs::remove_file(here.join("p.csv"));
        let (ok, said) =
            run(here, &[&["predict", "f.nc", "-o", "p.csv", "--quiet"][..], more].concat());
        assert_eq!(ok, here.join("p.csv").exists());
        if ok { Ok(std::fs::read_to_string(here.join("p.csv")).unwrap()) } else { Err(said) }
    };
    let whole = predict(&[]).unwrap();
    // At points of the data the covariate is known.
    let part = predict(&["--at", "hour=3"]).unwrap();
    let of_hour: Vec<&str> = whole.lines().filter(|l| l.split(',').nth(1) == Some("3")).collect();
    assert_alike(&part.lines().skip(1).collect::<Vec<_>>(), &of_hour);
    let said = predict(&["--at", "hour=2.5"]).unwrap_err();
    assert!(said.contains("\"sd\" is not known at hour = 2.5"), "{said}");
    // What it does not enter is known everywhere.
    for only in ["a", "a + b", "mean", "(be + 1) * a", "location"] {
        let found = predict(&["--at", "hour=2.5", "--only", only]).unwrap();
        assert_eq!(found.lines().count(), 5, "{only}: {found}");
        std::fs::write(here.join("pts.csv"), "date,hour\n2020-03-02,2.5\n2020-03-02,3\n").unwrap();
        let found = predict(&["--at", "pts.csv", "--only", only]).unwrap();
        assert_eq!(found.lines().count(), 3, "{only}: {found}");
    }
    assert!(predict(&["--at", "pts.csv"]).unwrap_err().contains("\"sd\""));
    assert!(predict(&["--at", "pts.csv", "--only", "nothing"]).unwrap_err().contains("nothing"));
    std::fs::write(here.join("pts.csv"), "date,hour,sd\n2020-03-02,2.5,-1\n").unwrap();
    let said = predict(&["--at", "pts.csv"]).unwrap_err();
    assert!(said.contains("point 0") && said.contains("cannot be negative"), "{said}");
    // Dates in any form; the same as by their numbers.
    let number = predict(&["--at", "date=18324"]).unwrap();
    for date in ["2020-03-03", "3 Mar 2020", "2020/03/03", "March 3, 2020"] {
        assert_eq!(predict(&["--at", &format!("date={date}")]).unwrap(), number, "{date}");
    }
    let two = predict(&["--at", "date=2020-03-01:2020-03-04:2"]).unwrap();
    assert_eq!(two.lines().count(), 13);
    // A fixed parameter is a number.
    let (fixed, plain) = ("(be + 1.6) * a", "2*a");
    let numbers = |only: &str| -> Vec<String> {
        let text = predict(&["--only", only]).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    };
    let (fixed, plain) = (numbers(fixed), numbers(plain));
    let both = [&fixed, &plain].map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_alike(&both[0], &both[1]);
    let said = run(here, &["predict", "f.nc", "-o", "q.nc", "--draws", "1000000000"]).1;
    assert!(said.contains("with 1000000000 draws of 3 quantities"), "{said}");
}

#[test]
fn from_draws_only_what_is_asked_for_has_to_be_known_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, SUM, "0.1", "0.2", "");
    let model = std::fs::read_to_string(here.join("m.toml")).unwrap();
    let model = format!("{model}[inference]\nmethod = 'laplace'\ndraws = 50\n");
    std::fs::write(here.join("m.toml"), model).unwrap();
    works(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    std::fs::write(here.join("pts.csv"), "date,hour\n2020-03-02,2.5\n").unwrap();
    for at in ["hour=2.5", "pts.csv"] {
        for only in ["a", "mean", "a + b", "location"] {
            works(here, &["predict", "f.nc", "-o", "p.csv", "--at", at, "--only", only, "--quiet"]);
            let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
            assert!(!text.contains("NaN") && text.lines().count() > 1, "{at} {only}: {text}");
        }
        let (ok, said) = run(here, &["predict", "f.nc", "-o", "q.csv", "--at", at]);
        assert!(!ok && said.contains("\"sd\""), "{at}: {said}");
    }
    works(here, &["predict", "f.nc", "-o", "p.csv", "--at", "hour=3", "--quiet"]);
}

/// Where only the known deviation is missing, there is a mean and no new observation.
#[test]
fn a_mean_is_there_where_only_the_deviation_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, SUM, "0.1", "", "");
    let table = std::fs::read_to_string(here.join("d.csv")).unwrap();
    let line = table.lines().nth(10).unwrap();
    let gap = line.rsplitn(3, ',').nth(2).unwrap();
    std::fs::write(here.join("d.csv"), table.replace(line, &format!("{gap},,"))).unwrap();
    works(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    works(here, &["predict", "f.nc", "-o", "p.csv", "--quiet"]);
    let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
    let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let values: Vec<&str> = text.lines().nth(10).unwrap().split(',').collect();
    for (name, value) in names.iter().zip(values) {
        let hangs_on_it = *name == "sd_observation" || name.starts_with("quantiles");
        assert_eq!(value.is_empty() || value == "NaN", hangs_on_it, "{name} is {value:?}");
    }
}

#[test]
fn names_and_numbers_that_no_fit_can_have_are_refused_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let with = |old: &str, new: &str| {
        write(here, SUM, "0.1", "0.2", "");
        let model = std::fs::read_to_string(here.join("m.toml")).unwrap();
        let changed = model.replacen(old, new, 1);
        assert_ne!(model, changed);
        std::fs::write(here.join("m.toml"), changed).unwrap();
    };
    for (old, new, words) in [
        ("amplitude = 0.5", "amplitude = 1e200", "its square leaves the range of numbers"),
        ("amplitude = 0.5", "amplitude = 1e-200", "its square leaves the range of numbers"),
        ("amplitude = 0.5", "amplitude = 0", "remove it"),
        ("lengthscale = 3", "lengthscale = 1e200", "its square leaves the range of numbers"),
        ("be = 0.4", "be = 1e200", "its square leaves the range of numbers"),
        ("be = 0.4", "be = \u{2212}0.4", "U+2212"),
        ("normal(0, 1)", "normal(\u{2212}5, 1)", "U+2212"),
    ] {
        with(old, new);
        let said = refused(here);
        assert!(said.contains(words), "{new}: {said}");
    }
    // A column without a name.
    with("response = 'y'", "response = ''");
    let table = std::fs::read_to_string(here.join("d.csv")).unwrap();
    std::fs::write(here.join("d.csv"), table.replacen(",y,", ",,", 1)).unwrap();
    let said = refused(here);
    assert!(said.contains("has no name"), "{said}");
}
