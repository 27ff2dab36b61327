//! NetCDF files made by Python (see `data/make.py`) as data on grids.

use std::path::{Path, PathBuf};

use gridgp_grid::{Dataset, Values};
use gridgp_io::{Array, NetcdfTree, TreeVariable};
use gridgp_model::spec::DataSpec;
use netcdf_writer::{
    NcAttrValue, NcFileBuilder, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId,
};

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
    assert!(bad("broken = {}").contains("\"broken\" is missing at "));
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
    assert_eq!(data.response.name, "forecast/hourly/z");
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
fn what_a_file_cannot_hold_is_refused_before_it_is_read() {
    let spec = "response = 'x'\naxes = ['dim_3']";
    assert!(error("cycle.nc", spec).contains("\"up\" lies inside of itself"));
    assert!(error("fan.nc", spec).contains("more than 10000 groups"));
    let hollow = error("hollow.nc", "response = 'x'\naxes = ['dim_134217728']");
    assert!(hollow.contains("has 134217728 values by its header"), "{hollow}");
    assert_eq!(read("hollow.nc", "response = 'y'\naxes = ['dim_3']").grid.len(), 3);
    let message = gridgp_io::summarize(&file("hollow.nc"), None).unwrap_err().to_string();
    assert!(message.contains("more than a file of"), "{message}");
}

#[test]
fn compression_that_is_not_read_is_named() {
    let message = error("lzf.nc", "response = 'x'\naxes = ['dim_300']");
    assert!(message.contains("\"x\" is compressed with LZF (HDF5 filter 32000)"), "{message}");
    assert!(message.contains("nccopy") && !message.contains("damaged"), "{message}");
}

/// The header of a classic file promises values up to its end.
#[test]
fn a_byte_lost_from_a_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lost.nc");
    for (name, spec) in
        [("classic.nc", "response = 'lon'\naxes = ['station']"), ("packed.nc", PACKED)]
    {
        let whole = std::fs::read(file(name)).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            std::fs::write(&path, [&whole[..at], &whole[at + 1..]].concat()).unwrap();
            let found = gridgp_io::read(&path, &toml::from_str(spec).unwrap());
            let message = found.unwrap_err().to_string();
            assert!(message.contains("lost.nc"), "{name} without byte {at}: {message}");
        }
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

/// A file with the variable `y` on the dimension `x`, and the coordinate `x` of 0, 1, 2 …
fn made<T: NcWriteType>(
    folder: &Path,
    values: &[T],
    attributes: &[(&str, NcAttrValue)],
    coordinate: impl FnOnce(&mut NcFileBuilder, &[netcdf_writer::DimensionId]) -> VariableId,
) -> PathBuf {
    let mut file = NcFileBuilder::new();
    let dims = [file.add_dimension("x", values.len() as u64).unwrap()];
    let y = file.add_variable_path::<T>("y", &dims).unwrap();
    for (name, value) in attributes {
        file.add_variable_attribute(y, *name, value.clone()).unwrap();
    }
    file.write_variable(y, values).unwrap();
    coordinate(&mut file, &dims);
    let (_, bytes) = file.to_vec(NcWriteOptions { format: NcWriteFormat::Nc4 }).unwrap();
    let path = folder.join("made.nc");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A coordinate of these numbers, with text attributes.
fn on_x<'a, T: NcWriteType>(
    values: &'a [T],
    attributes: &'a [(&'a str, &'a str)],
) -> impl FnOnce(&mut NcFileBuilder, &[netcdf_writer::DimensionId]) -> VariableId + 'a {
    move |file, dims| {
        let x = file.add_variable_path::<T>("x", dims).unwrap();
        for (name, text) in attributes {
            let text = NcAttrValue::Chars((*text).into());
            file.add_variable_attribute(x, *name, text).unwrap();
        }
        file.write_variable(x, values).unwrap();
        x
    }
}

fn data_of(path: &Path, more: &str) -> Dataset {
    let spec = format!("response = 'y'\naxes = ['x']\n{more}");
    gridgp_io::read(path, &toml::from_str::<DataSpec>(&spec).unwrap()).unwrap()
}

#[test]
fn cells_that_were_never_written_are_missing_in_every_type() {
    fn missing<T: NcWriteType>(values: &[T]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let path = made(folder.path(), values, &[], on_x(&[0.0, 1.0, 2.0], &[]));
        data_of(&path, "").response.missing_cells()
    }
    assert_eq!(missing(&[1i16, -32767, 3]), [1]);
    assert_eq!(missing(&[1u16, 65535, 3]), [1]);
    assert_eq!(missing(&[1i32, -2_147_483_647, 3]), [1]);
    assert_eq!(missing(&[1u32, 4_294_967_295, 3]), [1]);
    assert_eq!(missing(&[1i64, -9_223_372_036_854_775_806, 3]), [1]);
    assert_eq!(missing(&[1u64, 18_446_744_073_709_551_614, 3]), [1]);
    assert_eq!(missing(&[1f32, 9.969_21e36, 3.0]), [1]);
    assert_eq!(missing(&[1f64, 9.969_209_968_386_869e36, 3.0]), [1]);
    // A byte has no room for such a value.
    assert!(missing(&[1u8, 255, 3]).is_empty() && missing(&[1i8, -127, 3]).is_empty());
}

#[test]
fn a_valid_range_is_in_the_unit_that_its_type_says() {
    let read = |range: NcAttrValue, scale: NcAttrValue| {
        let folder = tempfile::tempdir().unwrap();
        // 15, -30 and 90 degrees.
        let attributes = [("scale_factor", scale), ("valid_range", range)];
        let path =
            made(folder.path(), &[1500i16, -3000, 9000], &attributes, on_x(&[0.0, 1.0, 2.0], &[]));
        data_of(&path, "").response.missing_cells()
    };
    let (double, single) = (NcAttrValue::Doubles(vec![0.01]), NcAttrValue::Floats(vec![0.01]));
    // Of the type of the scale: degrees. Of that of the stored numbers: hundredths.
    assert_eq!(read(NcAttrValue::Doubles(vec![-40.0, 45.0]), double.clone()), [2]);
    assert_eq!(read(NcAttrValue::Floats(vec![-40.0, 45.0]), single), [2]);
    assert_eq!(read(NcAttrValue::Shorts(vec![-2000, 4500]), double.clone()), [1, 2]);
    // Degrees in the type of hundredths, as netCDF4 for Python writes them unasked.
    let folder = tempfile::tempdir().unwrap();
    let range = ("valid_range", NcAttrValue::Shorts(vec![-2, 45]));
    let attributes = [("scale_factor", double), range];
    let path = made(folder.path(), &[1500i16, -3000], &attributes, on_x(&[0.0, 1.0], &[]));
    let spec = toml::from_str::<DataSpec>("response = 'y'\naxes = ['x']").unwrap();
    let e = gridgp_io::read(&path, &spec).unwrap_err().to_string();
    assert!(e.contains("\"y\" is missing or excluded by its attribute valid_range"), "{e}");
}

#[test]
fn single_precision_coordinates_are_found_by_their_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let lat: Vec<f32> = (0..21).map(|i| (f64::from(i) / 10.0) as f32).collect();
    let path = made(folder.path(), &[1.5; 21], &[], on_x(&lat, &[("units", "degrees_north")]));
    let kept = |sel: &str| data_of(&path, &format!("sel.x = {sel}")).grid.len();
    assert_eq!(kept("{ from = 0.2, to = 0.6 }"), 5);
    assert_eq!(kept("[0.1, 0.3]"), 2);
    assert_eq!(kept("0.7"), 1);
    let c = &data_of(&path, "").grid.axes()[0].coordinates()[0].clone();
    assert_eq!((c.stored.dtype.as_deref(), c.show(1)), (Some("float32"), "0.1".into()));
}

#[test]
fn a_range_of_longitudes_goes_east_across_the_date_line() {
    let folder = tempfile::tempdir().unwrap();
    for first in [0, -180] {
        let lon: Vec<f64> = (0..36).map(|i| f64::from(first + 10 * i)).collect();
        let path = made(folder.path(), &[1.5; 36], &[], on_x(&lon, &[("units", "degrees_east")]));
        let kept = |sel: &str| data_of(&path, &format!("sel.x = {sel}")).grid.len();
        assert_eq!(kept("{ from = 150, to = -150 }"), 7, "{first}");
        assert_eq!(kept("{ from = -10, to = 10 }"), 3, "{first}");
        assert_eq!(kept("{ from = 350, to = 370 }"), 3, "{first}");
        assert_eq!(kept("{ from = -180, to = 180 }"), 36, "{first}");
        assert_eq!(kept("{ from = 12, to = 29 }"), 1, "{first}");
        assert_eq!(kept("[-10, 350, 20]"), 2, "{first}");
        let spec = "response = 'y'\naxes = ['x']\nsel.x = 5";
        assert!(gridgp_io::read(&path, &toml::from_str(spec).unwrap()).is_err());
        // Distances are right on both sides of the seam.
        let data = data_of(&path, "sel.x = { from = 150, to = -150 }");
        let mut x: Vec<f64> = data.grid.axes()[0].points().column(0).collect();
        x.sort_by(f64::total_cmp);
        assert_eq!((x.len(), x[6] - x[0]), (7, 60.0), "{first}");
    }
}

/// The same times in every type, unit and calendar are the same coordinate, exactly.
#[test]
fn whole_numbers_of_times_are_exact_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    for calendar in ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360"] {
        let mut first: Option<(Vec<f64>, Vec<String>)> = None;
        for (step, times) in
            [("seconds", 600), ("minutes", 10), ("milliseconds", 600_000), ("ns", 600_000_000_000)]
        {
            let whole: Vec<i64> = (0..9).map(|i| (1_000_000 + i) * times).collect();
            let units = format!("{step} since 1999-03-01 00:00:00 +01:00");
            let attributes = [("units", units.as_str()), ("calendar", calendar)];
            let path = made(folder.path(), &[1.5; 9], &[], on_x(&whole, &attributes));
            let data = data_of(&path, "");
            let c = &data.grid.axes()[0].coordinates()[0];
            assert_eq!(c.ticks().unwrap().values(), whole);
            let in_days = "response = 'y'\naxes.x = { units = 'days' }";
            let days = gridgp_io::read(&path, &toml::from_str(in_days).unwrap()).unwrap();
            let Values::Numbers(values) = &days.grid.axes()[0].coordinates()[0].values else {
                panic!("times are numbers")
            };
            let written = folder.path().join("out.nc");
            let out = gridgp_fit::GridOutput {
                grid: days.grid.clone(),
                extra: vec![],
                variables: vec![gridgp_fit::OutputVariable::new("y", &["x"], vec![1.5; 9])],
                attributes: vec![],
            };
            gridgp_io::write_grid(&written, &out).unwrap();
            assert_eq!(data_of(&written, "").grid, days.grid, "{calendar} {step}");
            let table = folder.path().join("out.csv");
            gridgp_io::write_grid(&table, &out).unwrap();
            let text = std::fs::read_to_string(&table).unwrap();
            let column = text.lines().skip(1).map(|l| l.split(',').next().unwrap().to_owned());
            let found = (values.clone(), column.collect::<Vec<_>>());
            let first = first.get_or_insert_with(|| found.clone());
            assert_eq!(*first, found, "{calendar} {step}");
        }
        if calendar == "standard" {
            let (_, dates) = first.unwrap();
            assert_eq!(dates[1], "2018-03-05T09:50:00");
        }
    }
}

#[test]
fn times_in_a_table_and_in_a_file_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("t.csv");
    std::fs::write(
        &table,
        "x,y\n2019-03-01T00:10,1.5\n2019-03-01T00:20:00Z,1.5\n2019-03-01T01:30+01:00,1.5\n",
    )
    .unwrap();
    let of_table = data_of(&table, "");
    let minutes = [("units", "minutes since 2019-03-01")];
    let path = made(folder.path(), &[1.5; 3], &[], on_x(&[10i32, 20, 30], &minutes));
    let of_file = data_of(&path, "");
    let fit = &of_table.grid.axes()[0];
    let new = gridgp_io::points_like(fit, of_file.grid.axes()[0].coordinates()).unwrap();
    assert_eq!(new, fit.points());
    let ticks = fit.coordinates()[0].ticks().unwrap();
    assert_eq!(ticks.dates(None).unwrap()[2].to_string(), "2019-03-01T00:30:00");
    // A unit that is no time, and a calendar that nobody knows, leave numbers.
    for attributes in [
        [("units", "months since 2019-03-01"), ("a", "b")],
        [("units", "days since 2019-03-01"), ("calendar", "martian")],
    ] {
        let path = made(folder.path(), &[1.5; 3], &[], on_x(&[10i32, 20, 30], &attributes));
        let data = data_of(&path, "");
        assert_eq!(
            (numbers(&data, 0, 0), data.grid.axes()[0].coordinates()[0].calendar.clone()),
            (&[10.0, 20.0, 30.0][..], None)
        );
    }
}
