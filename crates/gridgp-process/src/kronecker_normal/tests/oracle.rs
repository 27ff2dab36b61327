//! Numbers that this project did not compute.

use super::*;

#[test]
fn log_densities_equal_the_reference_in_every_form() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/oracles/kronecker_normal/log_prob.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let numbers = |v: &serde_json::Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let rows = |name: &str| -> Mat<f64> {
        let rows: Vec<_> = oracle[name].as_array().unwrap().iter().map(numbers).collect();
        Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
    };
    let (k1, k2, x) = (rows("K1"), rows("K2"), rows("x"));
    for (sigma, expected) in [(0.0, "log_prob_sigma_0"), (0.1, "log_prob_sigma_0_1")] {
        let expected = numbers(&oracle[expected]);
        assert_eq!(expected.len(), 4);
        for (first, second) in forms(k1.as_ref()).into_iter().zip(forms(k2.as_ref())) {
            let normal =
                KroneckerNormal::new(numbers(&oracle["mu"]), vec![first, second], sigma).unwrap();
            for (found, expected) in normal.log_prob(x.transpose()).into_iter().zip(&expected) {
                assert!((found / expected - 1.0).abs() < 1e-12, "{found} instead of {expected}");
            }
        }
    }
}
