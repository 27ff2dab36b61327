//! What a person does wrong: each case has its message and its exit code, and leaves no file.

#[path = "bad_input/limits.rs"]
mod limits;

use std::path::Path;

use assert_cmd::Command;

const TABLE: &str = "x,t,y\n0,0,1\n0,1,2\n0,2,2.5\n1,0,3\n1,1,4.5\n1,2,5\n";
const MODEL: &str = "[data]\nfile = \"data.csv\"\nresponse = \"y\"\naxes = [\"x\", \"t\"]\n\n\
                     [fields.f]\nt = \"matern32(lengthscale ~ half_normal(2))\"\n\n[likelihood]\n\
                     family = \"gaussian\"\nlocation = \"f\"\n";

/// A folder with a table and a model file.
fn folder(table: &str, model: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), table).unwrap();
    std::fs::write(folder.path().join("model.toml"), model).unwrap();
    folder
}

fn gridgp(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// `gridgp fit` fails with these words and writes nothing.
fn fit_fails(table: &str, model: &str, words: &[&str]) {
    let folder = folder(table, model);
    let (code, stderr) = gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "something was left behind: {left:?}");
}

#[test]
fn the_good_case_works() {
    let folder = folder(TABLE, MODEL);
    let (code, stderr) = gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn missing_files() {
    fit_fails(TABLE, &MODEL.replace("data.csv", "absent.csv"), &["absent.csv", "No such file"]);
    let folder = folder(TABLE, MODEL);
    let (code, stderr) = gridgp(folder.path(), &["fit", "absent.toml", "-o", "fit.nc"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("absent.toml"), "{stderr}");
}

#[test]
fn wrong_names() {
    fit_fails(TABLE, &MODEL.replace("\"y\"", "\"yy\""), &["\"yy\"", "data.csv"]);
    fit_fails(TABLE, &MODEL.replace("matern32", "matern33"), &["model.toml:7:6", "matern32"]);
    fit_fails(
        TABLE,
        &MODEL.replace("response", "respones"),
        &["model.toml:3:1", "did you mean \"response\"?"],
    );
    fit_fails(
        TABLE,
        &MODEL.replace("half_normal(2)", "half_normal(scale = 2)"),
        &["model.toml:7:29", "sd"],
    );
    fit_fails(
        TABLE,
        &MODEL.replace("half_normal(2)", "half_normal(-2)"),
        &["model.toml:7:29", "-2"],
    );
}

#[test]
fn tables_that_are_no_grids() {
    fit_fails(&format!("{TABLE}1,2,6\n"), MODEL, &["lines 7 and 8", "x = 1, t = 2"]);
    fit_fails("x,t,y\n0,0,1\n1,1,2\n2,2,3\n3,3,4\n4,4,4\n5,5,5\n", MODEL, &["6", "36"]);
    fit_fails(&TABLE.replace("4.5", "4.5a"), MODEL, &["data.csv", "line 6", "\"y\"", "4.5a"]);
    let all_missing = "x,t,y\n0,0,\n0,1,NA\n1,0,nan\n1,1,\n";
    fit_fails(all_missing, MODEL, &["missing"]);
    let constant = "x,t,y\n0,0,7\n0,1,7\n1,0,7\n1,1,7\n";
    fit_fails(constant, MODEL, &["7 in every cell"]);
    fit_fails(&TABLE.replace("1,2,5", "1,inf,5"), MODEL, &["line 7", "\"t\""]);
    fit_fails("", MODEL, &["empty"]);
}

#[test]
fn an_axis_with_one_point_is_fine() {
    let folder = folder("x,t,y\n0,0,1\n0,1,2\n0,2,2.5\n0,3,1\n", MODEL);
    let (code, stderr) = gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn a_grid_that_does_not_fit_into_memory_is_refused_before_it_is_allocated() {
    // 600,000 points along one axis need a dense matrix of 2.6 TiB.
    let table: String = std::iter::once("x,t,y\n".to_owned())
        .chain((0..600_000).map(|i| format!("0,{i},{}\n", i % 7)))
        .collect();
    fit_fails(&table, MODEL, &["memory", "600000 points along \"t\"", "GiB"]);
}

#[test]
fn places_that_cannot_be_written() {
    let folder = folder(TABLE, MODEL);
    for (output, words) in [("absent/fit.nc", "absent"), (".", "is a folder")] {
        let (code, stderr) = gridgp(folder.path(), &["fit", "model.toml", "-o", output]);
        assert_eq!(code, Some(1));
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn damaged_fit_files() {
    let folder = folder(TABLE, MODEL);
    gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc"]);
    let whole = std::fs::read(folder.path().join("fit.nc")).unwrap();
    std::fs::write(folder.path().join("cut.nc"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("text.nc"), "not a fit").unwrap();
    for file in ["cut.nc", "text.nc", "data.csv", "absent.nc"] {
        for arguments in [vec!["summary", file], vec!["predict", file, "-o", "out.nc"]] {
            let (code, stderr) = gridgp(folder.path(), &arguments);
            assert_eq!(code, Some(1), "{file}: {stderr}");
            assert!(stderr.contains(file) && !stderr.contains("panicked"), "{stderr}");
        }
    }
    assert!(!folder.path().join("out.nc").exists());
}

#[test]
fn places_of_prediction_that_mean_nothing() {
    let folder = folder(TABLE, MODEL);
    gridgp(folder.path(), &["fit", "model.toml", "-o", "fit.nc"]);
    std::fs::write(folder.path().join("points.csv"), "x,tt\n0,1\n").unwrap();
    for (at, words) in [
        ("z=0:1:3", "no axis \"z\""),
        ("t=0:1", "start:stop:count"),
        ("t=a", "not a number"),
        ("points.csv", "\"t\""),
        ("absent.csv", "absent.csv"),
    ] {
        let (code, stderr) =
            gridgp(folder.path(), &["predict", "fit.nc", "--at", at, "-o", "out.nc"]);
        assert_eq!(code, Some(1), "{at}: {stderr}");
        assert!(stderr.contains(words), "{at}: {stderr}");
    }
    let (code, stderr) =
        gridgp(folder.path(), &["predict", "fit.nc", "--quantiles", "1.5", "-o", "out.nc"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("1.5"), "{stderr}");
}
