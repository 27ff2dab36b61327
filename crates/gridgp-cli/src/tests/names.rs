//! Every likelihood by every method, with names of results as names of axes: checked, fitted,
//! predicted, drawn and reported. What could not be written is refused by `check`.

use std::fmt::Write;
use std::path::Path;

use gridgp_io::read_tree;
use gridgp_likelihood::Family;

use super::gridgp;

/// Names of variables and dimensions of results, and of parameters that nobody named.
const NAMES: [&str; 42] = [
    "mean",
    "sd",
    "sd_observation",
    "quantile",
    "quantiles",
    "mean_quantiles",
    "draws",
    "observation",
    "observation_draws",
    "point",
    "hill_sd",
    "hill.amplitude",
    "location",
    "scale",
    "shape",
    "rate",
    "probability",
    "concentration",
    "location_sd",
    "scale_draws",
    "period",
    "value",
    "risk",
    "scenario",
    "change",
    "level",
    "level_sd",
    "level_quantiles",
    "change_of_level",
    "exceedance",
    "observed",
    "pit",
    "residual",
    "crps",
    "log_score",
    "pareto_k",
    "count",
    "distance",
    "lp",
    "unknown",
    "data",
    "output_mean",
];

/// The equation that varies, and data along the first axis in a block of two values.
fn family(name: &str, other_axis: &str) -> (String, fn(f64) -> f64) {
    let wave = |t: f64| (1.3 * t).sin();
    let (equation, y): (&str, fn(f64) -> f64) = match name {
        "log_normal" => ("location = 'mu + hill'", |t| (1.3 * t).sin().exp()),
        "gamma" => ("mean = 'exp(mu + hill)'", |t| (1.3 * t).sin().exp()),
        "beta" => ("mean = 'logistic(mu + hill)'", |t| 0.5 + 0.3 * (1.3 * t).sin()),
        "bernoulli" => ("probability = 'logistic(mu + hill)'", |t| t.rem_euclid(2.0).floor()),
        "binomial" => {
            ("probability = 'logistic(mu + hill)'\ntrials = 4", |t| (2.0 + t.sin()).round())
        }
        "poisson" => ("rate = 'exp(mu + hill)'", |t| (3.0 + 2.0 * t.sin()).round()),
        "negative_binomial" => ("mean = 'exp(mu + hill)'", |t| (3.0 + 2.0 * t.sin()).round()),
        "generalized_pareto" => {
            ("scale = 'exp(mu + hill)'\nshape = 0.1", |t| (1.3 * t).sin().exp())
        }
        "frechet" => ("location = 'mu + hill'\nscale = 3\nshape = 0.1", wave),
        "reversed_weibull" => ("location = 'mu + hill'\nscale = 3\nshape = -0.1", wave),
        "r_largest" => ("location = 'mu + hill'\nscale = 2\nshape = 0.1", |t| -0.3 * t),
        // A shape that may be 1 has no mean.
        "gev" | "blended_gev" => ("location = 'mu + hill'\nshape = 0.1", wave),
        _ => ("location = 'mu + hill'", wave),
    };
    let upper =
        if name == "r_largest" { format!("\nupper = '{other_axis}'") } else { String::new() };
    (format!("family = '{name}'\n{equation}{upper}"), y)
}

/// Writes a model of five by two cells, and two points to predict at.
fn write(here: &Path, name: &str, [a, b]: [&str; 2], method: &str) {
    let (likelihood, y) = family(name, b);
    let mut table = format!("{a},{b},y\n");
    for i in 0..5 {
        for j in 0..2 {
            let t = f64::from(i) + 0.4 * f64::from(j);
            writeln!(table, "{i},{j},{}", y(t)).unwrap();
        }
    }
    std::fs::write(here.join("d.csv"), table).unwrap();
    std::fs::write(here.join("at.csv"), format!("{a},{b}\n0.5,0\n3.5,1\n")).unwrap();
    let settings = match method {
        "map" => "starts = 1",
        "nuts" => "chains = 2\ntune = 15\ndraws = 8\nmax_depth = 3",
        "svi" => "draws = 25\nsteps = 20",
        _ => "draws = 25",
    };
    let model = format!(
        "[data]\nfile = 'd.csv'\nresponse = 'y'\naxes = ['{a}', '{b}']\n[parameters]\n\
         mu = 'normal(0, 1)'\n[fields.hill]\namplitude = 'half_normal(1)'\n\
         '{a}' = 'matern32(lengthscale = 2)'\n[likelihood]\n{likelihood}\n[inference]\n\
         method = '{method}'\n{settings}\n"
    );
    std::fs::write(here.join("m.toml"), model).unwrap();
}

/// Everything that is made of a fit, one command a line.
fn results(name: &str, method: &str) -> Vec<&'static str> {
    let mut all = vec![
        "fit @m.toml -o @f.nc --quiet",
        "predict @f.nc -o @p.nc --draws 2 --quiet",
        "predict @f.nc -o @p.csv --draws 2 --quiet",
        "predict @f.nc -o @points.nc --at @at.csv --draws 2 --quiet",
        "predict @f.nc -o @points.csv --at @at.csv --draws 2 --quiet",
        "plot @f.nc -o @a.svg --kind series --quiet",
        "plot @p.nc -o @b.svg --kind series --quiet",
    ];
    if method != "map" {
        all.push("residuals @f.nc -o @residuals.nc --quiet");
    }
    let has_levels = gridgp_extremes::Tail::of(&Family::from_name(name).unwrap()).is_some();
    if has_levels && method != "map" {
        all.extend([
            "return-levels @f.nc -o @l.nc --period 5,50 --exceed 3 --quiet",
            "plot @l.nc -o @c.svg --kind return-levels --quiet",
            "report @f.nc -o @r.html --prediction @p.nc --return-levels @l.nc --quiet",
        ]);
    } else {
        all.push("report @f.nc -o @r.html --prediction @p.nc --quiet");
    }
    all
}

/// What is wrong with the results in a folder.
fn problems(here: &Path, axes: [&str; 2]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in ["p.nc", "points.nc"] {
        let tree = read_tree(&here.join(file)).unwrap();
        for name in ["mean", "sd", "sd_observation", "quantiles", "draws"] {
            let is_taken = |n: &String| axes.contains(&n.as_str());
            let mut own = name.to_owned();
            while is_taken(&own) {
                own.insert_str(0, "output_");
            }
            match tree.variable(&own).map(|v| v.dims.len()) {
                Some(dims) if dims > usize::from(file == "p.nc") => {}
                found => wrong.push(format!("{file}: {own} has {found:?} dimensions")),
            }
        }
    }
    for file in ["p.csv", "points.csv"] {
        let text = std::fs::read_to_string(here.join(file)).unwrap();
        let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let twice = (1..head.len()).find(|&i| head[..i].contains(&head[i]));
        wrong.extend(twice.map(|i| format!("{file} has two columns {}", head[i])));
    }
    wrong
}

#[test]
fn every_likelihood_by_every_method_with_names_of_results_as_axes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut names = NAMES.iter().cycle();
    let mut wrong = Vec::new();
    for (name, _) in Family::ALL {
        for method in ["map", "laplace", "svi", "pathfinder", "nuts"] {
            // A mode needs a Gaussian, a normal approximation at the mode a density without kinks.
            if method == "map" && *name != "gaussian" || [*name, method] == ["laplace"; 2] {
                continue;
            }
            let axes = [*names.next().unwrap(), *names.next().unwrap()];
            write(here, name, axes, method);
            let failed = results(name, method).iter().find_map(|line| gridgp(here, line).err());
            let found = failed.map_or_else(|| problems(here, axes), |e| vec![e]);
            wrong.extend(found.iter().map(|e| format!("{name} by {method} on {axes:?}: {e}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_that_draws_cannot_have_are_refused_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["chain", "draw", "amplitude", "center", "hill"] {
        write(here, "gaussian", ["t", name], "map");
        let message = gridgp(here, "check @m.toml").unwrap_err();
        assert!(message.contains(&format!("{name:?}")), "{message}");
        assert!(gridgp(here, "fit @m.toml -o @f.nc --quiet").is_err());
        assert!(!here.join("f.nc").exists());
        // What the message advises.
        let text = std::fs::read_to_string(here.join("m.toml")).unwrap();
        let text = text.replace(
            &format!("axes = ['t', '{name}']"),
            &format!("axes = {{ t = 't', {name}_axis = '{name}' }}"),
        );
        std::fs::write(here.join("m.toml"), text).unwrap();
        let failed = results("gaussian", "map").iter().find_map(|line| gridgp(here, line).err());
        assert_eq!(failed, None);
        std::fs::remove_file(here.join("f.nc")).unwrap();
    }
}

#[test]
fn only_acts_or_is_refused_by_every_method() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for method in ["map", "laplace", "svi", "pathfinder", "nuts"] {
        write(here, "gaussian", ["t", "u"], method);
        gridgp(here, "fit @m.toml -o @f.nc --quiet").unwrap();
        for at in ["", " --at @at.csv"] {
            let only = |names: &str| {
                let line = format!("predict @f.nc -o @p.csv --draws 1 --quiet --only {names}{at}");
                gridgp(here, &line)?;
                let text = std::fs::read_to_string(here.join("p.csv")).unwrap();
                Ok::<_, String>(text.lines().next().unwrap().to_owned())
            };
            assert_eq!(
                only("mean").unwrap().replace("mean_quantiles_quantile", "q"),
                match method {
                    "map" => "t,u,mean,sd,draws_draw_0",
                    _ => "t,u,mean,sd,q_0.05,q_0.5,q_0.95,draws_draw_0",
                }
            );
            let twice = only("observation,observation").unwrap();
            assert!(twice.contains(",sd_observation,") && !twice.contains("mean"), "{twice}");
            let message = only("mean,nonsense").unwrap_err();
            assert!(
                message.contains("\"nonsense\"") && message.contains("observation"),
                "{message}"
            );
            let found = only("hill,location").unwrap();
            assert!(found.starts_with("t,u,hill,hill_sd,hill_"), "{found}");
            assert!(found.contains(",location,location_sd,"), "{found}");
        }
    }
}

#[test]
fn a_starter_calls_axes_what_check_takes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for [a, b] in [["f", "draw"], ["sigma", "intercept"], ["center", "mean"]] {
        write(here, "gaussian", [a, b], "map");
        std::fs::remove_file(here.join("m.toml")).unwrap();
        for line in ["init @d.csv -o @m.toml", "fit @m.toml -o @f.nc --quiet"] {
            gridgp(here, line).unwrap();
        }
    }
}
