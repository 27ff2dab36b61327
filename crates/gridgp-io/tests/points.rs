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
    read_points(&path, &axes(), values).map_err(|e| {
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
    let message = bad("time,name,g,lon\n1,Farro,7,1\n");
    assert!(message.contains("no label \"Farro\"; did you mean \"Faro\""), "{message}");
    assert!(bad("time,name,g,lon\n1,Faro,7,x\n").contains("holds text such as \"x\""));
    let message = bad("time,name,g,lon\n1,Faro,,1\n");
    assert!(message.contains("line 2, column \"g\""), "{message}");
}

#[test]
fn points_of_a_netcdf_file() {
    let lon = Axis::numbers("lon", vec![0.0]).unwrap();
    let lat = Axis::numbers("lat", vec![0.0]).unwrap();
    let points = read_points(&file("classic.nc"), &[lon, lat.clone()], &["unsigned"]).unwrap();
    assert_eq!(points.points[1].column(0).collect::<Vec<_>>(), [41.1, 38.7, 37.0]);
    assert_eq!(points.values, [[1.0, 255.0, 128.0]]);
    let time = Axis::numbers("time", vec![0.0]).unwrap();
    let message = read_points(&file("classic.nc"), &[lat, time], &[]).unwrap_err().to_string();
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
