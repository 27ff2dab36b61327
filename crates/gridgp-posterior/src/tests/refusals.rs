//! What cannot be predicted, and what the messages say.

use super::*;

#[test]
fn a_missing_covariate_is_named_where_its_axis_moved() {
    // Uses gmst (along t) and height (along s), not both (along x and s).
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let full = elsewhere();
    let here = conditional.here();
    let (x, t, s) = (0, 1, 2);
    let place = |moved: &[usize], covariates: Vec<Covariate>| {
        let axis =
            |a: usize| if moved.contains(&a) { &full.grid } else { &here.grid }.axes()[a].clone();
        Place { grid: Grid::new(vec![axis(x), axis(t), axis(s)]).unwrap(), covariates }
    };
    let error = |place: &Place| {
        let a = conditional.on_grid(place).unwrap_err().to_string();
        assert_eq!(a, conditional.draws_on_grid(place, 1, 0).unwrap_err().to_string());
        a
    };
    let (gmst, height) = (full.covariates[0].clone(), full.covariates[1].clone());
    let e = error(&place(&[t], vec![]));
    assert!(e.contains("\"gmst\"") && e.contains("\"t\""), "{e}");
    let e = error(&place(&[x, t, s], vec![gmst.clone()]));
    assert!(e.contains("\"height\"") && e.contains("\"s\""), "{e}");
    assert!(conditional.on_grid(&place(&[x], vec![])).is_ok());
    assert!(conditional.on_grid(&place(&[t], vec![gmst.clone()])).is_ok());
    assert!(conditional.on_grid(&place(&[x, t, s], vec![height, gmst])).is_ok());
    // A covariate that is given counts, also where its axis has not moved.
    let zero = vec![along("gmst", vec![t], vec![0.0; 4])];
    let moments = conditional.on_grid(&place(&[], zero)).unwrap();
    assert!(moments.sd.iter().all(|&sd| sd == 0.0));

    let (points, columns) = scattered(&full.grid, &full.covariates);
    let only = |names: &[&str]| -> Vec<_> {
        columns.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect()
    };
    assert!(conditional.at_points(&points, &only(&["gmst", "height"])).is_ok());
    for names in [["gmst", "both"], ["height", "both"]] {
        let missing = if names[0] == "gmst" { "height" } else { "gmst" };
        for e in [
            conditional.at_points(&points, &only(&names)).unwrap_err(),
            conditional.draws_at_points(&points, &only(&names), 1, 0).unwrap_err(),
        ] {
            assert!(e.to_string().contains(&format!("{missing:?}")), "{e}");
        }
    }
}

#[test]
fn a_basis_predicts_inside_of_its_box_alone() {
    let text = format!(
        "{HEAD}[fields.f]\ns = 'matern32(basis = 5, boundary = 1.2)'\nt = 'constant()'\n\
         x = 'constant()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
    );
    let m = model(&text, data(3, 4, 6));
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    // lon from 0 to 3.3, lat from 40 to 43.
    let at = |lon: f64| {
        let grid = grid(vec![0.0], vec![0.0], vec![(1.0, 41.0), (lon, 42.0)]);
        conditional.on_grid(&Place { covariates: covariates(&grid), grid })
    };
    assert!(at(0.1).is_ok());
    let e = at(30.0).unwrap_err().to_string();
    assert!(e.contains("30") && e.contains("box") && e.contains("wider boundary"), "{e}");
}

#[test]
fn wrong_covariates_are_refused() {
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let here = conditional.here();
    let e = |axes: Vec<usize>, values: Vec<f64>| {
        let covariates = vec![along("gmst", axes, values)];
        let e = conditional.on_grid(&Place { covariates, ..here.clone() }).unwrap_err();
        assert!(e.to_string().contains("\"gmst\""), "{e}");
        e.to_string()
    };
    assert!(e(vec![1], vec![0.0; 3]).contains("3 values"));
    assert!(e(vec![0], vec![0.0; 3]).contains("[0]"));
    assert!(e(vec![9], vec![0.0; 4]).contains("[9]"));
    assert!(e(vec![1], vec![0.0, 1.0, f64::NAN, 0.0]).contains("NaN at position 2"));

    let (points, mut columns) = scattered(&here.grid, &m.data.covariates);
    columns[0].1.pop();
    let e = conditional.at_points(&points, &columns).unwrap_err().to_string();
    assert!(e.contains("\"gmst\"") && e.contains("23 values for 24"), "{e}");
    columns[0].1.push(f64::INFINITY);
    let e = conditional.at_points(&points, &columns).unwrap_err().to_string();
    assert!(e.contains("\"gmst\"") && e.contains("inf at position 23"), "{e}");
}

#[test]
fn wrong_axes_and_coordinates_are_refused() {
    let m = small();
    let conditional = Conditional::new(&m, &medians(&m)).unwrap();
    let axes = conditional.here().grid.axes().to_vec();
    let error = |axes: Vec<Axis>| {
        let place = Place { grid: Grid::new(axes).unwrap(), covariates: vec![] };
        conditional.on_grid(&place).unwrap_err().to_string()
    };
    assert!(error(axes[..2].to_vec()).contains("[\"x\", \"t\"]"));
    let swapped = vec![axes[1].clone(), axes[0].clone(), axes[2].clone()];
    assert!(error(swapped).contains("same order"));
    let with = |s: Vec<Coordinate>| {
        error(vec![axes[0].clone(), axes[1].clone(), Axis::new("s", s).unwrap()])
    };
    let [lon, lat] = axes[2].coordinates() else { panic!("s has two coordinates") };
    assert!(with(vec![lon.clone()]).contains("[\"lon\"]"));
    assert!(with(vec![lat.clone(), lon.clone()]).contains("[\"lat\", \"lon\"]"));
    let named = Coordinate::labels("lat", vec!["a".into(), "b".into()]);
    assert!(with(vec![lon.clone(), named]).contains("labels"));

    let (points, columns) = scattered(&conditional.here().grid, &m.data.covariates);
    let error = |points: &[Points]| {
        let a = conditional.at_points(points, &columns).unwrap_err().to_string();
        assert_eq!(a, conditional.draws_at_points(points, &columns, 1, 0).unwrap_err().to_string());
        a
    };
    assert!(error(&points[..2]).contains("along 2 axes"));
    assert!(error(&[points[0].clone(), points[1].clone(), points[0].clone()]).contains("\"s\""));
    let short = points[1].row(0).to_vec();
    assert!(
        error(&[points[0].clone(), Points::line(&short), points[2].clone()]).contains("24, 1, 24")
    );
    let mut bad: Vec<f64> = points[0].column(0).collect();
    bad[5] = f64::NAN;
    let e = error(&[Points::line(&bad), points[1].clone(), points[2].clone()]);
    assert!(e.contains("point 5") && e.contains("\"x\""), "{e}");
}

#[test]
#[should_panic(expected = "one a parameter")]
fn theta_of_another_length_is_a_mistake() {
    let m = small();
    let _ = Conditional::new(&m, &[1.0]);
}
