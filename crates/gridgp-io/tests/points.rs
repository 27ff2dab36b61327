//! Where to predict: points and grids for a fit.

use std::path::{Path, PathBuf};

use gridgp_grid::{Axis, Coordinate, Values};
use gridgp_io::{points_like, read_grid, read_grid_axes, read_points, read_with_scalings};
use gridgp_model::spec::DataSpec;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn time(units: &str) -> Coordinate {
    let mut time = Coordinate::numbers("time", vec![0.0]).with_units(units);
    time.calendar = Some("standard".into());
    time
}

fn axes() -> Vec<Axis> {
    vec![
        Axis::new(
            "station",
            vec![
                Coordinate::numbers("lon", vec![0.0, 1.0]).with_units("degrees_east"),
                Coordinate::labels("name", vec!["Porto".into(), "Faro".into()]),
            ],
        )
        .unwrap(),
        Axis::new("time", vec![time("hours since 2019-03-01")]).unwrap(),
    ]
}

fn table(text: &str, values: &[&str]) -> Result<gridgp_fit::ScatteredPoints, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    std::fs::write(&path, text).unwrap();
    read_points(&path, &DataSpec::default(), &axes(), values).map_err(|e| {
        assert!(e.to_string().contains("points.csv"), "{e}");
        e.to_string()
    })
}

#[test]
fn points_of_a_table_in_the_units_and_labels_of_the_fit() {
    let text = "time,name,g,lon\n2019-03-02,Faro,7,2.5\n2019-03-01T06:00,Porto,8,-1\n\
                2019-03-02,Faro,7,2.5\n";
    let points = table(text, &["g"]).unwrap();
    assert_eq!(points.points[0].row(0), [2.5, 1.0]);
    assert_eq!(points.points[0].row(1), [-1.0, 0.0]);
    assert_eq!(points.points[1].column(0).collect::<Vec<_>>(), [24.0, 6.0, 24.0]);
    assert_eq!(points.values, [[7.0, 8.0, 7.0]]);
    let names: Vec<&str> = points.coordinates.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["lon", "name", "time"]);
    assert_eq!(points.coordinates[2].units.as_deref(), Some("days since 1970-01-01"));
}

#[test]
fn points_that_do_not_fit() {
    let bad = |text: &str| table(text, &["g"]).unwrap_err();
    assert!(bad("time,name,g\n1,Faro,7\n").contains("no column \"lon\""));
    let message = bad("time,name,g,lon\n2019-03-02,Farro,7,1\n");
    assert!(message.contains("no \"Farro\"; did you mean \"Faro\""), "{message}");
    assert!(
        bad("time,name,g,lon\n1,Faro,7,x\n")
            .contains("line 2, column \"lon\": \"x\" is neither a number nor")
    );
    // 2019 is a year to whoever writes it, and an hour to the fit.
    assert!(bad("time,name,g,lon\n2019,Faro,7,1\n").contains("the fit has times here"));
    let message = bad("time,name,g,lon\n1,Faro,,1\n");
    assert!(message.contains("line 2, column \"g\""), "{message}");
}

#[test]
fn points_of_a_netcdf_file() {
    let lon = Axis::numbers("lon", vec![0.0]).unwrap();
    let lat = Axis::numbers("lat", vec![0.0]).unwrap();
    let points =
        read_points(&file("classic.nc"), &DataSpec::default(), &[lon, lat.clone()], &["unsigned"])
            .unwrap();
    assert_eq!(points.points[1].column(0).collect::<Vec<_>>(), [41.1, 38.7, 37.0]);
    assert_eq!(points.values, [[1.0, 255.0, 128.0]]);
    let time = Axis::numbers("time", vec![0.0]).unwrap();
    let message = read_points(&file("classic.nc"), &DataSpec::default(), &[lat, time], &[])
        .unwrap_err()
        .to_string();
    assert!(message.contains("along the dimension \"station\" with 3 points"), "{message}");
}

#[test]
fn a_grid_in_the_units_of_the_fit() {
    let lat =
        Axis::new("lat", vec![Coordinate::numbers("lat", vec![0.0]).with_units("Degree_North")]);
    let fit = [Axis::new("time", vec![time("days since 2019-01-01")]).unwrap(), lat.unwrap()];
    let axes = read_grid_axes(&file("packed.nc"), &fit).unwrap();
    assert_eq!(axes[0].points().column(0).collect::<Vec<_>>(), [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(axes[0].coordinates()[0].units.as_deref(), Some("days since 2019-01-01"));
    assert_eq!(axes[1].len(), 3);
    let error = |axis: Axis| read_grid_axes(&file("packed.nc"), &[axis]).unwrap_err().to_string();
    let kelvin = Coordinate::numbers("lat", vec![0.0]).with_units("K");
    let message = error(Axis::new("lat", vec![kelvin]).unwrap());
    assert!(message.contains("\"degrees_north\"") && message.contains("\"K\""), "{message}");
    let mut noleap = time("days since 2019-01-01");
    noleap.calendar = Some("noleap".into());
    let message = error(Axis::new("time", vec![noleap]).unwrap());
    assert!(message.contains("(gregorian)") && message.contains("(noleap)"), "{message}");
    let message = error(Axis::numbers("latitude", vec![0.0]).unwrap());
    assert!(message.contains("no coordinate \"latitude\"; did you mean \"lat\""), "{message}");
}

#[test]
fn covariates_of_a_new_grid_are_scaled_as_in_the_fit() {
    let spec: DataSpec = toml::from_str(
        "response = 't2m'\naxes.lat = 'lat'\naxes.time = { units = 'days' }\n\
         covariates.gmst = { standardize = true }\ncovariates.time = {}\n\
         isel.member = 0\nisel.lon = 0\nisel.time = { to = 3 }",
    )
    .unwrap();
    let (data, scalings) = read_with_scalings(&file("packed.nc"), &spec).unwrap();
    assert_eq!((scalings[0].center, scalings[0].scale), (2.0, (2.0f64 / 3.0).sqrt()));
    let (grid, covariates) =
        read_grid(&file("packed.nc"), &spec, data.grid.axes(), &scalings).unwrap();
    assert_eq!(grid.shape(), [3, 4]);
    assert_eq!(covariates[0].values[..3], data.covariates[0].values[..]);
    assert_eq!(covariates[0].values[3], 4.0 / (2.0f64 / 3.0).sqrt());
    assert_eq!(covariates[1].values[..3], data.covariates[1].values[..]);
}

#[test]
fn labels_are_numbered_as_in_the_fit() {
    let fit = Axis::new("city", vec![Coordinate::labels("city", vec!["b".into(), "a".into()])]);
    let new = Coordinate { values: Values::Labels(vec!["a".into(), "a".into()]), ..time("h") };
    let points = points_like(&fit.unwrap(), &[new]).unwrap();
    assert_eq!(points.column(0).collect::<Vec<_>>(), [1.0, 1.0]);
}

#[test]
fn an_unknown_label_is_refused_by_every_door() {
    let city =
        |names: &[&str]| Coordinate::labels("city", names.iter().map(|&n| n.to_owned()).collect());
    let fit = [Axis::new("city", vec![city(&["00123", "10"])]).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    let table = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let points = read_points(&path, &DataSpec::default(), &fit, &[]);
        points.map(|p| p.points[0].column(0).collect::<Vec<_>>()).map_err(|e| e.to_string())
    };
    assert_eq!(table("city\n10\n00123\n").unwrap(), [1.0, 0.0]);
    for unknown in ["123", "1E1", "10.0"] {
        let e = table(&format!("city\n{unknown}\n")).unwrap_err();
        assert!(e.contains(&format!("the data have no {unknown:?}")), "{e}");
        let e = points_like(&fit[0], &[city(&[unknown])]).unwrap_err();
        assert!(e.contains("the data have no"), "{e}");
    }
    // Arrays: points, and another grid, on which a label would be numbered anew.
    let spec = DataSpec::default();
    let at = |c: Coordinate| gridgp_io::points_at(&spec, &fit, vec![vec![c]], vec![], &[]);
    assert!(at(Coordinate::numbers("city", vec![10.0])).is_ok());
    assert!(at(Coordinate::numbers("city", vec![123.0])).is_err());
    assert!(fit[0].points_like(&[city(&["10", "11"])]).is_err());
}

#[test]
fn points_are_written_as_the_data_are() {
    let spec: DataSpec =
        toml::from_str("response = 'y'\nmissing = -1\naxes.day = { format = '%d/%m/%Y' }").unwrap();
    let mut day = time("days since 1970-01-01");
    day.name = "day".into();
    let fit = [Axis::new("day", vec![day]).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    std::fs::write(&path, "day,g\n01/03/2019,2\n02/03/2019,-1\n").unwrap();
    let points = read_points(&path, &spec, &fit, &[]).unwrap();
    assert_eq!(points.points[0].column(0).collect::<Vec<_>>(), [17956.0, 17957.0]);
    let e = read_points(&path, &spec, &fit, &["g"]).unwrap_err().to_string();
    assert!(e.contains("line 3, column \"g\": the value is missing"), "{e}");
    let e = read_points(&path, &DataSpec::default(), &fit, &[]).unwrap_err().to_string();
    assert!(e.contains("day and month, or month and day"), "{e}");
}
