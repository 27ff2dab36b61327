use gridgp_grid::Coordinate;

use super::*;

fn numbers(name: &str, n: usize) -> Dimension {
    Dimension::numbers(name, (0..n).map(|i| i as f64).collect())
}

fn explorer(x: Dimension, y: Dimension, steps: Vec<Dimension>, values: Vec<f64>) -> Explorer {
    let layer = Layer {
        title: "a".into(),
        quantity: Quantity::new("a", Some("degC")),
        range: Range::Values,
        scale: 0,
        role: Role::Mean,
        values,
    };
    let surface = Surface::Plane { x, y };
    Explorer { name: "n".into(), surface, steps, layers: vec![layer], notes: vec![] }
}

fn codes(data: &Value) -> Vec<u16> {
    use base64::Engine;
    let text = data["layers"][0]["values"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    bytes.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
}

fn at<'a>(data: &'a Value, pointer: &str) -> Vec<&'a str> {
    data.pointer(pointer).unwrap().as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn planes_steps_and_missing_values_keep_their_places() {
    let mut values: Vec<f64> = (0..12).map(f64::from).collect();
    values[4] = f64::NAN;
    let e = explorer(numbers("x", 3), numbers("y", 2), vec![numbers("t", 2)], values);
    let (data, notes) = e.data().unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let codes = codes(&data);
    assert_eq!((codes[0], codes[4], codes[11]), (0, 65535, 65534));
    assert_eq!(data["layers"][0]["limits"], json!([0.0, 11.0]));
    assert_eq!(at(&data, "/steps/0/at"), ["0", "1"]);
    assert_eq!(data["geo"], false);
    assert_eq!(data["layers"][0]["unit"], "°C");
}

#[test]
fn one_point_one_row_and_a_constant_are_drawn() {
    for (columns, rows) in [(1, 1), (1, 7), (7, 1), (3, 3)] {
        let values = vec![2.5; columns * rows];
        let e = explorer(numbers("x", columns), numbers("y", rows), vec![], values);
        let (data, notes) = e.data().unwrap();
        assert!(notes.is_empty());
        let limits = data["layers"][0]["limits"].as_array().unwrap().clone();
        assert!(limits[0].as_f64() < Some(2.5) && limits[1].as_f64() > Some(2.5), "{limits:?}");
        assert_eq!(codes(&data), vec![0; columns * rows]);
        assert_eq!(data["x"]["edges"].as_array().unwrap().len(), columns + 1);
        assert!(!data["x"]["ticks"][3].as_array().unwrap().is_empty());
    }
}

#[test]
fn where_everything_is_missing_the_page_says_so() {
    let e = explorer(numbers("x", 2), numbers("y", 2), vec![], vec![f64::NAN; 4]);
    let mut page = String::new();
    e.write(&mut page, 1).unwrap();
    assert!(page.contains("Every value is missing."), "{page}");
    assert!(page.contains("\"limits\":null"));
}

#[test]
fn a_million_cells_become_blocks_and_a_long_slider_is_thinned() {
    let values = (0..1_000_000).map(|i| f64::from(i % 1000)).collect();
    let e = explorer(numbers("x", 1000), numbers("y", 1000), vec![], values);
    let (data, notes) = e.data().unwrap();
    assert!(notes[0].contains("1000 × 1000 cells, shown as means of blocks of 7 × 7"), "{notes:?}");
    assert_eq!(codes(&data).len(), 143 * 143);
    assert_eq!(at(&data, "/x/at")[0], "0 … 6");

    let values = vec![1.0; 100 * 100 * 120];
    let steps = vec![numbers("hour", 120)];
    let (data, notes) =
        explorer(numbers("x", 100), numbers("y", 100), steps, values).data().unwrap();
    assert!(notes[0].contains("one of every 3 of the 120 points along hour"), "{notes:?}");
    assert_eq!(at(&data, "/steps/0/at").len(), 40);
    assert!(data.to_string().len() < 1_500_000);
}

#[test]
fn dates_before_1900_are_dates() {
    let time = Coordinate::numbers("time", vec![0.0, 31.0]).with_units("days since 1850-01-01");
    let steps = vec![Dimension::of(&time)];
    let e = explorer(numbers("x", 2), numbers("y", 1), steps, vec![0.0, 1.0, 2.0, 3.0]);
    let (data, _) = e.data().unwrap();
    assert_eq!(at(&data, "/steps/0/at"), ["1850-01-01", "1850-02-01"]);
}

#[test]
fn maps_cross_the_date_line_with_their_coasts() {
    let lon = Coordinate::numbers("lon", vec![170.0, 175.0, 180.0, -175.0, -170.0]);
    let lat = Coordinate::numbers("lat", vec![-20.0, -15.0]);
    let (x, y) = (Dimension::of(&lon), Dimension::of(&lat));
    let (data, _) = explorer(x, y, vec![], vec![1.0; 10]).data().unwrap();
    assert_eq!(data["geo"], true);
    assert_eq!(at(&data, "/x/at"), ["170°E", "175°E", "180°", "175°W", "170°W"]);
    // Fiji lies on both sides.
    let unit = data["outlines"]["unit"].as_f64().unwrap();
    let lines = data["outlines"]["lines"].as_array().unwrap();
    assert!(!lines.is_empty());
    for line in lines {
        let first = line[1].as_f64().unwrap() * unit;
        assert!((165.0..195.0).contains(&first), "{first}");
    }
}

#[test]
fn points_have_names_and_room_around_them() {
    let mut e = explorer(numbers("x", 1), numbers("y", 1), vec![], vec![1.0, f64::NAN]);
    e.surface = Surface::Points {
        lon: vec![-179.0, 179.0],
        lat: vec![10.0, 10.0],
        names: vec!["a".into(), "<b>".into()],
    };
    let (data, _) = e.data().unwrap();
    assert_eq!(data["points"]["x"], json!([181.0, 179.0]));
    let edges = data["x"]["edges"].as_array().unwrap();
    assert!(edges[0].as_f64() < Some(179.0) && edges[1].as_f64() > Some(181.0));
    e.surface = Surface::Points { lon: vec![1.0], lat: vec![], names: vec![] };
    assert!(e.data().unwrap_err().to_string().contains("do not make points"));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let e = explorer(numbers("x", 2), numbers("y", 2), vec![], vec![0.0; 3]);
    assert!(e.data().unwrap_err().to_string().contains("3 values for 1 planes of 4"));
}

#[test]
fn one_storm_does_not_take_all_colors() {
    let mut values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
    let limits = |v: &[f64]| Limits::of(v.to_vec()).unwrap();
    assert_eq!(limits(&values), Limits { low: 0.0, high: 19.0, below: false, above: false });
    values[7] = 500.0;
    assert_eq!(limits(&values), Limits { low: 0.0, high: 19.0, below: false, above: true });
    let around = limits(&values).around(Range::AroundZero);
    assert_eq!((around.low, around.high), (-19.0, 19.0));
    // A step is no storm.
    values[..200].fill(-500.0);
    assert_eq!(limits(&values).low, -500.0);
    assert_eq!(Limits::of(vec![f64::NAN]), None);
}

#[test]
fn digits_suit_the_range() {
    let mean = |low, high| digits(Some((low, high)), Role::Mean);
    assert_eq!([mean(18.0, 30.0), mean(0.0, 0.1), mean(3.0, 3.0)], [Some(2), Some(4), Some(3)]);
    assert_eq!(mean(0.0, 1e7), None);
    assert_eq!(digits(Some((0.15, 0.17)), Role::Spread), Some(4));
}
