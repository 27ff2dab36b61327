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
    // A Markov process along it would be filtered.
    let model = MODEL.replace("matern32", "squared_exponential");
    fit_fails(&table, &model, &["memory", "600000 points along \"t\"", "GiB"]);
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

/// The bytes of every file of a folder.
fn contents(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap())
        .map(|f| (f.file_name(), std::fs::read(f.path()).unwrap_or_default()))
        .collect();
    all.sort();
    all
}

#[test]
fn what_a_command_reads_it_does_not_replace() {
    let folder = folder(TABLE, MODEL);
    let here = folder.path();
    gridgp(here, &["fit", "model.toml", "-o", "fit.nc"]);
    std::fs::copy(here.join("fit.nc"), here.join("fit.html")).unwrap();
    std::fs::copy(here.join("fit.nc"), here.join("fit.svg")).unwrap();
    std::fs::write(here.join("points.csv"), "x,t\n0,1\n").unwrap();
    std::fs::write(here.join("more.csv"), TABLE).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("fit.nc", here.join("link.nc")).unwrap();
    let before = contents(here);
    let mut cases = vec![
        "predict fit.nc -o fit.nc",
        "predict fit.nc --at points.csv -o points.csv",
        "residuals fit.nc -o fit.nc",
        "residuals fit.nc --by x --table fit.nc",
        "return-levels fit.nc -o fit.nc",
        "return-levels fit.nc --at points.csv -o points.csv",
        "fit model.toml -o model.toml",
        "fit model.toml -o data.csv",
        "fit model.toml --data more.csv -o more.csv",
        "report fit.html -o fit.html",
        "report fit.nc --prediction fit.html -o fit.html",
        "plot fit.svg -o fit.svg",
        "plot fit.nc --minus fit.svg -o fit.svg",
        "block-maxima data.csv --response y --time t -o data.csv",
    ];
    if cfg!(unix) {
        cases.extend(["predict fit.nc -o link.nc", "predict link.nc -o fit.nc"]);
    }
    for case in cases {
        let arguments: Vec<&str> = case.split(' ').collect();
        let (code, stderr) = gridgp(here, &arguments);
        assert!(code == Some(1) && stderr.contains("would be lost"), "{case}: {stderr}");
        assert!(contents(here) == before, "{case}");
    }
    let twice = ["residuals", "fit.nc", "-o", "r.csv", "--by", "x", "--table", "./r.csv"];
    let (code, stderr) = gridgp(here, &twice);
    assert!(code == Some(1) && stderr.contains("written twice"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let folder = folder(TABLE, MODEL);
    let here = folder.path();
    gridgp(here, &["fit", "model.toml", "-o", "fit.nc"]);
    let socket = |name: &str| std::os::unix::net::UnixListener::bind(here.join(name)).unwrap();
    let _open = ["s.nc", "s.svg", "s.html"].map(socket);
    let before = contents(here);
    for case in [
        "fit model.toml -o s.nc",
        "predict fit.nc -o s.nc",
        "plot fit.nc -o s.svg",
        "report fit.nc -o s.html",
        "simulate -o s.nc",
    ] {
        let (code, stderr) = gridgp(here, &case.split(' ').collect::<Vec<_>>());
        assert!(code == Some(1) && stderr.contains("is a device or a pipe"), "{case}: {stderr}");
        assert!(contents(here) == before, "{case}");
    }
}

#[test]
fn a_fit_whose_numbers_changed_is_refused_by_every_command() {
    let folder = folder(TABLE, MODEL);
    let here = folder.path();
    gridgp(here, &["fit", "model.toml", "-o", "fit.nc"]);
    let mut bytes = std::fs::read(here.join("fit.nc")).unwrap();
    let fit = gridgp_io::read_fit(&here.join("fit.nc")).unwrap();
    let lengthscale = fit.parameter("f.t.lengthscale").unwrap()[0].to_le_bytes();
    let at = bytes.windows(8).position(|w| w == lengthscale).unwrap();
    bytes[at + 5] ^= 1;
    std::fs::write(here.join("fit.nc"), bytes).unwrap();
    for case in [
        "summary fit.nc",
        "predict fit.nc -o p.nc",
        "residuals fit.nc",
        "return-levels fit.nc -o l.nc",
        "plot fit.nc -o p.svg",
        "plot fit.nc --kind density -o p.svg",
        "report fit.nc -o p.html",
    ] {
        let mut arguments: Vec<&str> = case.split(' ').collect();
        let (code, stderr) = gridgp(here, &arguments);
        let words = "fit.nc: the group \"posterior\" does not match the checksum";
        assert!(code == Some(1) && stderr.contains(words), "{case}: {stderr}");
        arguments.push("--no-verify");
        let stderr = gridgp(here, &arguments).1;
        assert!(!stderr.contains("checksum") && stderr.contains("(--no-verify)"), "{stderr}");
    }
}

#[test]
fn names_may_have_slashes_and_angle_brackets() {
    let table = TABLE.replace("x,t,y", "a/b,<u>t,speed m/s");
    let model = MODEL
        .replace("\"y\"", "\"speed m/s\"")
        .replace("[\"x\", \"t\"]", "[\"a/b\", \"<u>t\"]")
        .replace("\nt =", "\n\"<u>t\" =");
    let folder = folder(&table, &model);
    let here = folder.path();
    for case in [
        "fit model.toml -o fit.nc --report fit.html",
        "summary fit.nc",
        "predict fit.nc -o p.nc",
        "predict fit.nc --at p.nc -o q.nc",
        "predict fit.nc -o p.csv",
        "plot fit.nc -o p.svg",
        "plot p.nc -o q.svg",
        "report fit.nc --prediction p.nc -o p.html",
    ] {
        let (code, stderr) = gridgp(here, &case.split(' ').collect::<Vec<_>>());
        assert!(code == Some(0) && stderr.is_empty(), "{case}: {stderr}");
    }
    let fit = gridgp_io::read_fit(&here.join("fit.nc")).unwrap();
    assert_eq!(fit.data.response.name, "speed m/s");
    assert_eq!(fit.data.grid.axes()[0].name(), "a/b");
    for page in ["fit.html", "p.html", "p.svg"] {
        let page = std::fs::read_to_string(here.join(page)).unwrap();
        assert!(page.contains("speed m/s") && !page.contains("<u>"));
    }
}
