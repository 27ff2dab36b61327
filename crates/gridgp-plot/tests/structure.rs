//! What is in the pictures: marks, names, limits. And pictures of data that are hardly any.

use gridgp_grid::Coordinate;
use gridgp_plot::{
    Calibration, Chains, ColorMap, Densities, Dimension, Figure, HeatMap, Loss, Map, Marginal,
    PairPlot, Panel, Part, Places, Projection, Quantity, Range, RankPlot, ReturnLevels, Series,
    Style, Trace,
};

/// The texts of a class, in their order.
fn texts(figure: &Figure, class: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(figure.svg()).expect("well-formed");
    let found = tree.descendants().filter(|n| n.attribute("class") == Some(class));
    found.filter_map(|n| n.text().map(str::to_owned)).collect()
}

/// How many marks of a class there are.
fn count(figure: &Figure, class: &str) -> usize {
    let tree = roxmltree::Document::parse(figure.svg()).expect("well-formed");
    tree.descendants().filter(|n| n.attribute("class") == Some(class)).count()
}

/// Every text lies on the page, and every renderer takes the picture.
fn check(figure: &Figure) {
    let tree = roxmltree::Document::parse(figure.svg()).expect("well-formed");
    let number = |n: &roxmltree::Node<'_, '_>, name: &str| -> f64 {
        n.attribute(name).unwrap().trim_end_matches("pt").parse().unwrap()
    };
    let root = tree.root_element();
    let (width, height) = (number(&root, "width"), number(&root, "height"));
    for n in tree.descendants().filter(|n| n.has_tag_name("text")) {
        let (x, y) = (number(&n, "x"), number(&n, "y"));
        let on_page = (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
        assert!(on_page, "{:?} at {x}, {y} of {width} x {height}", n.text());
    }
    assert!(!figure.svg().contains("NaN") && !figure.svg().contains("inf"));
    #[cfg(feature = "png")]
    assert!(figure.png(72.0).unwrap().len() > 100);
    #[cfg(feature = "pdf")]
    assert!(figure.pdf().unwrap().len() > 100);
}

fn heat(x: Vec<f64>, y: Vec<f64>, values: Vec<f64>) -> HeatMap {
    HeatMap {
        x: Dimension::numbers("x", x),
        y: Dimension::numbers("y", y),
        quantity: Quantity::new("v", Some("m s-1")),
        range: Range::Values,
        panels: vec![Panel { title: String::new(), values }],
        notes: vec![],
    }
}

fn plain() -> Style {
    Style::default()
}

#[test]
fn a_heat_map_says_what_it_shows() {
    let map =
        heat(vec![0.0, 1.0, 2.0, 3.0], vec![10.0, 20.0, 40.0], (0..12).map(f64::from).collect());
    let f = map.draw(&plain()).unwrap();
    check(&f);
    assert_eq!(texts(&f, "x-label"), ["x"]);
    assert_eq!(texts(&f, "y-label"), ["y"]);
    assert_eq!(texts(&f, "color-label"), ["v (m s⁻¹)"]);
    assert_eq!(texts(&f, "x-tick"), ["0", "1", "2", "3"]);
    assert_eq!(texts(&f, "color-tick"), ["0", "2", "4", "6", "8", "10"]);
    // Every value has its own color, and nothing is missing.
    assert_eq!((count(&f, "cells"), count(&f, "cells missing")), (12, 0));
    assert_eq!(texts(&f, "missing-label").len(), 0);
    // Unevenly spaced rows are as high as their distances: edges at 5, 15, 30, 50.
    let tree = roxmltree::Document::parse(f.svg()).unwrap();
    let heights: Vec<f64> = tree
        .descendants()
        .filter(|n| n.attribute("class") == Some("cells"))
        .map(|n| {
            let d = n.attribute("d").unwrap();
            let v = d.split('v').nth(1).unwrap();
            v[..v.find('h').unwrap()].parse::<f64>().unwrap().abs()
        })
        .collect();
    let (low, high) = heights.iter().fold((f64::MAX, 0.0f64), |(a, b), &h| (a.min(h), b.max(h)));
    assert!((high / low - 2.0).abs() < 0.05, "{low} {high}");
}

#[test]
fn limits_are_kept_and_said() {
    let map = heat(vec![0.0, 1.0], vec![0.0, 1.0], vec![-5.0, 0.0, 0.4, 9.0]);
    let style = Style { limits: Some((-1.0, 1.0)), ..plain() };
    let f = map.draw(&style).unwrap();
    check(&f);
    assert_eq!(texts(&f, "color-tick"), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
    // A triangle is filled and framed.
    assert_eq!((count(&f, "above-limits"), count(&f, "below-limits")), (2, 2));
    let residual = HeatMap { range: Range::AroundZero, ..map };
    let f = residual.draw(&plain()).unwrap();
    let ticks = texts(&f, "color-tick");
    assert!(ticks.contains(&"−5".into()) && ticks.contains(&"5".into()), "{ticks:?}");
    assert!(f.svg().contains("fill=\"#f7f7f7\""), "zero is white");
    let odd = Style { limits: Some((0.0, 3.0)), ..plain() };
    let e = residual.draw(&odd).unwrap_err().to_string();
    assert!(e.contains("-3,3") && e.contains("viridis"), "{e}");
    let plain_colors = Style { colors: Some(ColorMap::Cividis), ..odd };
    assert!(residual.draw(&plain_colors).is_ok());
}

#[test]
fn panels_share_colors_and_axes() {
    let mut map = heat(vec![0.0, 1.0, 2.0], vec![0.0, 1.0], (0..6).map(f64::from).collect());
    map.panels[0].title = "first".into();
    map.panels.push(Panel { title: "second".into(), values: vec![20.0; 6] });
    for (width, labels) in [(85.0, 1), (170.0, 2)] {
        let f = map.draw(&Style { width, ..plain() }).unwrap();
        check(&f);
        assert_eq!((count(&f, "panel"), count(&f, "color-bar")), (2, 1));
        assert_eq!(texts(&f, "panel-title"), ["first", "second"]);
        assert_eq!(texts(&f, "x-label").len(), labels);
        assert_eq!(texts(&f, "color-tick").last().unwrap(), "20");
    }
}

#[test]
fn hardly_any_data_is_drawn_or_refused() {
    let nan = f64::NAN;
    // One point, one row, one column, a constant, zeros, huge and tiny numbers, holes, nothing.
    let cases = [
        (vec![3.0], vec![4.0], vec![7.0]),
        (vec![1.0, 2.0, 3.0], vec![0.0], vec![1.0, 2.0, 3.0]),
        (vec![0.0], vec![1.0, 2.0], vec![1.0, 2.0]),
        (vec![0.0, 1.0], vec![0.0, 1.0], vec![5.0; 4]),
        (vec![0.0, 1.0], vec![0.0, 1.0], vec![0.0; 4]),
        (vec![0.0, 1.0], vec![0.0, 1.0], vec![1e300, -1e300, 0.0, 1.0]),
        (vec![0.0, 1e-9], vec![0.0, 1e12], vec![1e-300, 2e-300, 3e-300, 0.0]),
        (vec![0.0, 1.0], vec![0.0, 1.0], vec![1.0, nan, f64::INFINITY, 2.0]),
        (vec![0.0, 1.0], vec![0.0, 1.0], vec![nan; 4]),
    ];
    for (i, (x, y, values)) in cases.into_iter().enumerate() {
        for range in [Range::Values, Range::AroundZero] {
            let map = HeatMap { range, ..heat(x.clone(), y.clone(), values.clone()) };
            let f = map.draw(&plain()).unwrap_or_else(|e| panic!("case {i}: {e}"));
            check(&f);
            let holes = values.iter().any(|v| !v.is_finite());
            assert_eq!(texts(&f, "missing-label").len(), usize::from(holes), "case {i}");
        }
    }
    let f = heat(vec![0.0, 1.0], vec![0.0], vec![nan; 2]).draw(&plain()).unwrap();
    assert_eq!(texts(&f, "note"), ["every value is missing"]);
    assert_eq!(count(&f, "color-bar"), 0);
    let e = |map: HeatMap| map.draw(&Style::default()).unwrap_err().to_string();
    assert!(e(heat(vec![], vec![1.0], vec![])).contains("no points"));
    assert!(e(heat(vec![0.0, nan], vec![1.0], vec![1.0; 2])).contains("position 1"));
    assert!(e(heat(vec![0.0], vec![1.0], vec![1.0; 2])).contains("1 × 1"));
    assert!(e(HeatMap { panels: vec![], ..heat(vec![0.0], vec![1.0], vec![]) }).contains("panel"));
}

#[test]
fn a_million_cells_are_a_small_file_that_says_so() {
    let axis: Vec<f64> = (0..1000).map(f64::from).collect();
    let values = (0..1_000_000).map(|i| (f64::from(i) * 1e-3).sin()).collect();
    let f = heat(axis.clone(), axis, values).draw(&plain()).unwrap();
    assert_eq!(texts(&f, "note"), ["1000 × 1000 cells, shown as means of blocks of 5 × 5"]);
    assert!(f.svg().len() < 2_000_000, "{}", f.svg().len());
    assert!(count(&f, "cells") <= 257);
}

#[test]
fn dates_before_1900_are_dates() {
    let time = Coordinate::numbers("time", vec![0.0, 5000.0]).with_units("days since 1871-01-01");
    let mut map = heat(vec![0.0, 1.0], vec![0.0], vec![1.0, 2.0]);
    map.x = Dimension::of(&time);
    let f = map.draw(&plain()).unwrap();
    check(&f);
    let ticks = texts(&f, "x-tick");
    assert!(ticks.contains(&"1875".into()) || ticks.contains(&"1870".into()), "{ticks:?}");
}

fn stations(lon: Vec<f64>, lat: Vec<f64>, values: Vec<f64>, projection: Projection) -> Map {
    Map {
        places: Places::Points { lon, lat },
        values,
        quantity: Quantity::new("t", Some("degC")),
        range: Range::Values,
        projection,
        notes: vec![],
    }
}

#[test]
fn maps_have_points_coasts_and_degrees() {
    for (_, projection) in Projection::ALL {
        let (lon, lat) = (vec![-9.1, -3.7, 2.2], vec![38.7, 40.4, 41.4]);
        let f = stations(lon, lat, vec![1.0, f64::NAN, 3.0], projection).draw(&plain()).unwrap();
        check(&f);
        assert_eq!((count(&f, "point"), count(&f, "point missing")), (2, 1), "{projection:?}");
        assert_eq!((count(&f, "coasts"), count(&f, "borders")), (1, 1));
        assert_eq!(texts(&f, "color-label"), ["t (°C)"]);
        assert!(texts(&f, "x-tick").iter().any(|t| t.ends_with("°W")), "{projection:?}");
        assert!(texts(&f, "y-tick").iter().any(|t| t.ends_with("°N")), "{projection:?}");
        assert!(f.svg().len() < 100_000);
    }
}

#[test]
fn maps_go_across_the_date_line_and_around_the_globe() {
    let (lon, lat) = (vec![178.0, -175.0], vec![-18.0, -21.0]);
    let f = stations(lon, lat, vec![1.0, 2.0], Projection::Equirectangular).draw(&plain()).unwrap();
    check(&f);
    let ticks = texts(&f, "x-tick");
    assert!(ticks.contains(&"180°".into()) && ticks.iter().any(|t| t.ends_with("°W")), "{ticks:?}");
    for projection in [Projection::Equirectangular, Projection::Orthographic] {
        let lon: Vec<f64> = (0..36).map(|i| f64::from(i) * 10.0).collect();
        let lat: Vec<f64> = (0..18).map(|i| -85.0 + f64::from(i) * 10.0).collect();
        let map = Map {
            values: (0..648).map(f64::from).collect(),
            places: Places::Cells { lon, lat },
            ..stations(vec![], vec![], vec![], projection)
        };
        let f = map.draw(&plain()).unwrap();
        check(&f);
        assert!(count(&f, "coasts") == 1 && count(&f, "cells") > 100, "{projection:?}");
    }
    let e = |lon: f64, lat: f64, projection| {
        stations(vec![lon], vec![lat], vec![1.0], projection)
            .draw(&plain())
            .unwrap_err()
            .to_string()
    };
    assert!(e(0.0, 91.0, Projection::Equirectangular).contains("pole"));
    assert!(e(1e4, 0.0, Projection::Equirectangular).contains("longitude"));
    assert!(e(0.0, 0.0, Projection::LambertConformal).contains("equator"));
    let one = stations(vec![7.0], vec![0.0], vec![f64::NAN], Projection::Orthographic);
    check(&one.draw(&plain()).unwrap());
}

#[test]
fn series_have_bands_gaps_and_keys() {
    let series = Series {
        x: Dimension::numbers("x", (0..10).map(f64::from).collect()),
        y: Quantity::new("y", None),
        parts: vec![
            ("m|90 %".into(), Part::Band { lower: vec![0.0; 10], upper: vec![2.0; 10] }),
            (
                "m|mean".into(),
                Part::Line((0..10).map(|i| if i == 4 { f64::NAN } else { 1.0 }).collect()),
            ),
            ("seen".into(), Part::Points(vec![0.5; 10])),
        ],
        notes: vec![],
    };
    let f = series.draw(&plain()).unwrap();
    check(&f);
    assert_eq!(texts(&f, "key-name"), ["m 90 %", "m mean", "seen"]);
    assert_eq!((count(&f, "band"), count(&f, "line"), count(&f, "observation")), (1, 1, 10));
    let tree = roxmltree::Document::parse(f.svg()).unwrap();
    let line = tree.descendants().find(|n| n.attribute("class") == Some("line")).unwrap();
    assert_eq!(line.attribute("d").unwrap().matches('M').count(), 2, "a gap");
    let short = Series { parts: vec![("a".into(), Part::Line(vec![1.0]))], ..series };
    assert!(short.draw(&plain()).unwrap_err().to_string().contains("10 points"));
    let one = Series { x: Dimension::numbers("x", vec![3.0]), ..short };
    let f = one.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "line-dot"), texts(&f, "x-tick")), (1, vec!["3".to_owned()]));
}

fn parameter(name: &str, shift: f64) -> Chains {
    let draw = |i: u32, c: u32| (f64::from(i * 7 + c * 3) * 0.77).sin() + shift * f64::from(c);
    let draws = (0..4).map(|c| (0..100).map(|i| draw(i, c)).collect()).collect();
    Chains { quantity: Quantity::new(name, None), draws }
}

#[test]
fn chains_are_drawn_one_by_one() {
    let parameters = vec![parameter("a", 0.0), parameter("b", 1.0)];
    let mut divergent = vec![vec![false; 100]; 4];
    divergent[2][5] = true;
    let f = Trace { parameters: parameters.clone(), divergent: divergent.clone() };
    let f = f.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "chain"), count(&f, "density"), count(&f, "divergence")), (8, 8, 2));
    let f = RankPlot { parameters: parameters.clone() }.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "ranks"), texts(&f, "panel-title").len()), (8, 2));
    let f = PairPlot { parameters: parameters.clone(), divergent }.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "draws"), count(&f, "divergence"), count(&f, "panel")), (1, 1, 3));
    let e = PairPlot { parameters: parameters[..1].to_vec(), divergent: vec![] };
    assert!(e.draw(&plain()).unwrap_err().to_string().contains("two to eight"));
    // A chain that never moved.
    let still = Chains { quantity: Quantity::new("c", None), draws: vec![vec![1.0; 50]; 2] };
    check(&Trace { parameters: vec![still.clone()], divergent: vec![] }.draw(&plain()).unwrap());
    check(&RankPlot { parameters: vec![still] }.draw(&plain()).unwrap());
}

#[test]
fn densities_loss_levels_and_calibration() {
    let prior = gridgp_dist::HalfNormal::new(2.0).unwrap().into();
    let mode = Marginal {
        quantity: Quantity::new("sigma", Some("K")),
        prior: Some(prior),
        chains: vec![],
        estimate: Some(0.3),
    };
    let sampled = Marginal { chains: parameter("a", 0.0).draws, estimate: None, ..mode.clone() };
    let f = Densities { parameters: vec![mode, sampled], notes: vec![] }.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "prior"), count(&f, "estimate"), count(&f, "posterior")), (2, 1, 1));
    assert_eq!(texts(&f, "panel-title"), ["sigma (K)", "sigma (K)"]);
    assert_eq!(texts(&f, "key-name"), ["prior", "posterior", "estimate (mode)"]);
    let none = Densities { parameters: vec![], notes: vec![] };
    assert!(none.draw(&plain()).unwrap_err().to_string().contains("fixed"));

    let values = (0..50).map(|i| 100.0 / f64::from(i + 1)).collect();
    check(&Loss { name: "loss".into(), values }.draw(&plain()).unwrap());
    let levels = ReturnLevels {
        periods: vec![2.0, 10.0, 100.0],
        level: vec![30.0, 35.0, 40.0],
        intervals: vec![("90 %".into(), vec![29.0, 33.0, 36.0], vec![31.0, 37.0, 46.0])],
        observed: vec![28.0, 31.0, f64::NAN, 36.0],
        quantity: Quantity::new("tmax", Some("degC")),
    };
    let f = levels.draw(&plain()).unwrap();
    check(&f);
    assert_eq!((count(&f, "observation"), count(&f, "band"), count(&f, "line")), (3, 1, 1));
    assert_eq!(texts(&f, "x-label"), ["return period (years)"]);
    assert!(
        texts(&f, "x-tick").contains(&"10".into()) && texts(&f, "x-tick").contains(&"100".into())
    );
    let bad = ReturnLevels { periods: vec![1.0, 2.0, 3.0], ..levels };
    assert!(bad.draw(&plain()).unwrap_err().to_string().contains("above 1 year"));

    let even = Calibration {
        pit: (0..400).map(|i| (f64::from(i) + 0.5) / 400.0).collect(),
        notes: vec![],
    };
    let f = even.histogram(&plain()).unwrap();
    check(&f);
    // 400 values make 12 bars of nearly the same height.
    assert_eq!(count(&f, "bin"), 12);
    let f = even.qq(&plain()).unwrap();
    check(&f);
    assert_eq!(count(&f, "quantile"), 400);
    for pit in [vec![0.0], vec![0.0, 1.0, 1.0]] {
        check(&Calibration { pit: pit.clone(), notes: vec![] }.qq(&plain()).unwrap());
        check(&Calibration { pit, notes: vec![] }.histogram(&plain()).unwrap());
    }
    let none = Calibration { pit: vec![f64::NAN], notes: vec![] };
    assert!(none.qq(&plain()).is_err());
}
