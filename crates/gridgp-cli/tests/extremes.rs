//! Extremes through the program: simulated maxima, a fit, return levels, block maxima, mistakes.

use std::path::Path;

use assert_cmd::Command;

const MODEL: &str = "[data]\nfile = \"observations.csv\"\nresponse = \"tmax\"\n\
    axes.station = [\"lon\", \"lat\"]\naxes.year = \"year\"\n\
    covariates.gmst = { along = \"year\", center = true }\n\
    [parameters]\nmu0 = \"normal(35, 5)\"\nbeta0 = \"normal(1, 0.5)\"\n\
    sigma = \"log_normal(log(2), 0.4)\"\nxi = \"normal(0.1, 0.1)\"\n\
    [fields.base]\namplitude = 2\nstation = \"matern32(lengthscale = 2)\"\ncenter = [\"station\"]\n\
    [likelihood]\nfamily = \"gev\"\nlocation = \"mu0 + base + beta0 * gmst\"\nscale = \"sigma\"\n\
    shape = \"xi\"\n[inference]\nmethod = \"METHOD\"\n";

fn run(here: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::cargo_bin("gridgp").unwrap().current_dir(here).args(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    (output.status.success(), stderr)
}

fn works(here: &Path, arguments: &[&str]) -> String {
    let (ok, stderr) = run(here, arguments);
    assert!(ok, "{arguments:?}: {stderr}");
    stderr
}

/// It fails with all these words.
fn fails(here: &Path, arguments: &[&str], words: &[&str]) {
    let (ok, stderr) = run(here, arguments);
    assert!(!ok, "{arguments:?} succeeded");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

/// Five stations, twelve years, and a model file.
fn folder(method: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let simulate =
        ["simulate", "-o", "observations.csv", "--stations", "5", "--years", "2000:2011"];
    works(folder.path(), &[&simulate[..], &["--slope-amplitude", "0"]].concat());
    std::fs::write(folder.path().join("model.toml"), MODEL.replace("METHOD", method)).unwrap();
    folder
}

/// The columns of a table by name.
fn column(here: &Path, file: &str, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(here.join(file)).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let at = header.split(',').position(|h| h == name);
    let at = at.unwrap_or_else(|| panic!("no {name} in {header}"));
    lines.map(|l| l.split(',').nth(at).unwrap().parse().unwrap_or(f64::NAN)).collect()
}

#[test]
fn levels_of_years_scenarios_and_periods_agree() {
    let folder = folder("laplace");
    let here = folder.path();
    works(here, &["fit", "model.toml", "-o", "fit.nc", "-q"]);
    // Each point of the data.
    works(here, &["return-levels", "fit.nc", "--period", "50", "-o", "own.csv"]);
    let own = column(here, "own.csv", "level_period_50");
    assert_eq!(own.len(), 60);
    // The years go where a scenario gives their covariate: the same numbers as in that year.
    let gmst = column(here, "observations.csv", "gmst");
    let (first, last) = (format!("first:gmst={}", gmst[0]), format!("last:gmst={}", gmst[11]));
    let scenarios = ["--scenario", &first, "--scenario", &last, "--exceed", "45", "--period", "50"];
    let levels = ["return-levels", "fit.nc", "-o"];
    works(here, &[&levels[..], &["scenario.csv"], &scenarios].concat());
    let name = |what: &str| format!("{what}_period_50");
    let now = column(here, "scenario.csv", &name("level_scenario_first"));
    let then = column(here, "scenario.csv", &name("level_scenario_last"));
    let change = column(here, "scenario.csv", &name("change_of_level_change_last"));
    assert_eq!(now.len(), 5);
    for s in 0..5 {
        assert!((now[s] - own[s * 12]).abs() < 1e-9, "{} {}", now[s], own[s * 12]);
        assert!((then[s] - own[s * 12 + 11]).abs() < 1e-9);
        assert!((change[s] - (then[s] - now[s])).abs() < 1e-9);
    }
    let risk = column(here, "scenario.csv", "exceedance_scenario_first_value_45");
    assert!(risk.iter().all(|p| (0.0..1.0).contains(p)), "{risk:?}");
    // A station's place without its years; the file may be NetCDF.
    std::fs::write(here.join("map.csv"), "lon,lat\n-3,40\n").unwrap();
    works(here, &[&levels[..], &["map.csv.csv", "--at", "map.csv"], &scenarios].concat());
    let map = column(here, "map.csv.csv", &name("level_scenario_first"));
    assert_eq!(map.len(), 1);
    works(here, &[&levels[..], &["out.nc"], &scenarios].concat());
    // One year is a period, too: its equivalent reliability is its return level.
    let years = ["years.csv", "--years", "2011:2011", "--period", "50", "--risk", "0.02"];
    works(here, &[&levels[..], &years].concat());
    let one = column(here, "years.csv", "equivalent_reliability_level_period_50");
    let design = column(here, "years.csv", "design_life_level_risk_0.02");
    for s in 0..5 {
        assert!((one[s] - then[s]).abs() < 1e-8 && (design[s] - then[s]).abs() < 1e-8);
    }
}

#[test]
fn mistakes_of_return_levels_are_explained() {
    let folder = folder("laplace");
    let here = folder.path();
    works(here, &["fit", "model.toml", "-o", "fit.nc", "-q"]);
    let say = |arguments: &[&str], words: &[&str]| {
        fails(here, &[&["return-levels", "fit.nc", "-o", "out.csv"], arguments].concat(), words);
        assert!(!here.join("out.csv").exists());
    };
    say(&["--scenario", "now:gmt=1"], &["no covariate \"gmt\"", "it has gmst"]);
    say(&["--scenario", "now"], &["NAME:covariate=value"]);
    say(&["--scenario", "now:gmst=warm"], &["\"warm\" is not a number"]);
    say(&["--scenario", "a:gmst=1", "--scenario", "a:gmst=2"], &["two scenarios called \"a\""]);
    say(&["--period", "1"], &["above 1"]);
    say(&["--probabilities", "95"], &["between 0 and 1"]);
    say(&["--years", "2000:2050"], &["known from 2000 to 2011"]);
    say(&["--years", "soon"], &["2025:2074"]);
    // A Gaussian fit has no levels, a mode no draws.
    let model = "[data]\nfile = \"observations.csv\"\nresponse = \"tmax\"\naxes.station = [\"lon\", \
        \"lat\"]\naxes.year = \"year\"\n[fields.f]\nstation = \"matern32()\"\n[likelihood]\nfamily = \
        \"gaussian\"\nlocation = \"f\"\n[inference]\nmethod = \"METHOD\"\n";
    for (method, words) in [("map", "no draws"), ("laplace", "\"gaussian\" has no return levels")] {
        std::fs::write(here.join("other.toml"), model.replace("METHOD", method)).unwrap();
        works(here, &["fit", "other.toml", "-o", "other.nc", "-q"]);
        fails(here, &["return-levels", "other.nc", "-o", "out.csv"], &[words]);
    }
}

#[test]
fn bad_tables_of_maxima_are_explained() {
    let folder = folder("laplace");
    let here = folder.path();
    let table = std::fs::read_to_string(here.join("observations.csv")).unwrap();
    let fit = |table: &str| {
        std::fs::write(here.join("bad.csv"), table).unwrap();
        ["fit", "model.toml", "--data", "bad.csv", "-o", "bad.nc", "-q"]
    };
    // A year without its covariate.
    let rows = table.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[2] == "2003" {
            cells[3] = "";
        }
        cells.join(",") + "\n"
    });
    let words = ["covariate \"gmst\" is missing at", "year = 2003, where \"tmax\" is observed"];
    fails(here, &fit(&rows.collect::<String>()), &words);
    // A station twice.
    let second: String = table.lines().skip(1).take(12).map(|l| format!("{l}\n")).collect();
    fails(here, &fit(&(table.clone() + &second)), &["lines 2 and 62", "year = 2000"]);
    // Few years: a fit, and a warning where levels are made of it.
    let few = table.lines().filter(|l| l.contains(",year,") || l.contains(",2000,"));
    works(here, &fit(&few.map(|l| format!("{l}\n")).collect::<String>()));
    let stderr = works(here, &["return-levels", "bad.nc", "-o", "few.csv"]);
    assert!(stderr.contains("1.0 values along \"year\""), "{stderr}");
    // Another unit than that of the fit.
    std::fs::write(here.join("at.csv"), "lon,lat,year,gmst\n-3,40,2001-07-01,1\n").unwrap();
    let at = ["return-levels", "bad.nc", "--at", "at.csv", "-o", "few.csv"];
    fails(here, &at, &["\"year\" is a time in", "numbers without a unit in the fit"]);
    assert!(std::fs::read_to_string(here.join("few.csv")).unwrap().lines().count() > 1);
}

/// Data that no draw from the priors makes possible: an error without a NaN, by every engine.
#[test]
fn data_outside_the_support_at_the_start_are_an_error() {
    let folder = folder("laplace");
    let here = folder.path();
    for method in ["laplace", "svi", "pathfinder", "nuts"] {
        let model = MODEL.replace("METHOD", method).replace("normal(35, 5)", "normal(1000, 5)");
        let model = model.replace("normal(0.1, 0.1)", "normal(0.4, 0.01)");
        std::fs::write(here.join("model.toml"), model).unwrap();
        let words = ["no start was found where the data are possible", "inference.start"];
        fails(here, &["fit", "model.toml", "-o", "bad.nc", "-q"], &words);
        assert!(!here.join("bad.nc").exists());
    }
    // One value below the lower end of the first guess is no hindrance.
    let model = MODEL.replace("METHOD", "laplace").replace("normal(0.1, 0.1)", "normal(0.3, 0.1)");
    std::fs::write(here.join("model.toml"), model).unwrap();
    let table = std::fs::read_to_string(here.join("observations.csv")).unwrap();
    let (head, last) = table.trim_end().rsplit_once('\n').unwrap();
    let mut cells: Vec<&str> = last.split(',').collect();
    cells[4] = "22.5";
    std::fs::write(here.join("observations.csv"), format!("{head}\n{}\n", cells.join(",")))
        .unwrap();
    works(here, &["fit", "model.toml", "-o", "fit.nc", "-q"]);
    works(here, &["return-levels", "fit.nc", "-o", "out.csv"]);
    assert!(column(here, "out.csv", "level_period_100").iter().all(|v| v.is_finite()));
}

/// Two years of days from October on; one day missing in the file, half of the second year gone.
#[test]
fn block_maxima_count_days_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut table = String::from("day,site,rain\n");
    for (begin, count) in [(2000, 365), (2001, 180)] {
        let (mut year, mut month, mut day) = (begin, 10, 1);
        for i in 0..count {
            if i != 7 {
                let rain =
                    if i == 100 { 50.0 + f64::from(begin - 2000) } else { f64::from(i) / 100.0 };
                table += &format!("{year}-{month:02}-{day:02},a,{rain}\n");
            }
            day += 1;
            if day > days[month - 1] {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }
    std::fs::write(here.join("daily.csv"), table).unwrap();
    let arguments = ["block-maxima", "daily.csv", "--response", "rain", "--time", "day", "--by"];
    let seasons = ["site", "--begins", "10", "-o", "maxima.csv"];
    works(here, &[&arguments[..], &seasons].concat());
    assert_eq!(column(here, "maxima.csv", "year"), [2001.0, 2002.0]);
    let rain = column(here, "maxima.csv", "rain");
    assert!(rain[0] == 50.0 && rain[1].is_nan(), "{rain:?}");
    works(here, &[&arguments[..], &seasons, &["--coverage", "0.4"]].concat());
    assert_eq!(column(here, "maxima.csv", "rain"), [50.0, 51.0]);
    fails(
        here,
        &[&arguments[..], &seasons, &["--coverage", "1"]].concat(),
        &["no year has 1", "364 of 365"],
    );
    fails(
        here,
        &[&arguments[..], &["site", "--begins", "13", "-o", "x.csv"]].concat(),
        &["--begins 13"],
    );
    let none = ["block-maxima", "daily.csv", "--response", "rain", "--time", "site", "-o", "x.csv"];
    fails(here, &none, &["daily.csv"]);
}

/// Months have 28 to 31 days, and twelve of them are a year; events are apart in time, not in rows.
#[test]
fn blocks_go_by_the_calendar_and_events_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let months = (0..24).map(|i| format!("{}-{:02}-01,{}\n", 2001 + i / 12, i % 12 + 1, i % 7));
    std::fs::write(here.join("months.csv"), format!("time,y\n{}", months.collect::<String>()))
        .unwrap();
    let command = ["block-maxima", "months.csv", "--response", "y", "-o", "m.csv"];
    works(here, &[&command[..], &["--coverage", "1"]].concat());
    assert_eq!(column(here, "m.csv", "y"), [6.0, 6.0]);
    let days = "time,y\n2001-05-01,9\n2001-05-04,8\n2001-05-05,7.5\n2001-05-06,1\n2001-05-08,2\n";
    std::fs::write(here.join("days.csv"), days).unwrap();
    let command = ["block-maxima", "days.csv", "--response", "y", "-o", "d.csv"];
    works(here, &[&command[..], &["--coverage", "0", "--largest", "3", "--apart", "3"]].concat());
    assert_eq!(column(here, "d.csv", "y"), [9.0, 8.0, 2.0]);
}

#[test]
fn simulated_data_follow_their_seed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let of = |arguments: &[&str]| {
        works(here, &[&["simulate", "-o", "s.csv", "--stations", "4", "-q"], arguments].concat());
        (column(here, "s.csv", "tmax"), column(here, "s.csv", "gmst"))
    };
    let (y, gmst) = of(&["--seed", "2"]);
    assert_eq!((y.clone(), gmst.clone()), of(&["--seed", "2"]));
    assert_ne!(y, of(&["--seed", "3"]).0);
    // Each part has its own seed: another scale leaves the temperature as it was.
    let (other, same) = of(&["--seed", "2", "--scale", "3"]);
    assert!(other != y && same == gmst);
    fails(here, &["simulate", "-o", "s.csv", "--shape", "0.7"], &["--shape 0.7"]);
    fails(here, &["simulate", "-o", "s.csv", "--years", "2000"], &["1985:2024"]);
    fails(here, &["simulate", "-o", "s.csv", "--lon", "3:-9"], &["--lon"]);
}
