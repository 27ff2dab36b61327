//! The cases of `../shared/cases` that the program is given as they are, and that every case of that
//! folder has a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;

/// What is right.
#[derive(Clone, Copy)]
enum Right {
    Works,
    /// A message with these words.
    Refused(&'static str),
    /// A message, or a result.
    Ends,
}

use Right::{Ends, Refused, Works};

/// A folder of cases, copied to where files can be written; nothing where there is none.
fn cases(name: &str) -> Option<tempfile::TempDir> {
    let cases = root().join("../shared/cases").join(name);
    if !cases.exists() {
        eprintln!("skipped: {} is not there", cases.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    for file in names(&cases) {
        // Not copied, since they may be read-only.
        let content = std::fs::read(cases.join(&file)).unwrap();
        std::fs::write(folder.path().join(file), content).unwrap();
    }
    Some(folder)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let files = folder.read_dir().unwrap().map(|f| f.unwrap());
    let files = files.filter(|f| f.file_type().unwrap().is_file());
    files.map(|f| f.file_name().into_string().unwrap()).collect()
}

/// One command, which may take ten seconds; its message.
#[track_caller]
fn gives(folder: &Path, command: &str, right: Right) -> String {
    println!("gridgp {command}");
    let begun = Instant::now();
    let mut program = Command::cargo_bin("gridgp").unwrap();
    let output = program.current_dir(folder).args(command.split(' ')).output().unwrap();
    let (code, took) = (output.status.code(), begun.elapsed());
    let said = String::from_utf8(output.stderr).unwrap();
    let is_right = match right {
        Works => code == Some(0),
        Refused(words) => code == Some(1) && said.contains(words),
        Ends => matches!(code, Some(0 | 1)),
    };
    assert!(is_right, "gridgp {command} ended with {code:?}: {said}");
    assert!(took < Duration::from_secs(10), "gridgp {command} took {took:?}");
    said
}

/// Files that are damaged in ways that once took gigabytes, minutes, a panic, or gave other numbers.
#[test]
fn oracle_cases_of_fuzz_end_in_words_or_a_result() {
    let Some(folder) = cases("fuzz") else { return };
    let here = folder.path();
    let mut all = BTreeSet::new();
    for model in ["m.toml", "nuts.toml"] {
        gives(here, &format!("check {model} --data d.csv"), Works);
    }
    gives(here, "fit m.toml --data d.csv -q -o fit.nc", Works);
    all.extend(["m.toml", "nuts.toml", "d.csv", "dhuge.csv"]);
    for model in [
        "panic_2cd283d1d1.toml",
        "panic_b166a8aed5.toml",
        "panic_f7b0c9959f.toml",
        "hang_77c728b679.toml",
        "hang_814b75d766.toml",
        "hang_d14e730a01.toml",
    ] {
        for data in ["d.csv", "dhuge.csv"] {
            gives(here, &format!("fit {model} --data {data} -q -o fit.nc"), Ends);
        }
        all.insert(model);
    }
    for (file, command, right) in [
        ("hang_3.nc", "check m.toml --data hang_3.nc", Works),
        ("hang_4.nc", "check m.toml --data hang_4.nc", Works),
        ("hang_fit.nc", "summary hang_fit.nc", Refused("hang_fit.nc")),
        (
            "memory_3.nc",
            "check m.toml --data memory_3.nc",
            Refused("it was cut short, lost bytes, or its header is wrong"),
        ),
        (
            "other_numbers_fit.nc",
            "summary other_numbers_fit.nc",
            Refused("it was cut short or lost bytes"),
        ),
        (
            "other_numbers_fit.nc",
            "predict other_numbers_fit.nc -o p.nc",
            Refused("it was cut short or lost bytes"),
        ),
        (
            "abort.partial",
            "fit nuts.toml --resume -o abort",
            Refused("abort.partial: has format 1"),
        ),
        (
            "other_draws.partial",
            "fit nuts.toml --resume -o other_draws",
            Refused("other_draws.partial: has format 1"),
        ),
    ] {
        gives(here, command, right);
        all.insert(file);
    }
    let there = names(&root().join("../shared/cases/fuzz"));
    assert_eq!(there, all.into_iter().map(str::to_owned).collect());
}

/// Families with a parameter `mean`, beside the quantity `mean` of a prediction.
#[test]
fn oracle_cases_of_predict_mean_are_predicted() {
    let Some(folder) = cases("predict_mean") else { return };
    let here = folder.path();
    let mut data = BTreeSet::new();
    let is_model = |name: &String| name.ends_with(".toml");
    let (models, tables): (Vec<_>, Vec<_>) = names(here).into_iter().partition(is_model);
    for model in models {
        gives(here, &format!("fit {model} -q -o fit.nc"), Works);
        gives(here, "predict fit.nc -q -o p.nc", Works);
        gives(here, "predict fit.nc -q -o p.csv", Works);
        let text = std::fs::read_to_string(here.join(&model)).unwrap();
        let table = tables.iter().find(|t| text.contains(*t)).expect("its data are there");
        data.insert(table.clone());
        let column = |file: &str, name: &str| -> Vec<f64> {
            let text = std::fs::read_to_string(here.join(file)).unwrap();
            let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
            let header = lines.next().unwrap();
            let at: Vec<usize> = (0..header.len()).filter(|&i| header[i] == name).collect();
            assert_eq!(at.len(), 1, "{model}: {name} among {header:?}");
            // Missing ones are empty.
            lines.filter_map(|l| l[at[0]].parse().ok()).collect()
        };
        let average = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let (mean, y) = (column("p.csv", "mean"), column(table, "y"));
        assert!(mean.len() >= y.len() && mean.iter().all(|m| m.is_finite()), "{model}: {mean:?}");
        let (mean, y) = (average(mean), average(y));
        assert!((mean / y - 1.0).abs() < 0.25, "{model}: {mean} where the data have {y}");
    }
    assert_eq!(data.into_iter().collect::<Vec<_>>(), tables);
}

/// By its name, in the tests of the program or of the Python package.
#[test]
fn oracle_cases_all_have_a_test() {
    let cases = root().join("../shared/cases");
    if !cases.exists() {
        return eprintln!("skipped: {} is not there", cases.display());
    }
    let mut sources = vec![];
    for folder in ["gridgp-cli/tests", "gridgp-cli/tests/bad_input", "gridgp-py/tests"] {
        let folder = root().join("crates").join(folder);
        for file in names(&folder) {
            sources.push((std::fs::read_to_string(folder.join(&file)).unwrap(), file));
        }
    }
    for folder in cases.read_dir().unwrap().map(|f| f.unwrap().path()).filter(|f| f.is_dir()) {
        let kind = folder.file_name().unwrap().to_str().unwrap();
        for case in names(&folder) {
            // Scripts are functions of `test_cases.py`; the loop above takes all of `predict_mean`.
            let sign = match (kind, case.strip_suffix(".py")) {
                ("predict_mean", _) => "cases(\"predict_mean\")".to_owned(),
                (_, Some("_case")) => "_case.py".to_owned(),
                (_, Some(script)) => format!("def test_{script}("),
                _ => format!("{case}\""),
            };
            let found = sources.iter().find(|(text, _)| text.contains(&sign));
            let (_, found) = found.unwrap_or_else(|| panic!("no test has {sign} of {kind}/{case}"));
            println!("{kind}/{case}: {found}");
        }
    }
}
