//! What files contain.

use std::path::Path;

use gridgp_io::{FileSummary, Kind, summarize};

fn of_table(text: &str) -> FileSummary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.csv");
    std::fs::write(&path, text).unwrap();
    summarize(&path, None).unwrap()
}

fn of_file(name: &str) -> FileSummary {
    summarize(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name), None).unwrap()
}

#[test]
fn a_table_of_stations() {
    let mut text = String::from("city,lon,lat,year,gmst,tmax\n");
    let cities = [("A", -9.0, 38.0), ("B", -8.0, 38.0), ("C", -8.0, 41.0), ("D", 1.0, 42.0)];
    for (i, (city, lon, lat)) in cities.iter().enumerate() {
        for year in 1990..2010 {
            let gmst = f64::from(year - 1990) * 0.02 + 0.1;
            let tmax = if year == 2000 { String::new() } else { format!("{}.{i}", year - 1960) };
            text += &format!("{city},{lon},{lat},{year},{gmst},{tmax}\n");
        }
    }
    let summary = of_table(&text);
    assert_eq!(summary.rows, Some(80));
    let guess = summary.guess.unwrap();
    assert_eq!(guess.response, "tmax");
    assert_eq!(guess.axes.len(), 2);
    assert_eq!((guess.axes[0].name.as_str(), guess.axes[0].points), ("city", 4));
    assert_eq!(guess.axes[0].coordinates, ["lon", "lat"]);
    assert_eq!(guess.axes[1].coordinates, ["year"]);
    assert_eq!(guess.axes[1].covariates, ["gmst"]);
    let year = &summary.coordinates[3];
    assert_eq!((year.kind, year.distinct, year.step), (Kind::Number, Some(20), Some(1.0)));
    assert_eq!((year.first.as_str(), year.last.as_str()), ("1990", "2009"));
    assert_eq!(summary.coordinates[0].kind, Kind::Label);
    assert_eq!(summary.coordinates[1].step, None);
    assert_eq!(summary.coordinates[5].missing, 4);
}

#[test]
fn a_table_of_a_series() {
    let summary = of_table("day,co2\n2019-03-01,1\n2019-03-08,2\n2019-03-15,4\n");
    let guess = summary.guess.unwrap();
    assert_eq!((guess.response.as_str(), guess.axes[0].name.as_str()), ("co2", "day"));
    let day = &summary.coordinates[0];
    assert_eq!((day.kind, day.step, day.last.as_str()), (Kind::Date, Some(7.0), "2019-03-15"));
}

#[test]
fn a_date_that_is_there_twice_is_an_axis_still() {
    let guess = of_table("t,y\n2019-03-01,1\n2019-03-02,2\n2019-03-02,3\n").guess.unwrap();
    assert_eq!((guess.axes[0].name.as_str(), guess.axes[0].points), ("t", 2));
}

#[test]
fn a_table_without_axes_gives_no_guess() {
    assert_eq!(of_table("a,b\n1,2\n1,2\n1,3\n").guess, None);
    assert_eq!(of_table("a\nx\ny\n").guess, None);
}

#[test]
fn netcdf_files() {
    let summary = of_file("packed.nc");
    let guess = summary.guess.unwrap();
    assert_eq!(guess.response, "t2m");
    let names: Vec<&str> = guess.axes.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["member", "time", "lat", "lon"]);
    assert_eq!(guess.axes[1].covariates, ["gmst"]);
    let t2m = summary.variables.iter().find(|v| v.name == "t2m").unwrap();
    assert_eq!((t2m.units.as_deref(), t2m.dims.len()), (Some("K"), 4));
    let time = summary.coordinates.iter().find(|c| c.name == "time").unwrap();
    assert_eq!((time.kind, time.step), (Kind::Date, Some(12.0)));
    assert_eq!((time.first.as_str(), time.last.as_str()), ("2019-01-01", "2019-01-02T12:00:00"));
    let member = summary.coordinates.iter().find(|c| c.name == "member").unwrap();
    assert_eq!((member.kind, member.distinct), (Kind::Number, Some(2)));

    let guess = of_file("classic.nc").guess.unwrap();
    let station = guess.axes.iter().find(|a| a.name == "station").unwrap();
    assert_eq!(station.coordinates, ["lon", "lat"]);
    assert_eq!(of_file("groups.nc").guess.unwrap().response, "forecast/hourly/z");
}
