//! NetCDF files made by Python (see `data/make.py`) as data on grids.

use std::path::{Path, PathBuf};

use gridgp_grid::{Dataset, Values};
use gridgp_io::{Array, NetcdfTree, TreeVariable};
use gridgp_model::spec::DataSpec;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn try_read(name: &str, spec: &str) -> gridgp_io::Result<Dataset> {
    gridgp_io::read(&file(name), &toml::from_str::<DataSpec>(spec).unwrap())
}

fn read(name: &str, spec: &str) -> Dataset {
    try_read(name, spec).unwrap_or_else(|e| panic!("{e}"))
}

/// The message of the error, which must name the file.
fn error(name: &str, spec: &str) -> String {
    let message = try_read(name, spec).unwrap_err().to_string();
    assert!(message.contains(name), "{message}");
    message
}

fn numbers(data: &Dataset, axis: usize, coordinate: usize) -> &[f64] {
    match &data.grid.axes()[axis].coordinates()[coordinate].values {
        Values::Numbers(v) => v,
        Values::Labels(v) => panic!("labels {v:?}"),
    }
}

const PACKED: &str = "response = 't2m'\naxes = ['lon', 'lat', 'time']\nisel.member = 0\n";

/// What `make.py` stored.
fn t2m(member: usize, time: usize, lat: usize, lon: usize) -> f64 {
    0.5 * (100 * member + 20 * time + 5 * lat + lon) as f64 + 270.0
}

#[test]
fn packed_values_are_transposed_unpacked_and_masked() {
    let data = read("packed.nc", PACKED);
    assert_eq!(data.grid.shape(), [5, 3, 4]);
    assert_eq!(data.response.units.as_deref(), Some("K"));
    assert_eq!(data.response.long_name.as_deref(), Some("2 metre temperature"));
    assert_eq!(
        data.response.missing_cells(),
        [data.grid.ravel(&[0, 0, 3]), data.grid.ravel(&[3, 2, 1])]
    );
    for cell in 0..data.grid.len() {
        let at = data.grid.unravel(cell);
        if !data.response.missing_cells().contains(&cell) {
            assert_eq!(data.response.values[cell], t2m(0, at[2], at[1], at[0]), "{at:?}");
        }
    }
    assert_eq!(numbers(&data, 0, 0), [-2.0, -1.0, 0.0, 1.0, 2.0]);
    assert_eq!(numbers(&data, 1, 0), [52.0, 51.5, 51.0]);
    assert_eq!(data.grid.axes()[1].coordinates()[0].units.as_deref(), Some("degrees_north"));
    assert_eq!(data.grid.axes()[1].coordinates()[0].calendar, None);
}

#[test]
fn times_keep_or_change_their_unit() {
    let data = read("packed.nc", PACKED);
    let c = &data.grid.axes()[2].coordinates()[0];
    assert_eq!(c.units.as_deref(), Some("hours since 1900-01-01 00:00:00.0"));
    assert_eq!(c.calendar.as_deref(), Some("gregorian"));
    assert_eq!(numbers(&data, 2, 0)[1], 1_043_148.0);
    let spec = PACKED
        .replace("['lon', 'lat', 'time']", "{ lon = {}, lat = {}, time = { units = 'days' } }");
    let data = read("packed.nc", &spec);
    let c = &data.grid.axes()[2].coordinates()[0];
    assert_eq!(c.units.as_deref(), Some("days since 1900-01-01 00:00:00.0"));
    assert_eq!(numbers(&data, 2, 0), [43464.0, 43464.5, 43465.0, 43465.5]);
    let spec = PACKED
        .replace("['lon', 'lat', 'time']", "{ lon = { units = 'days' }, lat = {}, time = {} }");
    assert!(
        error("packed.nc", &spec).contains("\"lon\" is not a time (its unit is \"degrees_east\")")
    );
}

#[test]
fn selections_by_value_date_position_and_other_variables() {
    let select = |s: &str| read("packed.nc", &format!("{PACKED}{s}"));
    let data = select("sel.time = '2019-01-01'\nsel.lon = { from = -1, to = 1 }");
    assert_eq!(data.grid.shape(), [3, 3, 2]);
    assert_eq!(data.response.values[data.grid.ravel(&[2, 2, 0])], t2m(0, 0, 2, 3));
    let data =
        select("sel.time = { from = '2019-01-01T12:00', to = '2019-01-02' }\nisel.lat = [2, 0]");
    assert_eq!(data.grid.shape(), [5, 2, 3]);
    assert_eq!(numbers(&data, 1, 0), [52.0, 51.0]);
    assert_eq!(data.response.values[data.grid.ravel(&[4, 1, 2])], t2m(0, 3, 2, 4));
    assert_eq!(select("sel.region = 'south'").grid.shape(), [5, 1, 4]);
    assert_eq!(select("isel.lon = { from = 1, step = 2 }").grid.shape(), [2, 3, 4]);
    let data = read(
        "packed.nc",
        "response = 't2m'\naxes = ['lat', 'lon']\nsel.member = 1\nsel.time = 1043148",
    );
    assert_eq!(data.response.values[data.grid.ravel(&[2, 3])], t2m(1, 1, 2, 3));
    let bad = |s: &str| error("packed.nc", &format!("{PACKED}{s}"));
    assert!(bad("sel.time = '2020'").contains("2019-01-01 to 2019-01-02T12:00:00"));
    assert!(bad("sel.time = 'now'").contains("is not a date"));
    assert!(
        bad("sel.tim = 3").contains("no dimension or coordinate \"tim\"; did you mean \"time\"")
    );
    assert!(bad("sel.region = 'west'").contains("\"north\""));
}

#[test]
fn a_dimension_that_is_no_axis_must_be_chosen() {
    let message = error("packed.nc", "response = 't2m'\naxes = ['lat', 'lon', 'time']");
    assert!(message.contains("\"member\" with 2 points that is not an axis"), "{message}");
    assert!(message.contains("data.sel.member"), "{message}");
}

#[test]
fn covariates_of_the_same_file() {
    let data = read(
        "packed.nc",
        &format!(
            "{PACKED}isel.lon = [0, 2]\ncovariates.height = {{}}\n\
             covariates.warming = {{ variable = 'gmst', along = 'time', center = true }}\n\
             covariates.lat = {{}}\n"
        ),
    );
    let height = data.covariate("height").unwrap();
    assert_eq!((height.axes.as_slice(), height.units.as_deref()), (&[0, 1][..], Some("m")));
    assert_eq!(height.values, [0.0, 1.0, 2.0, 20.0, 21.0, 22.0]);
    assert_eq!(data.covariate("warming").unwrap().axes, [2]);
    assert_eq!(data.covariate("warming").unwrap().values, [-2.0, -1.0, 0.0, 3.0]);
    assert_eq!(data.covariate("lat").unwrap().values, [52.0, 51.5, 51.0]);
    let bad = |s: &str| error("packed.nc", &format!("{PACKED}covariates.{s}"));
    assert!(bad("height = { along = 'lat' }").contains("lies along \"lon\", \"lat\""));
    assert!(bad("broken = {}").contains("it is missing at lat = 51"));
    assert!(bad("number = {}").contains("a single number"));
    assert!(bad("gmts = {}").contains("did you mean \"gmst\""));
    assert!(bad("region = {}").contains("holds text"));
}

#[test]
fn the_classic_format_with_stations() {
    let spec = "response = 'tmax'\naxes.station = ['lon', 'lat', 'name']\naxes.time = 'time'";
    let data = read("classic.nc", spec);
    assert_eq!(data.response.values, [1.0, 4.0, 2.0, 0.0, 3.0, 6.0]);
    assert_eq!(data.response.missing_cells(), [3]);
    let names = &data.grid.axes()[0].coordinates()[2].values;
    assert_eq!(*names, Values::Labels(vec!["Porto".into(), "Lisboa".into(), "Faro".into()]));
    assert_eq!(data.grid.axes()[1].coordinates()[0].calendar.as_deref(), Some("noleap"));
    // There is no 29 February in this calendar.
    let one = read("classic.nc", &format!("{spec}\nsel.time = '2000-03-01'\nsel.name = 'Faro'"));
    assert_eq!(one.response.values, [6.0]);
    let data = read("classic.nc", "response = 'unsigned'\naxes = ['station']");
    assert_eq!(data.response.values, [1.0, 255.0, 128.0]);
    assert_eq!(numbers(&data, 0, 0), [0.0, 1.0, 2.0]);
}

#[test]
fn what_stations_are_called_stands_beside_their_coordinates() {
    let numbers = |name: &str, dims: &[&str], v: &[f64]| {
        TreeVariable::new(name, dims, Array::Numbers(v.to_vec()))
    };
    let names = ["Évora", "Porto", "Faro"].map(String::from).to_vec();
    let folder = written(
        &[("station", 3), ("year", 2)],
        vec![
            TreeVariable::new("station", &["station"], Array::Text(names)),
            numbers("lon", &["station"], &[-7.9, -8.6, -7.9]),
            numbers("lat", &["station"], &[38.6, 41.1, 37.0]),
            numbers("year", &["year"], &[2000.0, 2001.0]),
            numbers("t", &["station", "year"], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ],
    );
    let model = "response = 't'\naxes = { station = ['lon', 'lat'], year = 'year' }\n";
    let data = read_written(&folder, model);
    let station = &data.grid.axes()[0];
    assert_eq!(station.describe(1), "station = Porto, lon = -8.6, lat = 41.1");
    assert_eq!(station.coordinates().len(), 2);
    let some = read_written(&folder, &format!("{model}sel.station = ['Porto', 'Faro']\n"));
    assert_eq!(some.response.values, [3.0, 4.0, 5.0, 6.0]);
    assert_eq!(some.grid.axes()[0].describe(1), "station = Faro, lon = -7.9, lat = 37");
}

#[test]
fn variables_in_groups_see_outer_coordinates() {
    let data = read("groups.nc", "response = 'forecast/hourly/z'\naxes = ['x', 'y']");
    assert_eq!(data.response.name, "z");
    assert_eq!(data.response.values, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(numbers(&data, 0, 0), [0.5, 1.0, 4.0]);
    assert_eq!(numbers(&data, 1, 0), [0.0, 1.0]);
    assert!(
        error("groups.nc", "response = 'z'\naxes = ['x']")
            .contains("did you mean \"forecast/hourly/z\"")
    );
}

#[test]
fn variables_and_axes_that_do_not_fit() {
    let bad = |s: &str| error("packed.nc", s);
    let message = bad("response = 't2'\naxes = ['lat', 'lon']");
    assert!(message.contains("no variable \"t2\"; did you mean \"t2m\""), "{message}");
    let message = bad("response = 'curved'\naxes = ['lat', 'latitude']");
    assert!(message.contains("no coordinate \"latitude\"; did you mean \"lat\""), "{message}");
    assert!(bad("response = 'region'\naxes = ['lat']").contains("holds text"));
    assert!(bad("response = 'height'\naxes = ['curved', 'lon']").contains("[lat, lon]"));
    assert!(
        bad("response = 'height'\naxes = ['lat', 'time']").contains("on the dimension \"time\"")
    );
    assert!(bad("response = 'height'\naxes.place = ['lat', 'lon']").contains("one dimension"));
    assert!(bad("response = 'height'\naxes.a = 'lat'\naxes.b = 'region'").contains("both lie on"));
    assert!(bad("response = 'lost'\naxes = ['lat', 'lon']").contains("nothing to fit"));
}

#[test]
fn files_that_are_no_netcdf() {
    let folder = tempfile::tempdir().unwrap();
    let spec: DataSpec = toml::from_str(PACKED).unwrap();
    let fails = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let message = gridgp_io::read(&path, &spec).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
        message
    };
    assert!(fails("page.nc", b"<html>404</html>").contains("does not start like one"));
    assert!(fails("empty.nc", b"").contains("empty"));
    for name in ["packed.nc", "classic.nc"] {
        let whole = std::fs::read(file(name)).unwrap();
        for part in 1..20 {
            let message = fails("part.nc", &whole[..whole.len() * part / 20]);
            assert!(message.contains("truncated"), "{message}");
        }
    }
    // Recognized by its content, whatever it is called.
    let path = folder.path().join("data.csv");
    std::fs::copy(file("packed.nc"), &path).unwrap();
    assert_eq!(gridgp_io::read(&path, &spec).unwrap().grid.shape(), [5, 3, 4]);
}

#[test]
fn reanalysis_agrees_with_python() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/era5_uk_t2m_2019_03.nc");
    if !Path::new(path).exists() {
        eprintln!("skipped: {path} is not there");
        return;
    }
    let spec = "response = 't2m'\naxes = ['latitude', 'longitude', 'time']";
    let data = gridgp_io::read(Path::new(path), &toml::from_str(spec).unwrap()).unwrap();
    assert_eq!(data.grid.shape(), [33, 49, 744]);
    assert_eq!(data.response.missing, None);
    let n = data.grid.len() as f64;
    let mean = data.response.values.iter().sum::<f64>() / n;
    let variance = data.response.values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    approx::assert_relative_eq!(mean, 280.774_058_584_798_1, max_relative = 1e-9);
    approx::assert_relative_eq!(variance.sqrt(), 2.287_916_146_524_333_6, max_relative = 1e-9);
    assert_eq!(data.response.units.as_deref(), Some("K"));
    approx::assert_relative_eq!(
        data.response.values[data.grid.ravel(&[5, 7, 100])],
        280.323_97,
        max_relative = 1e-7
    );
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.nc");
    let classic = "response = 'tmax'\naxes.station = ['lon', 'lat', 'name']\naxes.time = 'time'";
    for (name, spec) in [("classic.nc", classic), ("packed.nc", PACKED)] {
        let spec: DataSpec = toml::from_str(spec).unwrap();
        let whole = std::fs::read(file(name)).unwrap();
        let mut refused = 0;
        for i in (0..whole.len()).step_by(whole.len() / 150) {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[i] ^= flip;
                std::fs::write(&path, bytes).unwrap();
                let summary = gridgp_io::summarize(&path, None).map(|_| ());
                for result in [gridgp_io::read(&path, &spec).map(|_| ()), summary] {
                    if let Err(e) = result {
                        assert!(e.to_string().contains("damaged.nc"), "{e}");
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > 50, "only {refused} damages of {name} were noticed");
    }
}

#[test]
fn coordinates_must_be_finite_and_distinct() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let spec: DataSpec = toml::from_str("response = 'y'\naxes = ['x']").unwrap();
    let message = |x: Vec<f64>| {
        let tree = NetcdfTree {
            dims: vec![("x".into(), 2)],
            variables: vec![
                TreeVariable::new("x", &["x"], Array::Numbers(x)),
                TreeVariable::new("y", &["x"], Array::Integers(vec![1, 2])),
            ],
            ..NetcdfTree::default()
        };
        gridgp_io::write_tree(&path, &tree).unwrap();
        gridgp_io::read(&path, &spec).unwrap_err().to_string()
    };
    assert!(message(vec![0.0, f64::NAN]).contains("x.nc: axis \"x\": coordinate \"x\" is NaN"));
    assert!(message(vec![0.0, f64::INFINITY]).contains("is inf at position 1"));
    assert!(message(vec![2.0, 2.0]).contains("x = 2 occurs twice"));
}

/// A file with these variables on dimensions of these lengths.
fn written(dims: &[(&str, usize)], variables: Vec<TreeVariable>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dims = dims.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    let tree = NetcdfTree { dims, variables, ..NetcdfTree::default() };
    gridgp_io::write_tree(&folder.path().join("data.nc"), &tree).unwrap();
    folder
}

fn read_written(folder: &tempfile::TempDir, spec: &str) -> Dataset {
    gridgp_io::read(&folder.path().join("data.nc"), &toml::from_str::<DataSpec>(spec).unwrap())
        .unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn what_is_missing_and_what_is_a_label_as_the_file_and_the_model_say() {
    // Cases 04 and 06: a missing value as text, and absolute times.
    let folder = written(
        &[("time", 3), ("id", 2)],
        vec![
            TreeVariable::new(
                "time",
                &["time"],
                Array::Numbers(vec![20190115.0, 20190215.0, 20190315.5]),
            )
            .with("units", "day as %Y%m%d.%f"),
            TreeVariable::new(
                "day",
                &["time"],
                Array::Integers(vec![20190131, 20190201, 20190301]),
            ),
            TreeVariable::new("id", &["id"], Array::Integers(vec![7, 12])),
            TreeVariable::new(
                "t",
                &["time", "id"],
                Array::Numbers(vec![1.0, -999.0, 3.0, 4.0, 5.0, -99.0]),
            )
            .with("missing_value", "-999."),
        ],
    );
    let data = read_written(&folder, "response = 't'\naxes = ['time', 'id']");
    assert_eq!(data.response.missing_cells(), [1]);
    let time = &data.grid.axes()[0].coordinates()[0];
    assert_eq!(time.values, Values::Numbers(vec![17911.0, 17942.0, 17970.5]));
    assert_eq!(time.units.as_deref(), Some("days since 1970-01-01"));
    let spec = "response = 't'\nmissing = -99\naxes.id = { labels = true }\n\
                axes.time = { coordinates = 'day', format = '%Y%m%d' }\nsel.id = '12'";
    let data = read_written(&folder, spec);
    assert_eq!(data.response.missing_cells(), [0, 2]);
    assert_eq!(data.grid.axes()[0].coordinates()[0].values, Values::Labels(vec!["12".into()]));
    assert_eq!(numbers(&data, 1, 0), [17927.0, 17928.0, 17956.0]);
}

#[test]
fn what_belongs_to_another_variable_is_no_response() {
    let field = |name: &str, dims: &[&str]| {
        let cells = dims.iter().map(|d| if *d == "corner" { 4 } else { 3 }).product::<u32>();
        TreeVariable::new(name, dims, Array::Numbers((0..cells).map(f64::from).collect()))
    };
    let variables = vec![
        field("tos", &["y", "x"]).with("coordinates", "lat lon").with("grid_mapping", "crs"),
        field("lat", &["y", "x"]).with("bounds", "corners_of_lat"),
        field("lon", &["y", "x"]).with("standard_name", "longitude"),
        field("corners_of_lat", &["y", "x", "corner"]),
        field("faces", &["y", "x", "corner"]),
        field("mesh", &["y"]).with("face_node_connectivity", "faces").with("cf_role", "mesh"),
        field("quality", &["y", "x", "corner"]).with("flag_meanings", "good bad"),
        field("crs", &["y", "x", "corner"]),
    ];
    let folder = written(&[("y", 3), ("x", 3), ("corner", 4)], variables);
    let path = folder.path().join("data.nc");
    let summary = gridgp_io::summarize(&path, None).unwrap();
    assert_eq!(summary.guess.unwrap().response, "tos");
    let rest: Vec<&str> =
        summary.variables.iter().filter(|v| !v.is_part).map(|v| v.name.as_str()).collect();
    assert_eq!(rest, ["tos"]);
    let guess = gridgp_io::summarize(&path, Some("lat")).unwrap().guess.unwrap();
    assert_eq!((guess.response.as_str(), guess.axes.len()), ("lat", 2));
    let e = gridgp_io::summarize(&path, Some("toss")).unwrap_err().to_string();
    assert!(e.contains("no variable \"toss\"; did you mean \"tos\""), "{e}");
}
