//! What a prediction is made of, whatever is asked of it.

use std::path::Path;

use assert_cmd::Command;

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(folder).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn gridgp(folder: &Path, arguments: &[&str]) {
    let (ok, message) = run(folder, arguments);
    assert!(ok, "gridgp {arguments:?}: {message}");
}

/// 16 cells with a wave, written by `y(cell)`.
fn write(folder: &Path, likelihood: &str, method: &str, y: impl Fn(f64) -> f64) {
    let rows = (0..16).map(|i| format!("{i},{}\n", y(f64::from(i))));
    std::fs::write(folder.join("d.csv"), format!("t,y\n{}", rows.collect::<String>())).unwrap();
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t']\n[parameters]\nmu = 'normal(0, 1)'\n\
         [fields.f]\namplitude = 0.5\nt = 'matern32(lengthscale = 3)'\n[likelihood]\n{likelihood}\n\
         [inference]\n{method}\n"
    );
    std::fs::write(folder.join("m.toml"), model).unwrap();
}

/// A column of a table of predictions; an empty field is NaN.
fn column(folder: &Path, file: &str, name: &str) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = text.lines();
    let k = lines.next().unwrap().split(',').position(|n| n == name)?;
    let number = |text: &str| if text.is_empty() { f64::NAN } else { text.parse().unwrap() };
    Some(lines.map(|l| number(l.split(',').nth(k).unwrap())).collect())
}

#[test]
fn a_parameter_called_mean_is_the_mean() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let wave = |t: f64| (0.5 * t).sin();
    for (family, mean, other) in [
        ("gamma", "exp(mu + f)", "shape = 2.5"),
        ("beta", "logistic(mu + f)", "concentration = 5"),
        ("negative_binomial", "exp(mu + f)", "concentration = 3"),
    ] {
        let likelihood = format!("family = '{family}'\nmean = '{mean}'\n{other}");
        write(here, &likelihood, "method = 'laplace'\ndraws = 200", |t| match family {
            "gamma" => 1.5 + wave(t),
            "beta" => 0.5 + 0.3 * wave(t),
            _ => (3.0 + 2.0 * wave(t)).round(),
        });
        gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
        gridgp(here, &["predict", "f.nc", "-o", "p.csv", "--quiet"]);
        let mean = column(here, "p.csv", "mean").unwrap();
        assert!(mean.iter().all(|m| *m > 0.0) && column(here, "p.csv", "sd").is_some(), "{family}");
        gridgp(here, &["predict", "f.nc", "--only", "mean", "-o", "only.csv", "--quiet"]);
        assert_eq!(column(here, "only.csv", "mean").unwrap(), mean);
        gridgp(here, &["plot", "f.nc", "--kind", "series", "-o", "p.svg", "--quiet"]);
        gridgp(here, &["report", "f.nc", "-o", "r.html", "--quiet"]);
    }
}

#[test]
fn moments_and_quantiles_do_not_hang_on_the_draws_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let likelihood = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.3";
    write(here, likelihood, "method = 'laplace'\ndraws = 300", f64::sin);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    for (file, draws) in [("none.csv", "0"), ("two.csv", "2"), ("all.csv", "1000")] {
        gridgp(here, &["predict", "f.nc", "--draws", draws, "-o", file, "--quiet"]);
    }
    for name in ["mean", "sd", "sd_observation", "quantiles_quantile_0.05"] {
        let all = column(here, "none.csv", name).unwrap();
        assert_eq!(column(here, "two.csv", name).unwrap(), all, "{name}");
        assert_eq!(column(here, "all.csv", name).unwrap(), all, "{name}");
    }
    assert!(column(here, "two.csv", "draws_draw_1").is_some());
    assert!(column(here, "two.csv", "draws_draw_2").is_none());
    assert!(column(here, "all.csv", "draws_draw_299").is_some());
}

#[test]
fn only_acts_on_a_mode_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let likelihood = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.3";
    write(here, likelihood, "method = 'map'", f64::sin);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    gridgp(here, &["predict", "f.nc", "--only", "mean", "-o", "p.csv", "--quiet"]);
    let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
    assert_eq!(text.lines().next(), Some("t,mean,sd"));
    gridgp(here, &["predict", "f.nc", "--only", "observation", "-o", "p.csv", "--quiet"]);
    assert!(column(here, "p.csv", "quantiles_quantile_0.5").is_some());
    assert!(column(here, "p.csv", "mean").is_none());
    let (ok, message) = run(here, &["predict", "f.nc", "--only", "nonsense", "-o", "q.csv"]);
    assert!(!ok && message.contains("nonsense") && message.contains("observation"), "{message}");
    assert!(!here.join("q.csv").exists());
}

#[test]
fn a_station_is_known_by_its_label_at_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let model = |sites: [&str; 3], name: &str, more: &str| {
        let rows = (0..12).map(|i| format!("{},{},{}\n", sites[i % 3], i / 3, (i * 7 % 5) as f64));
        let table = format!("site,t,y\n{}", rows.collect::<String>());
        std::fs::write(here.join(format!("{name}.csv")), table).unwrap();
        let text = format!(
            "[data]\nfile = '{name}.csv'\nresponse = 'y'\naxes = ['site', 't']\n{more}\n[fields.f]\n\
             amplitude = 1\nsite = 'white()'\nt = 'matern32(lengthscale = 2)'\n[likelihood]\n\
             family = 'gaussian'\nlocation = 'f'\nscale = 0.1\n"
        );
        std::fs::write(here.join(format!("{name}.toml")), text).unwrap();
    };
    model(["00123", "123", "7"], "a", "");
    model(["7", "00123", "124"], "b", "");
    for name in ["a", "b"] {
        let (toml, fit) = (format!("{name}.toml"), format!("{name}.nc"));
        gridgp(here, &["fit", &toml, "-o", &fit, "--quiet"]);
    }
    gridgp(here, &["predict", "a.nc", "-o", "a.csv", "--quiet"]);
    gridgp(here, &["predict", "b.nc", "-o", "b_grid.nc", "--quiet"]);
    let (ok, message) = run(here, &["predict", "a.nc", "--at", "b_grid.nc", "-o", "p.csv"]);
    assert!(!ok && message.contains("no \"124\"; did you mean"), "{message}");
    std::fs::write(here.join("points.csv"), "t,site\n0,7\n0,00123\n").unwrap();
    gridgp(here, &["predict", "a.nc", "--at", "points.csv", "-o", "p.csv", "--quiet"]);
    let (own, at) =
        (column(here, "a.csv", "mean").unwrap(), column(here, "p.csv", "mean").unwrap());
    assert!((at[0] - own[8]).abs() < 1e-12 && (at[1] - own[0]).abs() < 1e-12, "{at:?} {own:?}");
    std::fs::write(here.join("points.csv"), "t,site\n0,0123\n").unwrap();
    let (ok, message) = run(here, &["predict", "a.nc", "--at", "points.csv", "-o", "p.csv"]);
    assert!(!ok && message.contains("no \"0123\""), "{message}");
    let (ok, message) = run(here, &["predict", "a.nc", "--at", "site=124", "-o", "p.csv"]);
    assert!(!ok && message.contains("made of labels"), "{message}");
    model(["00123", "123", "7"], "a", "sel.site = '124'");
    let (ok, message) = run(here, &["check", "a.toml"]);
    assert!(!ok && message.contains("there is no value \"124\""), "{message}");
}

/// A model of one field and its data, in files.
fn write_model(folder: &Path, table: &str, data: &str, field: &str, likelihood: &str) {
    std::fs::write(folder.join("d.csv"), table).unwrap();
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t']\n{data}\n[parameters]\n\
         mu = 'normal(0, 1)'\n[fields.f]\namplitude = 0.5\nt = '{field}'\n[likelihood]\n\
         {likelihood}\n"
    );
    std::fs::write(folder.join("m.toml"), model).unwrap();
}

#[test]
fn white_noise_knows_the_points_of_the_data_by_their_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Tenths in single precision, as xarray writes them into a table.
    let rows = (0..16).map(|i| format!("{},{}\n", f64::from(i as f32 / 10.0), i % 5));
    let table = format!("t,y\n{}", rows.collect::<String>());
    let field = "matern32(lengthscale = 1) + white()";
    write_model(folder, &table, "", field, "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.1");
    gridgp(folder, &["fit", "m.toml", "-q", "-o", "f.nc"]);
    gridgp(folder, &["predict", "f.nc", "-o", "own.csv"]);
    gridgp(folder, &["predict", "f.nc", "--at", "t=0:1.5:16", "-o", "at.csv"]);
    assert_eq!(column(folder, "own.csv", "mean"), column(folder, "at.csv", "mean"));
    assert_eq!(column(folder, "own.csv", "t"), column(folder, "at.csv", "t"));
}

#[test]
fn cells_without_trials_or_exposure_say_nothing() {
    let means = |empty: &str, likelihood: &str| {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let row =
            |i: i32| if i == 5 { format!("5,{empty}\n") } else { format!("{i},{},4\n", i % 4) };
        let table = format!("t,y,n\n{}", (0..16).map(row).collect::<String>());
        let likelihood = format!("{likelihood}\n[inference]\nmethod = 'laplace'");
        write_model(folder, &table, "covariates.n = {}", "matern32(lengthscale = 3)", &likelihood);
        let (ok, message) = run(folder, &["fit", "m.toml", "-q", "-o", "f.nc"]);
        if !ok {
            return Err(message);
        }
        gridgp(folder, &["predict", "f.nc", "-o", "p.csv"]);
        let text = std::fs::read_to_string(folder.join("p.csv")).unwrap();
        Ok(text.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let binomial = "family = 'binomial'\nprobability = 'logistic(mu + f)'\ntrials = 'n'";
    let poisson = "family = 'poisson'\nrate = 'n * exp(mu + f)'";
    for likelihood in [binomial, poisson] {
        let first = means("0,0", likelihood).unwrap();
        assert_eq!(first, means(",", likelihood).unwrap());
        assert_eq!(first, means(",0", likelihood).unwrap());
        let fields: Vec<&str> = first[6].split(',').collect();
        let header: Vec<&str> = first[0].split(',').collect();
        let at = |name: &str| fields[header.iter().position(|h| *h == name).unwrap()];
        assert_eq!((at("t"), at("mean"), at("sd_observation")), ("5", "", ""));
        assert!(at("f").parse::<f64>().is_ok(), "a field goes through");
        let message = means("2,0", likelihood).unwrap_err();
        assert!(message.contains("t = 5"), "{message}");
    }
}

/// A law without a mean: the file says infinite, and the program why.
#[test]
fn an_infinite_mean_is_said_to_be_infinite() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let gev =
        |shape: f64| format!("family = 'gev'\nlocation = 'mu + f'\nscale = 1\nshape = {shape}");
    for (shape, word, mean, spread) in [
        (0.1, None, "finite", "finite"),
        (
            0.7,
            Some("standard deviation of a new observation is infinite in 16 of 16"),
            "finite",
            "inf",
        ),
        (1.2, Some("mean of the expected response is infinite in 16 of 16"), "inf", "missing"),
    ] {
        write(here, &gev(shape), "method = 'laplace'\ndraws = 200", |t| 1.0 + (0.5 * t).sin());
        gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
        let (ok, message) = run(here, &["predict", "f.nc", "-o", "p.csv", "--quiet"]);
        assert!(ok, "{message}");
        match word {
            Some(word) => assert!(message.contains(word), "{message}"),
            None => assert_eq!(message, ""),
        }
        let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
        let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let cells: Vec<Vec<&str>> = lines.collect();
        let kind = |name: &str| {
            let k = header.iter().position(|h| *h == name).unwrap();
            match cells[3][k] {
                "" => "missing",
                "inf" => "inf",
                number => number.parse::<f64>().map_or("?", |_| "finite"),
            }
        };
        assert_eq!((kind("mean"), kind("sd_observation")), (mean, spread), "shape {shape}");
        assert_eq!(kind("quantiles_quantile_0.95"), "finite");
    }
}

/// Leave-one-out is one thing, whoever asks.
#[test]
fn residuals_and_summary_have_one_elpd() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let likelihood = "family = 'student_t'\nlocation = 'mu + f'\nscale = 0.3\ndf = 4";
    let method = "method = 'nuts'\nchains = 2\ntune = 200\ndraws = 150";
    write(here, likelihood, method, |t| (0.5 * t).sin());
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    let json = |arguments: &[&str]| -> serde_json::Value {
        let mut command = Command::cargo_bin("gridgp").unwrap();
        let output = command.current_dir(here).args(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let elpd = json(&["summary", "f.nc", "--json"])["loo"]["elpd"].as_f64().unwrap();
    let score = json(&["residuals", "f.nc", "--json"])["all"]["log_score"].as_f64().unwrap();
    assert!((elpd - score).abs() < 1e-9, "{elpd} and {score}");
}

#[test]
fn sums_of_fields_have_a_name_at_a_mode_and_from_draws() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = |method: &str| {
        format!(
            "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t']\n[fields.slow]\namplitude = 1\n\
             t = 'matern52(lengthscale = 8)'\n[fields.fast]\namplitude = 0.5\n\
             t = 'matern32(lengthscale = 1)'\n[likelihood]\nfamily = 'gaussian'\n\
             location = 'slow + fast'\nscale = 0.3\n[inference]\nmethod = '{method}'\n"
        )
    };
    let rows = (0..16).map(|i| format!("{i},{}\n", f64::from(i).sin()));
    std::fs::write(here.join("d.csv"), format!("t,y\n{}", rows.collect::<String>())).unwrap();
    for (method, tolerance) in [("map", 1e-9), ("laplace", 1e-9)] {
        std::fs::write(here.join("m.toml"), text(method)).unwrap();
        gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
        let only = "slow, fast,slow + 2*fast";
        let predict = ["predict", "f.nc", "--only", only, "--draws", "2", "-o"];
        gridgp(here, &[&predict[..], &["p.csv", "--quiet"]].concat());
        gridgp(here, &[&predict[..], &["p.nc", "--quiet"]].concat());
        let of = |name: &str| column(here, "p.csv", name).unwrap_or_else(|| panic!("no {name}"));
        let (slow, fast, sum) = (of("slow"), of("fast"), of("slow+2*fast"));
        for i in 0..16 {
            let want = slow[i] + 2.0 * fast[i];
            assert!((sum[i] - want).abs() < tolerance, "{method} {i}: {} for {want}", sum[i]);
        }
        assert!(of("slow+2*fast_sd").iter().all(|sd| *sd > 0.0 && *sd < 1.0));
        assert_eq!(of("slow+2*fast_draws_draw_1").len(), 16);
        assert!(column(here, "p.csv", "mean").is_none());
        gridgp(here, &["plot", "p.nc", "--variable", "slow", "-o", "p.svg", "--quiet"]);
        let picture = std::fs::read_to_string(here.join("p.svg")).unwrap();
        assert!(picture.contains("slow 90 %"), "a field comes with its band");
        let (ok, said) = run(here, &["predict", "f.nc", "--only", "slow * fast", "-o", "q.csv"]);
        assert!(!ok && said.contains("multiplies two fields"), "{said}");
    }
}

/// Ctrl-C while a table is written: neither the table nor a part of it is there.
#[cfg(unix)]
#[test]
fn an_interrupted_write_leaves_nothing() {
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let table: String = (0..16).map(|t| format!("{t},{}\n", t % 5)).collect();
    let gaussian = "family = 'gaussian'\nlocation = 'mu + f'\nscale = 0.1";
    write_model(here, &format!("t,y\n{table}"), "", "matern32(lengthscale = 3)", gaussian);
    gridgp(here, &["fit", "m.toml", "-q", "-o", "f.nc"]);
    let contents = || {
        let files = here.read_dir().unwrap().map(|f| f.unwrap());
        let mut files: Vec<_> =
            files.map(|f| (f.file_name(), f.metadata().unwrap().len())).collect();
        files.sort();
        files
    };
    let before = contents();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gridgp"))
        .args(["predict", "f.nc", "--at", "t=0:15:200000", "-o", "p.csv"])
        .current_dir(here)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_written = |(name, size): &(std::ffi::OsString, u64)| {
        name.to_str().unwrap().ends_with(".part") && *size > 0
    };
    while !contents().iter().any(is_written) {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it could be stopped");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(contents(), before);
}

/// Two places of six at sea, one of whose cells is missing as well.
fn write_coast(folder: &Path) {
    let mut rows = String::from("t,x,y\n");
    for t in 0..4 {
        for x in 0..6 {
            let land = x >= 4;
            let y = if land || (t, x) == (2, 1) {
                String::new()
            } else {
                format!("{}", f64::from(x - t) + f64::from(5 * t + 3 * x).sin())
            };
            rows += &format!("{t},{x},{y}\n");
        }
    }
    std::fs::write(folder.join("d.csv"), rows).unwrap();
    let model = "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['t', 'x']\n[fields.f]\n\
                 amplitude = 2\nt = 'matern32(lengthscale = 3)'\nx = 'matern32(lengthscale = 3)'\n\
                 [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\nscale = 'noise'\n\
                 [parameters]\nnoise = 'half_normal(1)'\n[inference]\nmethod = 'map'\n";
    std::fs::write(folder.join("m.toml"), model).unwrap();
}

#[test]
fn a_mask_says_nothing_there_and_changes_nothing_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_coast(here);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    let predict = |more: &[&str]| -> (Vec<f64>, Vec<f64>) {
        let first = ["predict", "f.nc", "-o", "p.csv", "--quiet"];
        gridgp(here, &[&first[..], more].concat());
        let mean = column(here, "p.csv", "mean").unwrap();
        (mean, column(here, "p.csv", "x").unwrap())
    };
    let (whole, x) = predict(&[]);
    assert!(whole.iter().all(|m| m.is_finite()));
    let expect = |found: &[f64], masked: &dyn Fn(usize) -> bool| {
        for (i, (found, whole)) in found.iter().zip(&whole).enumerate() {
            assert_eq!(found.is_nan(), masked(i), "cell {i}");
            assert!(found.is_nan() || found == whole);
        }
    };
    expect(&predict(&["--mask", "data:t"]).0, &|i| x[i] >= 4.0);
    expect(&predict(&["--mask", "data"]).0, &|i| x[i] >= 4.0 || i == 13);
    // From a file: the standard deviations of a prediction, of which one variable is NaN on land.
    gridgp(here, &["predict", "f.nc", "--mask", "data:t", "-o", "sea.nc", "--quiet"]);
    expect(&predict(&["--mask", "sea.nc:mean"]).0, &|i| x[i] >= 4.0);
    // New points have the mask of their nearest.
    let (new, x) = predict(&["--mask", "data:t", "--at", "x=3:5:9"]);
    assert!(new.iter().zip(&x).all(|(m, x)| m.is_nan() == (*x > 3.5)), "{new:?}");
    std::fs::write(here.join("points.csv"), "t,x\n1,3.4\n1,3.6\n9,-5\n").unwrap();
    let (new, _) = predict(&["--mask", "data:t", "--at", "points.csv"]);
    assert_eq!(new.iter().map(|m| m.is_nan()).collect::<Vec<_>>(), [false, true, false]);
    for (mask, words) in [
        ("land", "write data, data:AXIS, or FILE.nc:VARIABLE"),
        ("data:time", "\"time\", which is no axis of the data; they have t, x"),
        ("data:t,x", "needs an axis along which it differs"),
        ("sea.nc:sst", "no variable \"sst\""),
        ("no.nc:sst", "no.nc"),
    ] {
        let arguments = ["predict", "f.nc", "-o", "q.csv", "--mask", mask];
        let (ok, message) = run(here, &arguments);
        assert!(!ok && message.contains(words), "{mask}: {message}");
        assert!(!here.join("q.csv").exists());
    }
}

#[test]
fn means_of_an_axis_are_those_of_joint_draws() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_coast(here);
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    let first = ["aggregate", "f.nc", "--over", "x", "--mask", "data:t", "-o", "a.csv", "--quiet"];
    gridgp(here, &first);
    let (mean, sd) = (column(here, "a.csv", "mean").unwrap(), column(here, "a.csv", "sd").unwrap());
    gridgp(here, &["predict", "f.nc", "--draws", "1000", "-o", "p.csv", "--quiet"]);
    let cells = column(here, "p.csv", "mean").unwrap();
    let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.rsplitn(1001, ',').take(1000).map(|v| v.parse().unwrap()).collect())
        .collect();
    assert_eq!(mean.len(), 4);
    for t in 0..4 {
        let over = |v: &[f64]| v[6 * t..6 * t + 4].iter().sum::<f64>() / 4.0;
        assert!((mean[t] - over(&cells)).abs() < 1e-12);
        let draw = |i: usize| over(&rows.iter().map(|row| row[i]).collect::<Vec<_>>());
        let spread = (0..1000).map(|i| (draw(i) - mean[t]).powi(2)).sum::<f64>() / 1000.0;
        assert!((spread.sqrt() / sd[t] - 1.0).abs() < 0.12, "{} {}", spread.sqrt(), sd[t]);
    }
    let low = column(here, "a.csv", "quantiles_quantile_0.05").unwrap();
    assert!((low[1] - (mean[1] - 1.6448536269514722 * sd[1])).abs() < 1e-9);
    // A sum over all is one number.
    gridgp(here, &["aggregate", "f.nc", "--over", "t,x", "--sum", "-o", "all.csv", "--quiet"]);
    let all = column(here, "all.csv", "mean").unwrap();
    assert!((all[0] - cells.iter().sum::<f64>()).abs() < 1e-9 && all.len() == 1);
    // Two points of another season, and nothing but land.
    gridgp(
        here,
        &["aggregate", "f.nc", "--over", "t", "--at", "t=1:2:2", "-o", "b.csv", "--quiet"],
    );
    let two = column(here, "b.csv", "mean").unwrap();
    assert!((0..6).all(|x| (two[x] - 0.5 * (cells[6 + x] + cells[12 + x])).abs() < 1e-12));
    let land = ["aggregate", "f.nc", "--over", "t", "--mask", "data:t", "-o", "c.csv", "--quiet"];
    gridgp(here, &land);
    let land = column(here, "c.csv", "mean").unwrap();
    assert!((0..6).all(|x| land[x].is_nan() == (x >= 4)));
    for (more, words) in [
        (["--over", "y", "--sum"].as_slice(), "no axis \"y\" to sum over; there are t, x"),
        (&["--over", "x", "--weights", "area"], "areas need an axis of latitudes"),
        (&["--over", "x", "--only", "g"], "g"),
    ] {
        let (ok, message) = run(here, &[&["aggregate", "f.nc", "-o", "q.csv"], more].concat());
        assert!(!ok && message.contains(words), "{more:?}: {message}");
    }
    // The draws of a fit by draws are summed one by one.
    let model = std::fs::read_to_string(here.join("m.toml")).unwrap();
    std::fs::write(here.join("l.toml"), model.replace("'map'", "'laplace'\ndraws = 1000")).unwrap();
    gridgp(here, &["fit", "l.toml", "-o", "l.nc", "--quiet"]);
    let arguments =
        ["aggregate", "l.nc", "--over", "x", "--mask", "data:t", "-o", "l.csv", "--quiet"];
    gridgp(here, &arguments);
    let found = column(here, "l.csv", "mean").unwrap();
    assert!(found.iter().zip(&mean).zip(&sd).all(|((a, b), s)| (a - b).abs() < 0.5 * s + 0.05));
}

/// Each residual is that of a prediction by a fit, at the same parameters, to the others.
#[test]
fn residuals_of_a_mode_leave_each_observation_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_coast(here);
    let model = std::fs::read_to_string(here.join("m.toml")).unwrap();
    let fixed = model.replace("noise = 'half_normal(1)'", "noise = 0.3");
    std::fs::write(here.join("m.toml"), fixed).unwrap();
    gridgp(here, &["fit", "m.toml", "-o", "f.nc", "--quiet"]);
    gridgp(here, &["residuals", "f.nc", "-o", "r.csv", "--by", "t", "--table", "t.csv", "--quiet"]);
    let residual = column(here, "r.csv", "residual").unwrap();
    assert_eq!(residual.iter().filter(|r| r.is_finite()).count(), 15);
    assert_eq!(column(here, "t.csv", "count").unwrap(), [4.0, 4.0, 3.0, 4.0]);
    let observed = column(here, "r.csv", "observed").unwrap();
    let rows = std::fs::read_to_string(here.join("d.csv")).unwrap();
    for cell in [0, 8, 14, 21] {
        let without = rows.lines().enumerate().map(|(i, line)| match i == cell + 1 {
            true => line.rsplit_once(',').unwrap().0.to_owned() + ",\n",
            false => format!("{line}\n"),
        });
        std::fs::write(here.join("d.csv"), without.collect::<String>()).unwrap();
        gridgp(here, &["fit", "m.toml", "-o", "g.nc", "--quiet"]);
        gridgp(here, &["predict", "g.nc", "-o", "p.csv", "--quiet"]);
        let of = |name: &str| column(here, "p.csv", name).unwrap()[cell];
        let want = (observed[cell] - of("mean")) / of("sd_observation");
        assert!((residual[cell] - want).abs() < 1e-8, "{cell}: {} {want}", residual[cell]);
    }
    let score = |more: &[&str]| {
        gridgp(here, &[&["residuals", "f.nc", "-o", "r.csv", "--quiet"], more].concat());
        column(here, "r.csv", "log_score").unwrap().iter().filter(|s| s.is_finite()).sum::<f64>()
    };
    let (one, row, parts) = (score(&[]), score(&["--leave-out", "t"]), score(&["--folds", "3"]));
    // As many parts as observations are each observation.
    assert!((score(&["--folds", "15"]) - one).abs() < 1e-7);
    assert!(row.is_finite() && parts.is_finite() && row != one && parts != one && row != parts);
    let (ok, message) = run(here, &["residuals", "f.nc", "--leave-out", "s"]);
    assert!(!ok && message.contains("no axis \"s\"; the fit has t, x"), "{message}");
    let (ok, message) = run(here, &["residuals", "f.nc", "--folds", "1"]);
    assert!(!ok && message.contains("name 2 or more"), "{message}");
    let (ok, message) = run(here, &["residuals", "f.nc", "--folds", "16"]);
    assert!(!ok && message.contains("16 parts of 15 observations"), "{message}");
    let (ok, message) = run(here, &["residuals", "f.nc", "--in-sample"]);
    assert!(!ok && message.contains("leave each observation out exactly"), "{message}");
}
