//! Values from 50-digit arithmetic (mpmath).

use super::*;

fn close(what: &str, found: f64, expected: f64, relative: f64) {
    let slack = relative * expected.abs();
    assert!((found - expected).abs() <= slack, "{what}: {found:e}, expected {expected:e}");
}

#[test]
fn gamma_tails_meet_reference() {
    for (a, x, lower, upper) in [
        (0.01, 0.001, 0.938570652526129, 0.061429347473871014),
        (0.5, 3.0, 0.9856941215645704, 0.01430587843542964),
        (3.0, 20.0, 0.9999995444850495, 4.555149505589213e-07),
        (250.0, 180.0, 4.718944298054762e-07, 0.9999995281055702),
        (1000.0, 1100.0, 0.99894067674607, 0.0010593232539299773),
        (9999.0, 9800.0, 0.022743752292302088, 0.9772562477076979),
        (10001.0, 9800.0, 0.021682059505203948, 0.978317940494796),
        (100000.0, 101000.0, 0.9991915784870744, 0.0008084215129255907),
        (1000000000.0, 1000100000.0, 0.9992170438380417, 0.0007829561619583269),
        (1000000000.0, 999900000.0, 0.0007824461399627836, 0.9992175538600372),
    ] {
        let found = gamma_tails(a, x);
        close(&format!("P({a}, {x})"), found.0, lower, 1e-13);
        close(&format!("Q({a}, {x})"), found.1, upper, 1e-13);
    }
}

#[test]
fn beta_tails_meet_reference() {
    for (a, b, x, lower, upper) in [
        (0.5, 0.5, 0.01, 0.06376856085851985, 0.9362314391414801),
        (2.0, 3.0, 0.9, 0.9963, 0.0037),
        (300.0, 200.0, 0.55, 0.011853654379737134, 0.9881463456202628),
        (10000.0, 10000.0, 0.51, 0.9976629406698898, 0.0023370593301101678),
        (5.0, 100000000.0, 1e-07, 0.9707473251646831, 0.029252674835316902),
        (1000000.0, 2000000.0, 0.3335, 0.7298824325036607, 0.27011756749633936),
        (0.001, 2.0, 0.5, 0.9998067465369478, 0.00019325346305225182),
    ] {
        let found = beta_tails(a, b, x, 1.0 - x);
        // The kernel changes with x by a + b: its rounding in `1.0 - x` alone is a part in 1e11.
        let slack = if a + b > 1e5 { 3e-12 } else { 1e-13 };
        close(&format!("I({a}, {b}, {x})"), found.0, lower, slack);
        close(&format!("1 - I({a}, {b}, {x})"), found.1, upper, slack);
        if lower.min(upper) > 1e-3 {
            let back = beta_quantile(a, b, lower, upper).0;
            close("beta_quantile", back, x, 1e-10);
        }
    }
}

#[test]
fn derivatives_of_ln_gamma_meet_reference() {
    for (x, first, second, first_excess, second_excess) in [
        (0.001, -1000.5755719318103, 1000001.6425331959, -493.66781665282815, 499001.64253319585),
        (0.7, -1.2200235536979347, 2.8340491566946104, -0.14906289547348794, 0.3850695648578759),
        (
            3.0,
            0.9227843350984671,
            0.39493406684822646,
            -0.009161286902975886,
            0.0060451779593375474,
        ),
        (
            9.99,
            2.250700372831201,
            0.10527695014824179,
            -0.0008341697792110009,
            0.0001668350281166566,
        ),
        (
            10.0,
            2.251752589066721,
            0.10516633568168575,
            -0.0008325039273245763,
            0.0001663356816857461,
        ),
        (1e4, 9.210290371142849, 0.00010000500016666666, -8.333333325e-10, 1.6666666633333333e-13),
        (1e8, 18.420680738952367, 1.000000005e-08, -8.333333333333334e-18, 1.6666666666666665e-25),
    ] {
        close(&format!("psi({x})"), digamma(x), first, 1e-15);
        close(&format!("psi'({x})"), trigamma(x), second, 1e-15);
        let slack = if x < 14.0 { 2e-12 } else { 1e-14 };
        close(&format!("psi excess({x})"), digamma_excess(x), first_excess, slack);
        close(&format!("psi' excess({x})"), trigamma_excess(x), second_excess, slack);
    }
}

#[test]
fn parts_of_loader_meet_reference() {
    for (x, m, error, difference) in [
        (0.5, 0.7, 0.15342640972002736, 0.031763881689393536),
        (14.9, 15.0, 0.005592002512250831, 0.0003340765531305256),
        (15.1, 9.0, 0.00551795800316308, 1.7137995139183548),
        (1e6, 1000100.0, 8.333333333333056e-08, 0.004999666691664667),
        (3.0, 3000.0, 0.02767792568499834, 2976.276734163054),
    ] {
        close(&format!("stirling_error({x})"), stirling_error(x), error, 2e-12);
        close(&format!("deviance({x}, {m})"), deviance(x, m, x - m), difference, 1e-13);
    }
    assert_eq!(deviance(0.0, 3.0, -3.0), 3.0);
    assert_eq!(ln_factorial(5.0), 120f64.ln());
    close("ln 300!", ln_factorial(300.0), libm::lgamma(301.0), 0.0);
}

#[test]
fn bessel_functions_meet_reference() {
    for (k, log, rest, slope) in [
        (1e-6, -9.9999975e-07, 0.9999995, 0.4999999999998125),
        (0.5, -0.4384502808145187, 0.757500387419198, 0.4561947127365571),
        (5.0, -1.6953182241774665, 0.10661686295591478, 0.0231899430364522),
        (29.0, -2.5981989628497697, 0.017395435078794902, 0.0006053529642435445),
        (31.0, -2.6318325376335863, 0.016263527987002126, 0.0005291190503558034),
        (59.0, -2.9555703307956214, 0.008511110836410875, 0.00014488623865056816),
        (61.0, -2.972309193982559, 0.008230879747139177, 0.00013550194478680275),
        (1e4, -5.524096218567699, 5.000125012501954e-05, 5.0002500375078146e-09),
        (1e8, -10.129278903930855, 5.0000000125e-09, 5.0000000250000004e-17),
    ] {
        close(&format!("log I0({k})"), ln_bessel_i0(k), log, 1e-14_f64.max(2e-16 / log.abs()));
        close(&format!("1 - A({k})"), bessel_ratio(k).0, rest, 1e-13);
        close(&format!("A'({k})"), bessel_ratio(k).1, slope, 2e-12);
    }
}

/// The two branches of each function agree on both sides of where they meet; inside, the series is
/// compared with the plain form in the digits that this one keeps.
#[test]
fn ratios_are_continuous_and_right() {
    for w in [-0.5, -0.11, -0.0999, -0.021, -0.0199, -1e-3, 1e-3, 0.0199, 0.021, 0.0999, 0.11, 0.9]
    {
        let l = f64::ln_1p(w) / w;
        let slope = (1.0 / (1.0 + w) - l) / w;
        let bend = -(1.0 / ((1.0 + w) * (1.0 + w)) + 2.0 * slope) / w;
        let lost = 4.0 * f64::EPSILON / w.abs();
        close("L", ln_1p_ratio(w), l, 1e-15);
        close("L'", ln_1p_ratio_slope(w, l), slope, lost);
        let found = ln_1p_ratio_slope(w, l);
        close("L''", ln_1p_ratio_bend(w, found), bend, 10.0 * lost / w.abs());
        close("log(1+w) - w", ln_1p_minus(w), w.ln_1p() - w, lost);
        close("log(1+w) - w/(1+w)", ln_1p_excess(w), w.ln_1p() - w / (1.0 + w), lost);
    }
    assert_eq!((ln_1p_ratio(0.0), ln_1p_ratio_slope(0.0, 1.0)), (1.0, -0.5));
    assert_eq!(ln_1p_ratio_bend(0.0, -0.5), 2.0 / 3.0);
    for x in [-3.0, -0.51, -0.49, -0.1, 0.1, 0.49, 0.51, 3.0] {
        let e = f64::exp_m1(x) / x;
        let slope = (f64::exp(x) - e) / x;
        let bend = (f64::exp(x) - 2.0 * slope) / x;
        let lost = 8.0 * f64::EPSILON / x.abs();
        close("E'", expm1_ratio_slopes(x).0, slope, lost);
        close("E''", expm1_ratio_slopes(x).1, bend, 8.0 * lost / x.abs());
    }
    assert_eq!(expm1_ratio_slopes(0.0), (0.5, 1.0 / 3.0));
}

#[test]
fn half_step_of_ln_gamma_meets_reference() {
    for (x, value) in [
        (0.5, -0.5723649429247001),
        (1.5, 0.12078223763524522),
        (49.75, 1.9509927112810743),
        (50.0, 1.9535115443757411),
        (1000.0, 3.453752639496277),
        (1e9, 10.361632918348205),
    ] {
        approx::assert_relative_eq!(ln_gamma_half_step(x), value, max_relative = 1e-13);
    }
}

#[test]
fn ln_1p_square_does_not_overflow() {
    approx::assert_relative_eq!(ln_1p_square(-1e200), 400.0 * 10f64.ln());
    approx::assert_relative_eq!(ln_1p_square(1e-9), 1e-18);
    approx::assert_relative_eq!(ln_1p_square(0.999e9), ln_1p_square(1.001e9), epsilon = 0.005);
}

#[test]
fn extreme_shapes_neither_fail_nor_stall() {
    // A gamma of large shape is normal with mean a and standard deviation √a; the next term of
    // the expansion at the mean is 1/(3√(2πa)).
    let (lower, upper) = gamma_tails(1e9, 1e9);
    approx::assert_relative_eq!(
        lower,
        0.5 + 1.0 / (18.0 * std::f64::consts::PI * 1e9).sqrt(),
        max_relative = 1e-5
    );
    approx::assert_relative_eq!(lower + upper, 1.0, max_relative = 1e-15);
    approx::assert_relative_eq!(gamma_quantile(1e9, 0.5, 0.5), 1e9, max_relative = 1e-8);
    // This quantile is 1e-600: the nearest positive f64 stands for it.
    assert_eq!(gamma_quantile(0.01, 1e-6, 1.0 - 1e-6), 0f64.next_up());
}
