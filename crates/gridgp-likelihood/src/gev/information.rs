//! Moments and expected information of the GEV with scale 1, as functions of the shape ξ.
//!
//! Their closed forms are divided by powers of ξ; near 0 Taylor series stand for them (coefficients
//! from 60-digit arithmetic).

use std::f64::consts::PI;

use gridgp_dist::special::digamma;

/// Euler's constant.
pub(crate) const EULER: f64 = 0.577_215_664_901_532_9;

/// Σ cₖ ξᵏ.
fn series(c: &[f64], shape: f64) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| sum * shape + c)
}

/// ζ(k)/k for k = 2, 3 …
const ZETA: [f64; 20] = [
    0.822_467_033_424_113_2,
    0.400_685_634_386_531_43,
    0.270_580_808_427_784_55,
    0.207_385_551_028_674,
    0.169_557_176_997_408_2,
    0.144_049_896_768_846_1,
    0.125_509_669_524_743_04,
    0.111_334_265_869_564_69,
    0.100_099_457_512_781_8,
    0.090_954_017_145_829_04,
    0.083_353_840_546_109,
    0.076_932_516_411_352_2,
    0.071_432_946_295_361_34,
    0.066_668_705_882_420_47,
    0.062_500_955_141_213_04,
    0.058_823_978_658_684_58,
    0.055_555_767_627_403_61,
    0.052_631_679_379_616_66,
    0.050_000_047_698_101_69,
    0.047_619_070_330_142_23,
];

/// (Γ(1 − ξ) − 1)/ξ for ξ < 1: the mean at location 0 and scale 1.
pub(crate) fn mean(shape: f64) -> f64 {
    if shape.abs() > 0.1 {
        return (libm::tgamma(1.0 - shape) - 1.0) / shape;
    }
    // log Γ(1 − ξ) = γξ + Σ ζ(k) ξᵏ/k.
    let log = EULER + shape * series(&ZETA, shape);
    log * gridgp_dist::special::expm1_ratio(shape * log)
}

/// (Γ(1 − 2ξ) − Γ(1 − ξ)²)/ξ² for ξ < ½: the variance at scale 1.
pub(crate) fn variance(shape: f64) -> f64 {
    let square = libm::tgamma(1.0 - shape).powi(2);
    if shape.abs() > 0.1 {
        return (libm::tgamma(1.0 - 2.0 * shape) - square) / (shape * shape);
    }
    // (log Γ(1 − 2ξ) − 2 log Γ(1 − ξ))/ξ².
    let log = ZETA
        .iter()
        .enumerate()
        .rev()
        .fold(0.0, |sum, (k, z)| sum * shape + z * (2f64.powi(k as i32 + 2) - 2.0));
    square * log * gridgp_dist::special::expm1_ratio(shape * shape * log)
}

/// The expected information on (location, scale, shape), lower triangle, for ξ > −½.
pub(crate) fn gev(scale: f64, shape: f64) -> [f64; 6] {
    let [mm, ms, ss, mx, sx, xx] =
        if shape.abs() < 0.05 { near_zero(shape) } else { closed(shape) };
    let precision = 1.0 / (scale * scale);
    [mm * precision, ms * precision, ss * precision, mx / scale, sx / scale, xx]
}

fn closed(x: f64) -> [f64; 6] {
    let p = (1.0 + x) * (1.0 + x) * libm::tgamma(1.0 + 2.0 * x);
    let second = libm::tgamma(2.0 + x);
    let q = second * (digamma(1.0 + x) + (1.0 + x) / x);
    let third = 1.0 - EULER + 1.0 / x;
    [
        p,
        (second - p) / x,
        (1.0 - 2.0 * second + p) / (x * x),
        (p / x - q) / x,
        -(1.0 - EULER + (1.0 - second) / x - q + p / x) / (x * x),
        (PI * PI / 6.0 + third * third - 2.0 * q / x + p / (x * x)) / (x * x),
    ]
}

fn near_zero(x: f64) -> [f64; 6] {
    const C: [[f64; 16]; 6] = [
        [
            1.0,
            0.8455686701969343,
            2.647361321705759,
            -0.5018159758263756,
            5.144208153368113,
            -7.268376034846931,
            16.421508315310785,
            -31.78898087000853,
            64.10015027098021,
            -127.95904714211012,
            256.0172153821233,
            -511.9943850830081,
            1024.002407730079,
            -2047.9995270632355,
            4096.000350385293,
            -8192.000032358597,
        ],
        [
            -0.42278433509846713,
            -2.2355209912793192,
            0.5833928950734618,
            -5.069959142614599,
            7.268109052778186,
            -16.410354269592656,
            31.786128224187376,
            -64.09804633763952,
            127.9581275682713,
            -256.0167249936725,
            511.9941441415723,
            -1024.0022860562726,
            2047.999466270344,
            -4096.000319931736,
            8192.00001712366,
            -16384.00007236928,
        ],
        [
            1.8236806608528795,
            -0.6649698143205481,
            4.995710131861085,
            -7.267842070709441,
            16.399200223874523,
            -31.78327557836622,
            64.09594240429881,
            -127.95720799443247,
            256.01623460522165,
            -511.99390320013646,
            1024.0021643824662,
            -2047.999405477453,
            4096.000289478179,
            -8192.000001888726,
            16384.0000647475,
            -32768.00002976333,
        ],
        [
            0.4118403304264397,
            -0.2509079879131878,
            3.7839071042725707,
            -6.3592950663535746,
            15.361701908449469,
            -30.784164634536143,
            63.08806575629266,
            -126.95384964327943,
            255.01371541538114,
            -510.9924685181563,
            1023.0013103145214,
            -2046.9989193652486,
            4095.0000153106225,
            -8190.999849535417,
            16382.99998090304,
            -32766.99998401686,
        ],
        [
            0.33248490716027407,
            -3.7096580935190566,
            6.359028084284829,
            -15.350547862731338,
            30.781311988714986,
            -63.08596182295196,
            126.9529300694406,
            -255.01322502693031,
            510.99222757672044,
            -1023.0011886407149,
            2046.9988585723572,
            -4094.999984857065,
            8190.999834300481,
            -16382.999973281261,
            32766.999980204753,
            -65534.999998705316,
        ],
        [
            2.4236060551770287,
            -5.450214097860218,
            14.301895501588152,
            -29.779348399063753,
            62.0759812416051,
            -125.94865214444874,
            254.01021544863897,
            -509.9905519533044,
            1022.0002128989637,
            -2045.9983116672615,
            4093.9996802359515,
            -8189.999666712236,
            16381.999881815022,
            -32765.999930646176,
            65533.99997201398,
            -131069.99998791929,
        ],
    ];
    C.map(|c| series(&c, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_meet_closed_forms() {
        for x in [-0.0499, 0.0499] {
            for (a, b) in closed(x).iter().zip(near_zero(x)) {
                approx::assert_relative_eq!(*a, b, max_relative = 1e-9);
            }
        }
    }

    /// Gumbel's mean and variance, and both sides of the change of formula.
    #[test]
    fn moments_are_continuous() {
        approx::assert_relative_eq!(mean(0.0), EULER, max_relative = 1e-15);
        approx::assert_relative_eq!(variance(0.0), PI * PI / 6.0, max_relative = 1e-15);
        for x in [-0.1f64, 0.1] {
            let (inside, outside) = (x * (1.0 - 1e-12), x * (1.0 + 1e-12));
            approx::assert_relative_eq!(mean(inside), mean(outside), max_relative = 1e-11);
            approx::assert_relative_eq!(variance(inside), variance(outside), max_relative = 1e-11);
        }
    }
}
