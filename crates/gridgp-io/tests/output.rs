//! Results out, as NetCDF and as tables, and back in.

use std::path::Path;

use gridgp_fit::{Attribute, GridOutput, OutputVariable, PointsOutput};
use gridgp_grid::{Axis, Coordinate, Grid};
use gridgp_io::{read_tree, write_grid, write_points};
use gridgp_model::spec::DataSpec;

fn time() -> Coordinate {
    let mut time =
        Coordinate::numbers("time", vec![0.0, 12.0, 36.0]).with_units("hours since 2019-03-01");
    time.calendar = Some("standard".into());
    time
}

/// Two stations, three times, two quantiles.
fn output() -> GridOutput {
    let station = Axis::new(
        "station",
        vec![
            Coordinate::labels("name", vec!["Porto".into(), "A Coruña".into()]),
            Coordinate::numbers("lon", vec![-8.6, -8.4]).with_units("degrees_east"),
        ],
    );
    let grid = Grid::new(vec![station.unwrap(), Axis::new("time", vec![time()]).unwrap()]);
    let values: Vec<f64> =
        (0..6).map(|i| if i == 4 { f64::NAN } else { f64::from(i) / 4.0 }).collect();
    GridOutput {
        grid: grid.unwrap(),
        extra: vec![Axis::numbers("quantile", vec![0.05, 0.95]).unwrap()],
        variables: vec![
            OutputVariable::new("f", &["station", "time"], values)
                .with("units", "K")
                .with("long_name", "posterior mean"),
            OutputVariable::new("level", &["quantile", "station"], vec![1.0, 2.0, 3.0, 1e-9]),
        ],
        attributes: vec![("title".into(), "test".into()), ("source".into(), "gridgp".into())],
    }
}

#[test]
fn a_grid_as_netcdf_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.nc");
    write_grid(&path, &output()).unwrap();
    let spec: DataSpec =
        toml::from_str("response = 'f'\naxes.station = ['name', 'lon']\naxes.time = 'time'")
            .unwrap();
    let data = gridgp_io::read(&path, &spec).unwrap();
    assert_eq!(data.grid, output().grid);
    assert_eq!(data.response.values, [0.0, 0.25, 0.5, 0.75, 0.0, 1.25]);
    assert_eq!(data.response.missing_cells(), [4]);
    assert_eq!(data.response.units.as_deref(), Some("K"));
    let tree = read_tree(&path).unwrap();
    assert_eq!(tree.attribute("Conventions"), Some(&Attribute::Text("CF-1.10".into())));
    assert_eq!(tree.attribute("source"), Some(&Attribute::Text("gridgp".into())));
    assert_eq!(tree.variable("level").unwrap().dims, ["quantile", "station"]);
    let coordinates = tree.variable("f").unwrap().attribute("coordinates");
    assert_eq!(coordinates, Some(&Attribute::Text("name lon".into())));
}

#[test]
fn a_grid_as_a_table_has_a_row_a_cell() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    write_grid(&path, &output()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let expected = "name,lon,time,f,level_quantile_0.05,level_quantile_0.95\n\
                    Porto,-8.6,2019-03-01T00:00:00,0,1,3\n\
                    Porto,-8.6,2019-03-01T12:00:00,0.25,1,3\n\
                    Porto,-8.6,2019-03-02T12:00:00,0.5,1,3\n\
                    A Coruña,-8.4,2019-03-01T00:00:00,0.75,2,1e-9\n\
                    A Coruña,-8.4,2019-03-01T12:00:00,,2,1e-9\n\
                    A Coruña,-8.4,2019-03-02T12:00:00,1.25,2,1e-9\n";
    assert_eq!(text, expected);
    let spec: DataSpec =
        toml::from_str("response = 'f'\naxes.station = ['name', 'lon']\naxes.time = 'time'")
            .unwrap();
    let data = gridgp_io::read(&path, &spec).unwrap();
    assert_eq!(data.response.missing_cells(), [4]);
}

#[test]
fn points_may_occur_twice() {
    let folder = tempfile::tempdir().unwrap();
    let output = PointsOutput {
        dim: "point".into(),
        coordinates: vec![Coordinate::numbers("x", vec![1.0, 1.0, 2.5]), time()],
        extra: vec![Axis::numbers("draw", vec![0.0, 1.0]).unwrap()],
        variables: vec![
            OutputVariable::new("mean", &["point"], vec![1.0, f64::NAN, 3.0]),
            OutputVariable::new("f", &["point", "draw"], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ],
        attributes: vec![],
    };
    let path = folder.path().join("points.csv");
    write_points(&path, &output).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("x,time,mean,f_draw_0,f_draw_1\n1,2019-03-01T00:00:00,1,1,2\n"),
        "{text}"
    );
    assert!(text.contains("\n1,2019-03-01T12:00:00,,3,4\n"), "{text}");
    let path = folder.path().join("points.nc");
    write_points(&path, &output).unwrap();
    let tree = read_tree(&path).unwrap();
    assert_eq!(tree.dim("point"), Some(3));
    assert_eq!(tree.variable("x").unwrap().numbers(), Some(&[1.0, 1.0, 2.5][..]));
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |name: &str, change: &dyn Fn(&mut GridOutput)| {
        let mut output = output();
        change(&mut output);
        let message = write_grid(&folder.path().join(name), &output).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{message}");
        message
    };
    let message = fails("out.nc", &|o| o.variables[0].dims[1] = "tim".into());
    assert!(message.contains("no dimension \"tim\"; did you mean \"time\""), "{message}");
    assert!(fails("out.nc", &|o| o.variables[0].values.truncate(5)).contains("5 values"));
    assert!(fails("out.csv", &|o| o.variables[0].name = "lon".into()).contains("occurs twice"));
    let column = "level_quantile_0.05";
    let message = fails("out.csv", &|o| o.variables[0].name = column.into());
    assert!(message.contains("two columns \"level_quantile_0.05\"; write NetCDF"), "{message}");
    assert!(fails("out.zarr", &|_| ()).contains(".nc or .csv"));
    assert!(fails("no/out.nc", &|_| ()).contains("there is no folder"));
    if cfg!(target_os = "linux") {
        let message = write_grid(Path::new("/proc/out.nc"), &output()).unwrap_err().to_string();
        assert!(message.contains("cannot write /proc/out.nc"), "{message}");
    }
}

#[test]
fn a_column_of_dates_has_one_form() {
    let column = |hours: Vec<f64>| {
        let n = hours.len();
        let mut time = Coordinate::numbers("time", hours).with_units("hours since 2019-03-01");
        time.calendar = Some("standard".into());
        let output = PointsOutput {
            dim: "point".into(),
            coordinates: vec![time],
            extra: vec![],
            variables: vec![OutputVariable::new("f", &["point"], vec![1.0; n])],
            attributes: vec![],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        write_points(&path, &output).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        text.lines().skip(1).map(|l| l.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(column(vec![0.0, 24.0]), ["2019-03-01", "2019-03-02"]);
    assert_eq!(column(vec![0.0, 12.0]), ["2019-03-01T00:00:00", "2019-03-01T12:00:00"]);
    let quarter = 0.25 / 3600.0;
    assert_eq!(
        column(vec![0.0, 2.0 * quarter, quarter]),
        ["2019-03-01T00:00:00.00", "2019-03-01T00:00:00.50", "2019-03-01T00:00:00.25"]
    );
}
